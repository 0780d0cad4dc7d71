"""Whole files verified: what holds, what was changed, what an unknown or dishonest signer can and cannot do."""

import json as plain_json
import struct
from base64 import b64decode, b64encode
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from PIL import Image
from pypdf import PdfReader

from hauberk.app.following import report_follows
from hauberk.app.logo import logo_of
from hauberk.app.reporting import Prepared, prepare, reports, tape, unsigned_pdf
from hauberk.app.scanning import Scan, assess
from hauberk.app.signing import STATEMENT, Signing
from hauberk.app.verification import Freshness, Verification
from hauberk.app.verifying import Verifier, verify_file
from hauberk.model.assessment import Assessment
from hauberk.report.signature import attachments, code, statement, trust
from hauberk.report.signature.flaw import Flaw
from hauberk.report.signature.key import SigningKey, make
from hauberk.report.signature.statement import ASSESSMENT, EVIDENCE
from hauberk.scoring.rubric import load
from report.samples import observation

NOW = datetime(2026, 11, 22, 8, tzinfo=UTC)
NAME = "ExampleLtd_MailServerIHP_2026-11-21"


@pytest.fixture(scope="module")
def key() -> SigningKey:
    return make("Example Ltd", NOW)


@pytest.fixture(scope="module")
def prepared(key: SigningKey) -> Prepared:
    seen = observation()
    return prepare(Scan(seen, assess(seen, load())), "Example Ltd", Signing(key, lambda: NOW))


@pytest.fixture(scope="module")
def made(prepared: Prepared) -> dict[str, bytes]:
    """The files of a signed report by name."""
    found: dict[str, bytes] = {}
    for written in (*reports(prepared, ("pdf", "png", "jpg"), several=False), tape(prepared)):
        found[written.name] = written.data
        if written.signature:
            found[f"{written.name}.sig"] = written.signature
    return found


@pytest.fixture
def folder(made: dict[str, bytes], tmp_path: Path) -> Path:
    for name, data in made.items():
        (tmp_path / name).write_bytes(data)
    return tmp_path


def verify(path: Path, verifier: Verifier | None = None) -> Verification:
    return (verifier or Verifier(NOW)).file(path)


def trusting(key: SigningKey) -> trust.Trusted:
    return trust.read(key.certificate.public_bytes(Encoding.PEM))


def changed(data: bytes, at: int, flip: int = 1) -> bytes:
    return data[:at] + bytes((data[at] ^ flip,)) + data[at + 1 :]


def of_dishonest(prepared: Prepared, change: Callable[[Assessment], Assessment]) -> Prepared:
    """The signer's own key on an assessment that the evidence does not bear out."""
    return replace(prepared, scan=Scan(prepared.scan.observation, change(prepared.scan.assessment)))


def test_every_file_of_a_signed_report_is_valid(folder: Path, prepared: Prepared, key: SigningKey) -> None:
    for path in sorted(folder.iterdir()):
        found = verify(path)
        assert found.valid, (path.name, found.flaws)
        assert found.notes == ()
        assert found.claims == msgspec.structs.replace(
            prepared.claims, certificate=b64encode(key.certificate.public_bytes(Encoding.DER)).decode()
        )
        assert found.signer and (found.signer.name, found.signer.fingerprint) == ("Example Ltd", key.fingerprint)
        assert found.signer.trusted is None
        assert found.freshness is Freshness.FRESH


def test_the_pdf_is_judged_and_set_again(folder: Path) -> None:
    found = verify(folder / f"{NAME}.pdf")
    assert found.signed_at == NOW
    assert any("judged again" in one for one in found.held)
    assert any("the pages" in one for one in found.held)
    assert any("judged again" in one for one in verify(folder / "example.com_2026-11-21.tape.json.gz").held)


def test_a_report_with_a_logo_is_set_again_with_it(prepared: Prepared, tmp_path: Path) -> None:
    out = BytesIO()
    Image.new("RGBA", (300, 80), "#204080").save(out, "PNG")
    (written,) = reports(replace(prepared, logo=logo_of(out.getvalue())), ("pdf",), several=False)
    (tmp_path / "x.pdf").write_bytes(written.data)
    found = verify(tmp_path / "x.pdf")
    assert found.valid and not found.notes
    assert any("the pages" in one for one in found.held)


def test_a_logo_that_would_unpack_to_gigabytes_is_not_unpacked(prepared: Prepared, made: dict[str, bytes]) -> None:
    pdf = made[f"{NAME}.pdf"]
    attached = attachments.attached(pdf, (EVIDENCE, ASSESSMENT, STATEMENT))
    assert not isinstance(attached, Flaw)
    stated = statement.verify(attached[STATEMENT])
    assert isinstance(stated, statement.Stated)
    bomb = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + struct.pack(">II", 60_000, 60_000)
    found = report_follows(Verification("x.pdf"), pdf, stated, {**attached, "logo.png": bomb}, ())
    assert any("the pages are what" in one for one in found.held)  # as if it were not there


def test_a_file_is_verified_in_a_process_of_its_own(folder: Path, key: SigningKey) -> None:
    pem = key.certificate.public_bytes(Encoding.PEM)
    with ThreadPoolExecutor(1) as pool:
        found = pool.submit(verify_file, folder / f"{NAME}.pdf", NOW, (pem,), (load("internet-nl-like"),)).result()  # as a server does it
    assert found.valid and found.signer and found.signer.trusted, found
    assert not verify_file(folder / "missing.pdf", NOW).valid


def test_signing_again_changes_nothing_but_the_pdf(prepared: Prepared, made: dict[str, bytes]) -> None:
    for written in (*reports(prepared, ("png", "jpg"), several=False), tape(prepared)):
        assert (written.data, written.signature) == (made[written.name], made[f"{written.name}.sig"])


def test_the_key_is_trusted_unknown_or_not_asked_for(folder: Path, key: SigningKey) -> None:
    pdf = folder / f"{NAME}.pdf"
    public = key.certificate.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    for given in (trusting(key), trust.read(public), trusting(make("Other", NOW)) + trusting(key)):
        found = verify(pdf, Verifier(NOW, given))
        assert found.valid and found.signer and found.signer.trusted
    for path in (pdf, folder / f"{NAME}.png"):
        stranger = verify(path, Verifier(NOW, trusting(make("Example Ltd", NOW))))
        assert not stranger.valid
        assert f"signed by an unknown key, fingerprint {key.fingerprint}" in stranger.flaws[0]


def test_freshness_is_counted_from_the_observation(folder: Path, prepared: Prepared) -> None:
    at = prepared.scan.observation.at
    for now, wanted in (
        (at + timedelta(days=89), Freshness.FRESH),
        (at + timedelta(days=90), Freshness.EXPIRED),
        (at - timedelta(days=1), Freshness.AHEAD),
    ):
        for path in (folder / f"{NAME}.pdf", folder / f"{NAME}.png"):
            found = verify(path, Verifier(now))
            assert found.valid and found.freshness is wanted
            assert verify(path, Verifier(now, want_fresh=True)).valid is (wanted is Freshness.FRESH)


@pytest.mark.parametrize("kind", ["pdf", "png", "jpg", "tape.json.gz"])
def test_a_changed_octet_anywhere_is_found(folder: Path, made: dict[str, bytes], kind: str) -> None:
    name = next(name for name in made if name.endswith(kind))
    data = made[name]
    for at in range(7, len(data), len(data) // 25):
        (folder / name).write_bytes(changed(data, at))
        assert not verify(folder / name).valid, at


def test_any_changed_octet_of_a_signature_file_is_found(made: dict[str, bytes]) -> None:
    envelope = made[f"{NAME}.png.sig"]
    assert isinstance(statement.verify(envelope), statement.Stated)
    for at in range(len(envelope)):
        for flip in (0x01, 0x20, 0x80):
            assert not isinstance(statement.verify(changed(envelope, at, flip)), statement.Stated), at
    for other in (envelope + b"\n", b" " + envelope, envelope[:-1], envelope.replace(b'":"', b'": "')):
        assert not isinstance(statement.verify(other), statement.Stated)


def test_what_is_not_signed_says_so(folder: Path, prepared: Prepared) -> None:
    (folder / f"{NAME}.png.sig").unlink()
    assert "not signed" in verify(folder / f"{NAME}.png").flaws[0]
    (folder / "plain.pdf").write_bytes(unsigned_pdf(prepared.content, prepared.evidence, prepared.assessment))
    assert "not signed" in verify(folder / "plain.pdf").flaws[0]


def test_a_signature_of_another_file_does_not_do(folder: Path, made: dict[str, bytes]) -> None:
    (folder / f"{NAME}.png.sig").write_bytes(made[f"{NAME}.jpg.sig"])
    assert "not what was signed" in verify(folder / f"{NAME}.png").flaws[0]


def test_attached_files_are_verified_by_the_attached_statement(folder: Path, made: dict[str, bytes]) -> None:
    attached = attachments.attached(made[f"{NAME}.pdf"], ("evidence.json", "assessment.json", "statement.dsse.json"))
    assert isinstance(attached, dict) and len(attached) == 3
    assert PdfReader(BytesIO(made[f"{NAME}.pdf"])).attachments == {name: [data] for name, data in attached.items()}
    for name, data in attached.items():
        (folder / name).write_bytes(data)
    assert verify(folder / "statement.dsse.json").valid
    (folder / "assessment.json").write_bytes(attached["assessment.json"].replace(b'"fail"', b'"pass"', 1))
    assert not verify(folder / "statement.dsse.json").valid
    for name in attached:
        if name != "statement.dsse.json":
            (folder / name).unlink()
    assert "nothing of what it signs" in verify(folder / "statement.dsse.json").flaws[0]


def with_better_score(made: Assessment) -> Assessment:
    return replace(made, score=replace(made.score, points=99.0, grade="A+"))


def with_a_verdict_less(made: Assessment) -> Assessment:
    return replace(made, verdicts=made.verdicts[1:])


def by_older_checks(made: Assessment) -> Assessment:
    return replace(made, catalogue="1999.1")


def by_a_rubric_of_their_own(made: Assessment) -> Assessment:
    return replace(made, rubric="/etc/passwd.toml")


@pytest.mark.parametrize("change", [with_better_score, with_a_verdict_less])
def test_a_signer_cannot_better_the_verdicts(prepared: Prepared, tmp_path: Path, change: Callable[[Assessment], Assessment]) -> None:
    dishonest = of_dishonest(prepared, change)
    for written in (*reports(dishonest, ("pdf",), several=False), tape(dishonest)):
        (tmp_path / written.name).write_bytes(written.data)
        (tmp_path / f"{written.name}.sig").write_bytes(written.signature)
        found = verify(tmp_path / written.name)
        assert "do not follow from the evidence" in found.flaws[0], found


def test_a_signer_cannot_attach_other_evidence(prepared: Prepared, tmp_path: Path) -> None:
    (written,) = reports(replace(prepared, scan=Scan(observation(3), prepared.scan.assessment)), ("pdf",), several=False)
    (tmp_path / "x.pdf").write_bytes(written.data)
    assert "it is of other evidence" in verify(tmp_path / "x.pdf").flaws[0]


def test_a_statement_that_says_something_else_is_refused(prepared: Prepared, key: SigningKey, tmp_path: Path) -> None:
    signing = Signing(key, lambda: NOW)
    better = msgspec.structs.replace(prepared.claims, points="99", grade="A+")
    stated = signing.stated(better, prepared.evidence, prepared.assessment)
    (tmp_path / "x.pdf").write_bytes(signing.pdf(unsigned_pdf(prepared.content, prepared.evidence, prepared.assessment, stated)))
    assert "something else than the assessment" in verify(tmp_path / "x.pdf").flaws[0]
    theirs = Signing(make("Other", NOW), lambda: NOW).stated(prepared.claims, prepared.evidence, prepared.assessment)
    (tmp_path / "x.pdf").write_bytes(signing.pdf(unsigned_pdf(prepared.content, prepared.evidence, prepared.assessment, theirs)))
    assert "another key" in verify(tmp_path / "x.pdf").flaws[0]


def test_pages_that_say_something_else_are_told(prepared: Prepared, key: SigningKey, tmp_path: Path) -> None:
    signing = Signing(key, lambda: NOW)
    painted = replace(prepared.content, score=replace(prepared.content.score, shown="99", grade="A+"))
    stated = signing.stated(prepared.claims, prepared.evidence, prepared.assessment)
    (tmp_path / "x.pdf").write_bytes(signing.pdf(unsigned_pdf(painted, prepared.evidence, prepared.assessment, stated)))
    found = verify(tmp_path / "x.pdf")
    assert not any("the pages" in one for one in found.held)
    assert any("the pages" in one for one in found.notes)


def test_a_report_by_other_checks_or_an_unknown_rubric_is_not_judged_again(prepared: Prepared, tmp_path: Path) -> None:
    for change, word in ((by_older_checks, "catalogue 1999.1"), (by_a_rubric_of_their_own, "no rubric")):
        (written,) = reports(of_dishonest(prepared, change), ("pdf",), several=False)
        (tmp_path / "x.pdf").write_bytes(written.data)
        found = verify(tmp_path / "x.pdf")
        assert found.valid
        assert word in found.notes[0]


def test_the_code_of_a_picture_is_verified_with_the_key_only(prepared: Prepared, key: SigningKey, tmp_path: Path) -> None:
    text = code.line(prepared.claims, key)
    (tmp_path / "code.txt").write_text(text + "\n")
    assert "not among those that are trusted" in verify(tmp_path / "code.txt").flaws[0]
    found = verify(tmp_path / "code.txt", Verifier(NOW, trusting(key)))
    assert found.valid and found.claims and found.claims.domain == "example.com"
    for at in range(len(text)):
        (tmp_path / "code.txt").write_text(changed(text.encode(), at).decode("latin1"))
        assert not verify(tmp_path / "code.txt", Verifier(NOW, trusting(key))).valid


@pytest.mark.parametrize(("band", "told"), [("amber", "incomplete"), ("red", "red"), ("green", "incomplete")])
def test_the_code_of_an_incomplete_result_tells_the_band_of_its_report(
    prepared: Prepared, key: SigningKey, tmp_path: Path, band: str, told: str
) -> None:
    (tmp_path / "code.txt").write_text(code.line(msgspec.structs.replace(prepared.claims, band=band, incomplete=True), key))
    found = verify(tmp_path / "code.txt", Verifier(NOW, trusting(key)))
    assert found.valid and found.claims and found.claims.standing == told


@pytest.mark.parametrize("company", ["", "  ", "名" * 30_000, "\ud800\x00\x1b[31m", "上海龘科技有限公司", "/ByteRange [0 1 2 3]"])
def test_any_company_can_sign(prepared: Prepared, key: SigningKey, tmp_path: Path, company: str) -> None:
    for written in reports(prepare(prepared.scan, company, Signing(key, lambda: NOW)), ("pdf",), several=False):
        (tmp_path / "x.pdf").write_bytes(written.data)
        found = verify(tmp_path / "x.pdf")
        assert found.valid, found.flaws


def test_clocks_that_cannot_be_right_are_told(prepared: Prepared, key: SigningKey, tmp_path: Path) -> None:
    before = replace(prepared, signing=Signing(key, lambda: NOW - timedelta(days=1)))
    (written,) = reports(before, ("pdf",), several=False)
    (tmp_path / "x.pdf").write_bytes(written.data)
    found = verify(tmp_path / "x.pdf")
    assert any("before the observation" in one for one in found.notes)


def test_an_envelope_of_another_type_is_refused(made: dict[str, bytes], key: SigningKey) -> None:
    outer = plain_json.loads(made[f"{NAME}.png.sig"])
    payload = b64decode(outer["payload"])
    for kind, body in (
        ("text/plain", payload),
        (statement.PAYLOAD_TYPE, payload.replace(b"urn:hauberk:mail-server-report:1", b"https://slsa.dev/provenance/v1")),
        (statement.PAYLOAD_TYPE, payload.replace(b"in-toto.io/Statement/v1", b"in-toto.io/Statement/v0")),
        (statement.PAYLOAD_TYPE, b"[" * 5000),
        (statement.PAYLOAD_TYPE, b"{}"),
    ):
        signature = b64encode(key.sign(statement.authenticated(kind, body))).decode()
        envelope = {"payload": b64encode(body).decode(), "payloadType": kind, "signatures": [{"keyid": key.fingerprint, "sig": signature}]}
        assert not isinstance(statement.verify(plain_json.dumps(envelope, separators=(",", ":")).encode()), statement.Stated)
