"""Keys: made, written, read back, refused; and whom a verifier trusts."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, NoEncryption, PrivateFormat, pkcs12
from cryptography.x509.oid import NameOID
from hypothesis import given, settings
from hypothesis import strategies as st

from hauberk.report.pdf import build_pdf
from hauberk.report.signature import keyfile, pades, trust
from hauberk.report.signature.key import KeyUnusableError, SigningKey, fingerprint, grouped, make, owner, read, signature_holds
from hauberk.report.signature.pades import PdfSignature
from report.samples import report

NOW = datetime(2026, 11, 22, 8, tzinfo=UTC)


def issue(name: str, issuer: SigningKey | None, ca: bool) -> SigningKey:
    private = ec.generate_private_key(ec.SECP384R1())
    subject = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, name)])
    above = issuer.certificate.subject if issuer else subject
    builder = x509.CertificateBuilder(above, subject, private.public_key(), x509.random_serial_number(), NOW, NOW + timedelta(days=900))
    builder = builder.add_extension(x509.BasicConstraints(ca, None), critical=True)
    certificate = builder.sign(issuer.private if issuer else private, hashes.SHA256())
    return SigningKey(private, certificate, (issuer.certificate, *issuer.chain) if issuer else ())


def pem_of(key: SigningKey) -> bytes:
    return key.certificate.public_bytes(Encoding.PEM)


@settings(deadline=None)
@given(st.text(st.characters(codec=None), max_size=100))
def test_a_key_in_any_name_is_read_back(name: str) -> None:
    key = make(name, NOW)
    again = read(key.pem())
    assert (again.certificate, again.fingerprint, again.name) == (key.certificate, key.fingerprint, key.name)
    assert grouped(key.fingerprint).replace(" ", "") == key.fingerprint


def test_signing_is_deterministic_and_holds() -> None:
    key = make("Example Ltd", NOW)
    signature = key.sign(b"text")
    assert key.sign(b"text") == signature
    public = key.certificate.public_key()
    assert signature_holds(public, signature, b"text")
    assert not signature_holds(public, signature, b"test")
    assert not signature_holds(public, signature[:-1], b"text")
    assert not signature_holds(ed25519.Ed25519PrivateKey.generate().public_key(), signature, b"text")


def test_pkcs12_brings_its_chain_and_a_broken_chain_is_left_out() -> None:
    root = issue("Root", None, True)
    leaf = issue("Example Ltd", issue("Intermediate", root, True), False)
    packed = pkcs12.serialize_key_and_certificates(b"x", leaf.private, leaf.certificate, leaf.chain, BestAvailableEncryption(b"secret"))
    assert read(packed, b"secret").chain == leaf.chain
    part = pkcs12.serialize_key_and_certificates(b"x", leaf.private, leaf.certificate, leaf.chain[:1], NoEncryption())
    assert read(part).chain == ()


def test_a_chain_is_signed_along_and_trusted_through_its_authority() -> None:
    root = issue("Root", None, True)
    leaf = issue("Example Ltd", issue("Intermediate", root, True), False)
    found = pades.verify(pades.sign(build_pdf(report()), leaf, NOW))
    assert isinstance(found, PdfSignature)
    assert set(found.others) == set(leaf.chain)
    assert owner(found.certificate) == "Example Ltd"
    for trusted in (trust.read(pem_of(root)), trust.read(pem_of(leaf)), trust.read(pem_of(issue("Other", None, True)) + pem_of(root))):
        assert trusted.knows(found.certificate, found.others)
    assert not trust.read(pem_of(issue("Root", None, True))).knows(found.certificate, found.others)


def test_who_is_no_authority_vouches_for_nobody() -> None:
    impostor = issue("Example Ltd", None, False)
    stolen = issue("Victim", impostor, False)
    assert not trust.read(pem_of(impostor)).knows(stolen.certificate, (impostor.certificate,))
    assert not trust.read(pem_of(issue("Root", None, True))).knows(stolen.certificate, (impostor.certificate,))


@pytest.mark.parametrize(
    "data", [b"", b"x", b"-----BEGIN", b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", b"\x30\x80" * 100]
)
def test_what_is_no_key_is_refused(data: bytes) -> None:
    with pytest.raises(KeyUnusableError):
        read(data)
    with pytest.raises(KeyUnusableError):
        trust.read(data)


def test_weak_and_unusual_keys_are_refused() -> None:
    for private, word in (
        (rsa.generate_private_key(65537, 1024), "1024 bits"),
        (ec.generate_private_key(ec.SECP521R1()), "P-256 or P-384"),
        (ed25519.Ed25519PrivateKey.generate(), "P-256 or P-384"),
    ):
        pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        with pytest.raises(KeyUnusableError, match=word):
            read(pem + pem_of(make("x", NOW)))
    own = ec.generate_private_key(ec.SECP256R1()).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    with pytest.raises(KeyUnusableError, match="no certificate that belongs"):
        read(own + pem_of(make("x", NOW)))


@given(st.binary(max_size=200))
def test_reading_raises_nothing_else(data: bytes) -> None:
    for reader in (read, trust.read):
        with pytest.raises(KeyUnusableError):
            reader(b"-----BEGIN CERTIFICATE-----\n" + data)
        with pytest.raises(KeyUnusableError):
            reader(data)


def test_of_many_that_come_at_once_one_makes_the_key(tmp_path: Path) -> None:
    path = tmp_path / "new" / "signing-key.pem"
    with ThreadPoolExecutor(8) as pool:
        waiting = [pool.submit(keyfile.load_or_create, path, "Example Ltd", NOW) for _ in range(16)]
        found = [one.result() for one in waiting]
    assert len({key.fingerprint for key, _ in found}) == 1
    assert sum(made for _, made in found) == 1
    assert [one.name for one in path.parent.iterdir()] == [path.name]
    assert not keyfile.readable_by_others(path)
    assert fingerprint(keyfile.load(path).certificate) == found[0][0].fingerprint
