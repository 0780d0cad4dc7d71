"""The report of measures, written, signed and verified."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from hauberk.app.proving import measures_pdf, write_measures
from hauberk.app.signing import Signing
from hauberk.app.verification import Freshness, Verification
from hauberk.app.verifying import Verifier
from hauberk.report.pdf import Attachment, build_pdf
from hauberk.report.signature.key import make
from hauberk.system.prove.composing import compose
from hauberk.system.prove.evidence import MEASURES, Proof, encode
from hauberk.system.prove.probe import Line, Measure, Outcome, Probe, Speaker, State, Transcript, Vantage, transcript_id

NOW = datetime(2026, 11, 22, 8, tzinfo=UTC)
TRANSCRIPT = Transcript("m4.relay.plain", NOW, (Line(0, Speaker.CLIENT, "RCPT TO:<x>"), Line(4, Speaker.SERVER, "554 no")))
PROBE = Probe("m4.relay.plain", Measure.M4, Vantage.INTERNET, "refused", "RFC 5321")
PROOF = Proof(
    *("Corp Ltd", "corp.test", NOW, "Hauberk 0", "0" * 64),
    (Outcome(PROBE, State.PASS, "554 no", NOW, transcript_id(TRANSCRIPT)),),
    (TRANSCRIPT,),
)
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
    assert found.freshness is Freshness.FRESH and found.fresh_until == NOW + timedelta(days=90)


@pytest.mark.parametrize("want", [False, True])
def test_it_is_fresh_for_ninety_days(tmp_path: Path, want: bool) -> None:
    found = verified(tmp_path, measures_pdf(PROOF, SIGNING), NOW + timedelta(days=91), want_fresh=want)
    assert found.freshness is Freshness.EXPIRED and found.valid is not want


def test_a_changed_octet_is_noticed(tmp_path: Path) -> None:
    pdf = bytearray(measures_pdf(PROOF, SIGNING))
    pdf[len(pdf) // 3] ^= 1
    assert not verified(tmp_path, bytes(pdf)).valid


def test_pages_that_say_other_than_the_evidence_are_noticed(tmp_path: Path) -> None:
    attached = Attachment(MEASURES, "Outcomes and transcripts of all probes", encode(PROOF))
    pages = build_pdf(compose(replace(PROOF, organisation="Other Ltd"), key=SIGNING.shown_key), (attached,))
    found = verified(tmp_path, SIGNING.pdf(pages))
    assert any("not, octet for octet, what this program writes" in one for one in found.notes)


def test_a_signed_report_whose_evidence_lost_a_transcript_is_refused(tmp_path: Path) -> None:
    found = verified(tmp_path, measures_pdf(replace(PROOF, transcripts=()), SIGNING))
    assert not found.valid and any("transcript of m4.relay.plain" in one for one in found.flaws)


def test_writing_twice_keeps_both_and_the_same_once(tmp_path: Path) -> None:
    first = write_measures(PROOF, tmp_path)
    assert [path.name for path in first] == ["corp.test_2026-11-22.measures.json", "CorpLtd_SecurityMeasures_2026-11-22.pdf"]
    assert write_measures(PROOF, tmp_path) == first
    assert {path.name for path in write_measures(replace(PROOF, declaration="1" * 64), tmp_path)}.isdisjoint(path.name for path in first)
