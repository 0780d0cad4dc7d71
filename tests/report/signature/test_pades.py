"""The signature in the PDF: that it holds, that others agree, and that no octet of the file can be changed."""

import random
import re
import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import given
from hypothesis import strategies as st
from pypdf import PdfReader
from pypdf.generic import StreamObject

from hauberk.report.pdf import Attachment, build_pdf
from hauberk.report.signature import cms, pades, timestamp
from hauberk.report.signature.flaw import Flaw
from hauberk.report.signature.key import SigningKey, make
from hauberk.report.signature.pades import PdfSignature
from report.samples import report
from report.signature.authority import Authority

NOW = datetime(2026, 11, 22, 8, tzinfo=UTC)


@pytest.fixture(scope="module")
def key() -> SigningKey:
    return make("Exämple Ltd", NOW)


@pytest.fixture(scope="module")
def unsigned() -> bytes:
    return build_pdf(report(), (Attachment("evidence.json", "The tape", b'{"x":1}'),))


@pytest.fixture(scope="module")
def signed(unsigned: bytes, key: SigningKey) -> bytes:
    return pades.sign(unsigned, key, NOW)


@pytest.fixture(scope="module")
def authority() -> Authority:
    if not shutil.which("openssl"):
        pytest.skip("openssl is not installed")
    return Authority()


@pytest.fixture(scope="module")
def stamped(unsigned: bytes, key: SigningKey, authority: Authority) -> bytes:
    return pades.sign(unsigned, key, NOW, lambda digest: token(authority, digest))


def token(authority: Authority, digest: bytes) -> bytes:
    found = timestamp.token_of(authority.answer(timestamp.request(digest)), digest)
    assert isinstance(found, bytes), found
    return found


def contents(pdf: bytes) -> re.Match[bytes]:
    found = re.search(rb"/Contents <([0-9A-F]{1000,})>", pdf)
    assert found
    return found


def verified(pdf: bytes) -> PdfSignature:
    found = pades.verify(pdf)
    assert isinstance(found, PdfSignature), found
    return found


def test_a_signed_pdf_verifies_and_names_signer_and_time(signed: bytes, key: SigningKey) -> None:
    found = verified(signed)
    assert found.certificate == key.certificate
    assert found.at == NOW
    assert found.time_stamp is None


def test_the_pages_and_the_metadata_stay_octet_for_octet(unsigned: bytes, signed: bytes) -> None:
    assert signed.startswith(unsigned + b"\n")
    before, after = PdfReader(BytesIO(unsigned)), PdfReader(BytesIO(signed))
    for reader in (before, after):
        xmp = reader.root_object["/Metadata"].get_object()
        assert isinstance(xmp, StreamObject)
        declared = xmp.get_data().decode()
        assert "<pdfaid:part>3</pdfaid:part>" in declared and "<pdfaid:conformance>A</pdfaid:conformance>" in declared
        assert "<pdfuaid:part>1</pdfuaid:part>" in declared
    assert before.metadata == after.metadata
    assert after.attachments == {"evidence.json": [b'{"x":1}']}
    assert [page.extract_text() for page in after.pages] == [page.extract_text() for page in before.pages]


def test_the_signature_field_is_invisible(signed: bytes) -> None:
    assert b"/Subtype /Widget\n/F 132\n/Rect [ 0 0 0 0 ]" in signed
    assert list(PdfReader(BytesIO(signed)).get_fields() or {}) == ["Signature"]


@pytest.mark.skipif(not shutil.which("pdfsig"), reason="pdfsig (poppler-utils) is not installed")
def test_pdfsig_agrees(signed: bytes, stamped: bytes, tmp_path: Path) -> None:
    for pdf in (signed, stamped):
        (tmp_path / "report.pdf").write_bytes(pdf)
        said = subprocess.run(["pdfsig", "-nocert", tmp_path / "report.pdf"], capture_output=True, text=True).stdout
        assert "Signature is Valid." in said
        assert "Total document signed" in said
        assert "Exämple Ltd" in said
    at = contents(signed).start() - 40_000
    (tmp_path / "report.pdf").write_bytes(signed[:at] + bytes((signed[at] ^ 1,)) + signed[at + 1 :])
    said = subprocess.run(["pdfsig", "-nocert", tmp_path / "report.pdf"], capture_output=True, text=True).stdout
    assert "Digest Mismatch" in said


@pytest.mark.skipif(not shutil.which("openssl"), reason="openssl is not installed")
def test_openssl_agrees(signed: bytes, key: SigningKey, tmp_path: Path) -> None:
    place = contents(signed)
    (tmp_path / "content").write_bytes(signed[: place.start(1) - 1] + signed[place.end(1) + 1 :])
    der = bytes.fromhex(place[1].decode())
    (tmp_path / "signature").write_bytes(der)
    (tmp_path / "key.pem").write_bytes(key.pem())
    command = ["openssl", "cms", "-verify", "-binary", "-inform", "DER", "-in", "signature", "-content", "content", "-CAfile", "key.pem"]
    done = subprocess.run([*command, "-purpose", "any", "-cades", "-out", "/dev/null"], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_any_changed_octet_is_found(stamped: bytes) -> None:
    """All of the signature and of what was added with it, and a sample of the rest."""
    place = contents(stamped)
    zeros = len(place[1].rstrip(b"0")) + place.start(1) + 2
    added = [at for at in range(place.start() - 2500, len(stamped)) if not zeros < at < place.end(1) - 2]
    sample = random.Random(1).sample(range(len(stamped)), 200)
    for at in (*added, *sample):
        flip = (0x01, 0x20, 0x80)[at % 3]
        changed = stamped[:at] + bytes((stamped[at] ^ flip,)) + stamped[at + 1 :]
        assert isinstance(pades.verify(changed), Flaw), at


def test_additions_and_omissions_are_found(signed: bytes, unsigned: bytes) -> None:
    added = pades.verify(signed + b"\n1 0 obj\n<<>>\nendobj\n%%EOF")
    assert isinstance(added, Flaw) and "added" in added.reason
    for pdf in (signed[:-1], signed + b"\n", b"\n" + signed, signed[:5000], signed[100:]):
        assert isinstance(pades.verify(pdf), Flaw)
    missing = pades.verify(unsigned)
    assert isinstance(missing, Flaw) and "not signed" in missing.reason


def test_a_second_signature_is_refused(signed: bytes) -> None:
    twice = pades.verify(pades_again(signed))
    assert isinstance(twice, Flaw) and "2 signatures" in twice.reason


def pades_again(pdf: bytes) -> bytes:
    from hauberk.report.signature.pyhanko_signing import embed

    return embed(pdf, "Other", NOW, 32768, lambda _digest: b"\x30\x03\x02\x01\x00")


def test_a_signature_cannot_be_moved_to_another_file(signed: bytes, key: SigningKey) -> None:
    other = pades.sign(build_pdf(report("Another Ltd"), (Attachment("evidence.json", "The tape", b'{"x":1}'),)), key, NOW)
    place, theirs = contents(other), contents(signed)
    moved = pades.verify(other[: place.start(1)] + theirs[1] + other[place.end(1) :])
    assert isinstance(moved, Flaw) and "not what was signed" in moved.reason


@pytest.mark.parametrize("covers", [b"[0 10 20 30]", b"[5 10 20 30]", b"[0 0 0 0]", b"[]", b"[0 99999999999999999999 1 1]", b"[-1 2 3 4]"])
def test_a_range_that_leaves_something_out_is_refused(signed: bytes, covers: bytes) -> None:
    assert isinstance(pades.verify(re.sub(rb"/ByteRange \[[^]]*\]", b"/ByteRange " + covers, signed)), Flaw)


def test_a_time_stamp_is_verified_with_its_own_key(stamped: bytes, authority: Authority) -> None:
    found = verified(stamped).time_stamp
    assert found and abs(datetime.now(UTC) - found.at) < timedelta(minutes=15) and found.certificate == authority.certificate


def test_a_time_stamp_of_another_signature_is_refused(unsigned: bytes, key: SigningKey, authority: Authority) -> None:
    found = pades.verify(pades.sign(unsigned, key, NOW, lambda _digest: token(authority, bytes(32))))
    assert isinstance(found, Flaw) and "something else" in found.reason


def test_rsa_keys_sign_too(unsigned: bytes) -> None:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.x509.oid import NameOID

    private = rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Example Ltd")])
    builder = x509.CertificateBuilder(name, name, private.public_key(), 1 << 158, NOW, datetime(2030, 1, 1, tzinfo=UTC))
    certificate = builder.sign(private, hashes.SHA256())
    assert verified(pades.sign(unsigned, SigningKey(private, certificate), NOW)).certificate == certificate


def test_a_signature_from_outside_the_certificates_time_is_refused(unsigned: bytes, key: SigningKey) -> None:
    found = pades.verify(pades.sign(unsigned, key, datetime(2040, 1, 1, tzinfo=UTC)))
    assert isinstance(found, Flaw) and "was not valid at" in found.reason


@given(st.binary(max_size=300))
def test_reading_never_raises(data: bytes) -> None:
    assert isinstance(cms.verify(data, cms.DATA, (b"",)), Flaw)
    assert isinstance(pades.verify(b"%PDF-1.7\n/ByteRange [0 9 11 0]" + data), Flaw)
    assert isinstance(timestamp.token_of(data, bytes(32)), Flaw)


@given(st.data())
def test_a_broken_signature_never_raises(stamped: bytes, data: st.DataObject) -> None:
    der = bytearray(bytes.fromhex(contents(stamped)[1].decode()).rstrip(b"\0"))
    for _ in range(data.draw(st.integers(1, 4))):
        der[data.draw(st.integers(0, len(der) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(1, len(der)))
    assert isinstance(cms.verify(bytes(der[:cut]), cms.DATA, (b"other",)), Flaw)
