"""Signed evidence packs verified."""

import hashlib
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

import pytest

from hauberk.app.reporting import Prepared, prepare, reports
from hauberk.app.scanning import Scan, assess
from hauberk.app.signing import Signing
from hauberk.app.verification import Freshness, Verification
from hauberk.app.verifying import Verifier
from hauberk.report.exports.pack import PackFile, evidence_pack
from hauberk.report.signature.key import SigningKey, make
from hauberk.scoring.rubric import load
from report.samples import observation

NOW = datetime(2026, 11, 22, 8, tzinfo=UTC)


def signed_by(key: SigningKey | None, hosts: int = 2) -> Prepared:
    seen = observation(hosts)
    return prepare(Scan(seen, assess(seen, load())), "Example Ltd", Signing(key, lambda: NOW) if key else None)


def files_of(prepared: Prepared) -> tuple[bytes, dict[str, bytes]]:
    (pack,) = reports(prepared, ("zip",), several=False)
    with ZipFile(BytesIO(pack.data)) as archive:
        return pack.data, {name: archive.read(name) for name in archive.namelist()}


@pytest.fixture(scope="module")
def key() -> SigningKey:
    return make("Example Ltd", NOW)


@pytest.fixture(scope="module")
def signed(key: SigningKey) -> Prepared:
    return signed_by(key)


def verified(folder: Path, pack: bytes, verifier: Verifier | None = None) -> Verification:
    path = folder / "ExampleLtd_MailServerIHP_2026-11-21.zip"
    path.write_bytes(pack)
    return (verifier or Verifier(NOW)).file(path)


def repacked(prepared: Prepared, files: dict[str, bytes]) -> bytes:
    """An honest manifest over files that are not what they were."""
    own = ("assessment.json", "evidence.json", "MANIFEST.sha256", "VERIFY.txt")
    others = [PackFile(name, data) for name, data in files.items() if name not in own]
    return evidence_pack(prepared.scan.assessment, files["evidence.json"], tuple(others))


def test_a_signed_pack_is_valid_and_says_who_when_and_what(signed: Prepared, key: SigningKey, tmp_path: Path) -> None:
    pack, _ = files_of(signed)
    found = verified(tmp_path, pack)
    assert found.valid, found.flaws
    assert found.claims and found.claims.company == "Example Ltd" and found.signer and found.signer.fingerprint == key.fingerprint
    assert found.signed_at == NOW and found.freshness is Freshness.FRESH and found.notes == ()
    assert any("judged again" in one for one in found.held) and any("pages follow" in one for one in found.held)
    late = verified(tmp_path, pack, Verifier(NOW + timedelta(days=91), want_fresh=True))
    assert not late.valid


def test_a_pack_that_nobody_signed_says_so(tmp_path: Path) -> None:
    pack, files = files_of(signed_by(None))
    assert "statement.dsse.json" not in files
    found = verified(tmp_path, pack)
    assert found.flaws == ("the pack: it is not signed",)


def test_what_is_put_into_a_signed_pack_is_found_though_the_manifest_names_it(signed: Prepared, tmp_path: Path) -> None:
    _, files = files_of(signed)
    found = verified(tmp_path, repacked(signed, {**files, "invoice.exe": b"MZ"}))
    assert any("invoice.exe: nobody signed it" in flaw for flaw in found.flaws)


def test_the_report_of_another_scan_or_of_another_key_is_found(signed: Prepared, key: SigningKey, tmp_path: Path) -> None:
    _, files = files_of(signed)
    (name,) = (name for name in files if name.endswith(".pdf"))
    for other in (signed_by(key, hosts=1), signed_by(make("Example Ltd", NOW))):
        found = verified(tmp_path, repacked(signed, {**files, name: other.pdf}))
        assert any("another report" in flaw for flaw in found.flaws), found.flaws
    unsigned = verified(tmp_path, repacked(signed, {**files, name: signed_by(None).pdf}))
    assert any(flaw.startswith(name) for flaw in unsigned.flaws)


def test_a_statement_on_another_scan_is_found(signed: Prepared, key: SigningKey, tmp_path: Path) -> None:
    _, files = files_of(signed)
    _, others = files_of(signed_by(key, hosts=1))
    found = verified(tmp_path, repacked(signed, {**files, "statement.dsse.json": others["statement.dsse.json"]}))
    assert "evidence.json: it is not what was signed: something was changed" in found.flaws


def test_other_words_in_the_instructions_are_noted(signed: Prepared, tmp_path: Path) -> None:
    pack, _ = files_of(signed)
    with ZipFile(BytesIO(pack)) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    files["VERIFY.txt"] = b"Trust me.\n"
    files["MANIFEST.sha256"] = "".join(
        f"{hashlib.sha256(data).hexdigest()}  {name}\n" for name, data in files.items() if name != "MANIFEST.sha256"
    ).encode()
    out = BytesIO()
    with ZipFile(out, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    found = verified(tmp_path, out.getvalue())
    assert found.valid and any("VERIFY.txt is not signed" in note for note in found.notes)


def test_the_signature_file_beside_a_pack_has_to_hold_too(signed: Prepared, tmp_path: Path) -> None:
    (pack,) = reports(signed, ("zip",), several=False)
    (other,) = reports(signed_by(make("Example Ltd", NOW)), ("zip",), several=False)
    beside = tmp_path / "ExampleLtd_MailServerIHP_2026-11-21.zip.sig"
    beside.write_bytes(pack.signature)
    found = verified(tmp_path, pack.data)
    assert found.valid and any("octet for octet, what ExampleLtd_MailServerIHP_2026-11-21.zip.sig signs" in one for one in found.held)
    resigned = signed_by(make("Example Ltd", NOW)).signing
    assert resigned is not None
    stranger = resigned.stated(signed.claims, signed.evidence, signed.assessment, (pack.name, pack.data))
    for signature, words in (
        (pack.signature[:-9], "cannot be read"),
        (pack.signature.replace(b'"sig":"', b'"sig":"A', 1), "sig: "),
        (other.signature, "of another file, or the pack was changed"),
        (stranger, "signed with another key than the pack"),
    ):
        beside.write_bytes(signature)
        (flaw,) = verified(tmp_path, pack.data).flaws
        assert flaw.startswith(beside.name) and words in flaw, flaw
