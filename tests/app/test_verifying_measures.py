"""The report of measures, written, signed and verified."""

from dataclasses import replace
from datetime import datetime, timedelta
from io import BytesIO
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from PIL import Image
from pypdf import PdfReader

from app.proved import NOW, PROOF
from hauberk.app.logo import logo_of
from hauberk.app.proving import measures_pdf, unsigned_measures_pdf, write_measures
from hauberk.app.signing import STATEMENT, Signing
from hauberk.app.verification import Freshness, Verification
from hauberk.app.verifying import Verifier
from hauberk.report.pdf import Attachment, build_pdf
from hauberk.report.signature import code, trust
from hauberk.report.signature.key import make
from hauberk.report.signature.statement import MEASURES
from hauberk.report.signature.statement import claims as report_claims
from hauberk.system.prove.composing import claims, compose
from hauberk.system.prove.evidence import encode
from report.samples import assessment, observation

SIGNING = Signing(make("Corp Ltd", NOW), lambda: NOW)


def verified(folder: Path, pdf: bytes, at: datetime = NOW, *, want_fresh: bool = False) -> Verification:
    path = folder / "measures.pdf"
    path.write_bytes(pdf)
    return Verifier(at, want_fresh=want_fresh).file(path)


def test_a_signed_report_of_measures_is_valid_and_its_pages_are_those_of_its_evidence(tmp_path: Path) -> None:
    found = verified(tmp_path, measures_pdf(PROOF, SIGNING))
    assert found.valid, found.flaws
    assert any("octet for octet, as it was signed" in one for one in found.held)
    assert any("pages are what this program writes" in one for one in found.held)
    assert any("proved for corp.test" in one and one.endswith(": M4") for one in found.held)
    assert found.measures and (found.measures.proved, found.measures.failed, found.measures.company) == (("M4",), (), "Corp Ltd")
    assert found.claims is None
    assert found.freshness is Freshness.FRESH and found.fresh_until == NOW + timedelta(days=90)


def test_a_report_with_a_logo_is_set_again_with_it(tmp_path: Path) -> None:
    out = BytesIO()
    Image.new("RGB", (500, 200), "#204080").save(out, "PNG")
    logo = logo_of(out.getvalue())
    pdf = measures_pdf(PROOF, SIGNING, logo)
    reader = PdfReader(BytesIO(pdf))
    assert reader.attachments["logo.png"] == [logo] and len(reader.pages[0].images) == 1
    found = verified(tmp_path, pdf)
    assert found.valid and any("pages are what this program writes" in one for one in found.held)


@pytest.mark.parametrize("want", [False, True])
def test_it_is_fresh_for_ninety_days(tmp_path: Path, want: bool) -> None:
    found = verified(tmp_path, measures_pdf(PROOF, SIGNING), NOW + timedelta(days=91), want_fresh=want)
    assert found.freshness is Freshness.EXPIRED and found.valid is not want


def test_a_changed_octet_is_noticed(tmp_path: Path) -> None:
    pdf = bytearray(measures_pdf(PROOF, SIGNING))
    pdf[len(pdf) // 3] ^= 1
    assert not verified(tmp_path, bytes(pdf)).valid


def test_pages_that_say_other_than_the_evidence_are_noticed(tmp_path: Path) -> None:
    stated = SIGNING.stated_measures(claims(PROOF), encode(PROOF))
    attached = (Attachment(MEASURES, "Outcomes", encode(PROOF)), Attachment(STATEMENT, "Signature", stated))
    pages = build_pdf(compose(replace(PROOF, organisation="Other Ltd"), key=SIGNING.shown_key), attached)
    found = verified(tmp_path, SIGNING.pdf(pages))
    assert found.valid and any("not, octet for octet, what this program writes" in one for one in found.notes)


def test_a_signed_report_whose_evidence_lost_a_transcript_is_refused(tmp_path: Path) -> None:
    found = verified(tmp_path, measures_pdf(replace(PROOF, transcripts=()), SIGNING))
    assert not found.valid and any("transcript of m4.relay.plain" in one for one in found.flaws)


def test_writing_twice_keeps_both_and_the_same_once(tmp_path: Path) -> None:
    first = write_measures(PROOF, tmp_path)
    assert [path.name for path in first] == ["corp.test_2026-11-22.measures.json", "CorpLtd_SecurityMeasures_2026-11-22.pdf"]
    assert write_measures(PROOF, tmp_path) == first
    assert {path.name for path in write_measures(replace(PROOF, declaration="1" * 64), tmp_path)}.isdisjoint(path.name for path in first)


OTHER = replace(PROOF, organisation="Other Ltd")
THEIRS = Signing(make("Other Ltd", NOW), lambda: NOW)


@pytest.mark.parametrize(
    ("stated", "why"),
    [
        (b"", "statement.dsse.json is not in it"),
        (SIGNING.stated_measures(claims(PROOF), encode(OTHER)), "not what was signed"),
        (SIGNING.stated_measures(claims(OTHER), encode(PROOF)), "other than the evidence shows"),
        (THEIRS.stated_measures(claims(PROOF), encode(PROOF)), "another key"),
        (SIGNING.stated(report_claims(assessment(observation()), "Corp Ltd"), b"{}", b"{}"), "another kind of report"),
    ],
)
def test_a_statement_that_does_not_fit_is_refused(tmp_path: Path, stated: bytes, why: str) -> None:
    found = verified(tmp_path, SIGNING.pdf(unsigned_measures_pdf(PROOF, SIGNING.shown_key, stated)))
    assert not found.valid and any(why in one for one in found.flaws), found.flaws


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Everything that a signed proof leaves, by the end of its name."""
    paths = write_measures(PROOF, tmp_path_factory.mktemp("written"), SIGNING, ("png", "jpg"))
    return {path.name.partition("2026-11-22.")[2]: path for path in paths}


def test_evidence_and_pictures_have_their_signatures_beside_them(written: dict[str, Path]) -> None:
    assert set(written) == {"measures.json", "measures.json.sig", "pdf", "png", "png.sig", "jpg", "jpg.sig"}
    for path in written.values():
        found = Verifier(NOW).file(path)
        assert found.valid and found.measures and found.measures.proved == ("M4",), (path, found.flaws)
        assert found.freshness is Freshness.FRESH


@pytest.mark.parametrize("name", ["measures.json", "png", "jpg"])
def test_a_changed_file_beside_its_signature_is_noticed(written: dict[str, Path], tmp_path: Path, name: str) -> None:
    octets = bytearray(written[name].read_bytes())
    octets[len(octets) // 2] ^= 1
    (tmp_path / "changed").write_bytes(octets)
    (tmp_path / "changed.sig").write_bytes(written[f"{name}.sig"].read_bytes())
    assert not Verifier(NOW).file(tmp_path / "changed").valid


def test_the_code_on_a_picture_says_which_measures_are_proved() -> None:
    text = code.line(claims(PROOF), SIGNING.key)
    verifier = Verifier(NOW, trust.read(SIGNING.key.certificate.public_bytes(Encoding.PEM)))
    found = verifier.text("the code", text)
    assert found.valid and found.measures and (found.measures.domain, found.measures.proved) == ("corp.test", ("M4",)), found.flaws
    for before, after in ((" M4 ", " M4,M5 "), ("corp.test", "evil.test"), ("-MEASURES", "")):
        assert not verifier.text("the code", text.replace(before, after)).valid
