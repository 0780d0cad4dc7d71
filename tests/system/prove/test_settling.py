from dataclasses import replace

import msgspec
import pytest

from hauberk.report.pdf import build_pdf, pages
from hauberk.system.prove import evidence
from hauberk.system.prove.composing import compose, evidence_name, report_name
from hauberk.system.prove.evidence import Caught, EvidenceError, Proof
from hauberk.system.prove.measures import Standing, judge
from hauberk.system.prove.probe import (
    Attempt,
    Awaited,
    Finding,
    Line,
    Measure,
    Outcome,
    Place,
    Probe,
    Speaker,
    State,
    Transcript,
    Vantage,
    transcript_id,
)
from hauberk.system.prove.settling import Delivered, Gathered, settle
from system.prove.fake_mta import targets
from system.prove.proving import AT

EVERYWHERE = frozenset(Place)
NOTHING = Gathered((), EVERYWHERE)
MESSAGE = b"X-Hauberk-Token: t\r\n\r\nhello\r\n"


def attempt(name: str, state: State, *awaits: Awaited, control: str = "") -> Attempt:
    probe = Probe(name, Measure(name[: name.index(".")].upper()), Vantage.INTERNET, f"{name} holds", "RFC 5321", control)
    return Attempt(probe, Finding(state, "said", awaits), Transcript(name, AT, (Line(0, Speaker.CLIENT, "EHLO x"),)))


def outcome(attempts: list[Attempt], gathered: Gathered = NOTHING) -> list[Outcome]:
    return list(settle(attempts, gathered, targets()).outcomes)


def awaited(*, arrives: bool, otherwise: State = State.PASS) -> Awaited:
    return Awaited("t", Place.SINK, "sink@partner.test", arrives, otherwise=otherwise)


@pytest.mark.parametrize(
    ("arrives", "came", "looked", "state"),
    [
        (True, True, True, State.PASS),
        (True, False, True, State.FAIL),
        (True, False, False, State.INCONCLUSIVE),
        (False, True, True, State.FAIL),
        (False, False, True, State.PASS),
        (False, False, False, State.PASS),
    ],
)
def test_a_delivery_decides_what_the_dialogue_left_open(arrives: bool, came: bool, looked: bool, state: State) -> None:
    found = (Delivered("t", Place.SINK, MESSAGE),) if came else ()
    gathered = Gathered(found, EVERYWHERE if looked else frozenset())
    assert outcome([attempt("m4.x", State.PASS, awaited(arrives=arrives))], gathered)[0].state is state


def test_what_looked_accepted_and_was_not_delivered_is_inconclusive_wherever_one_looked() -> None:
    relayed = attempt("m4.x", State.PASS, awaited(arrives=False, otherwise=State.INCONCLUSIVE))
    assert outcome([relayed])[0].state is State.INCONCLUSIVE
    assert outcome([relayed], Gathered((), frozenset()))[0].state is State.INCONCLUSIVE


def test_a_failure_in_the_dialogue_stays_one_whatever_was_delivered() -> None:
    assert outcome([attempt("m4.x", State.FAIL, awaited(arrives=False))])[0].state is State.FAIL


def test_a_message_at_another_place_does_not_count() -> None:
    elsewhere = Gathered((Delivered("t", Place.MAILBOX, MESSAGE),), EVERYWHERE)
    assert outcome([attempt("m4.x", State.PASS, awaited(arrives=False))], elsewhere)[0].state is State.PASS


@pytest.mark.parametrize("state", [State.FAIL, State.INCONCLUSIVE])
def test_a_refusal_proves_nothing_while_the_control_does_not_pass(state: State) -> None:
    control, refused = attempt("m1.control", state), attempt("m4.x", State.PASS, control="m1.control")
    first, second = outcome([control, refused])
    assert first.state is state and second.state is State.INCONCLUSIVE and "m1.control did not pass" in second.said
    assert outcome([attempt("m1.control", State.PASS), refused])[1].state is State.PASS
    assert outcome([control, attempt("m4.x", State.FAIL, control="m1.control")])[1].state is State.FAIL


def test_the_outcome_names_the_transcript_in_which_it_stands() -> None:
    settled = settle([attempt("m4.x", State.PASS)], NOTHING, targets())
    (one,), (transcript,) = settled.outcomes, settled.transcripts
    assert one.transcript == transcript_id(transcript) and transcript.lines[-1].text == "outcome: pass: said"
    changed = replace(transcript, lines=transcript.lines[:-1])
    assert transcript_id(changed) != one.transcript


def results(**states: State) -> list[Outcome]:
    return outcome([attempt(name.replace("_", ".", 1), state) for name, state in states.items()])


def test_a_measure_is_proved_only_when_every_probe_passed_and_was_run() -> None:
    found = results(m1_a=State.PASS, m1_b=State.PASS, m3_a=State.PASS, m3_b=State.INCONCLUSIVE, m4_a=State.PASS, m4_b=State.FAIL)
    judged = {one.measure: one for one in judge(found, ("m1.a", "m1.b", "m10.never"))}
    assert [judged[measure].standing for measure in (Measure.M1, Measure.M3, Measure.M4)] == [
        Standing.PROVED,
        Standing.PARTLY,
        Standing.FAILED,
    ]
    assert judged[Measure.M10].standing is Standing.OPEN and "1 probes were not run" in judged[Measure.M10].open[0]
    assert len(judged) == 10
    assert {one.measure.value: one.standing for one in judge(found, ("m1.a", "m1.b", "m1.c"))}["M1"] is Standing.PARTLY


def test_policy_and_training_are_declared_open_and_never_proved_by_silence() -> None:
    judged = {one.measure: one for one in judge(())}
    assert all(one.standing is Standing.OPEN for one in judged.values())
    assert all("other records" in judged[measure].open[0] for measure in (Measure.M7, Measure.M8))


def proof(*caught: Caught, **states: State) -> Proof:
    settled = settle([attempt(name.replace("_", ".", 1), state) for name, state in states.items()], NOTHING, targets())
    return Proof("Corp <Ltd> 株式会社", "corp.test", AT, "hauberk", "0" * 64, settled.outcomes, settled.transcripts, (), caught)


def test_evidence_comes_back_as_it_was_and_its_id_is_that_of_its_octets() -> None:
    made = proof(m1_a=State.PASS, m4_b=State.FAIL)
    assert evidence.decode(evidence.encode(made)) == made
    assert evidence.evidence_id(made) != evidence.evidence_id(proof(m1_a=State.PASS, m4_b=State.PASS))


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "no evidence"),
        (b"[]", "no evidence"),
        (b'{"format":"x"}', "no evidence"),
        (b"\xff" * 9, "no evidence"),
        (b"[" * 9999, "no evidence"),
    ],
)
def test_what_is_no_evidence_is_refused_with_a_reason(data: bytes, why: str) -> None:
    with pytest.raises(EvidenceError, match=why):
        evidence.decode(data)


def test_evidence_with_a_changed_transcript_is_refused() -> None:
    octets = evidence.encode(proof(m1_a=State.PASS)).replace(b"EHLO x", b"EHLO y")
    with pytest.raises(EvidenceError, match=r"transcript of m1\.a"):
        evidence.decode(octets)
    with pytest.raises(EvidenceError, match="no time zone"):
        evidence.decode(evidence.encode(replace(proof(m1_a=State.PASS), at=AT.replace(tzinfo=None))))


def test_the_report_says_what_the_proof_says() -> None:
    whole, missed = Caught("a", "a broken thing", ("m4.b",), ("m4.b",)), Caught("b", "another", ("m4.b", "m4.c"), ("m4.b",))
    content = compose(proof(whole, missed, m1_a=State.PASS, m4_b=State.FAIL, m3_c=State.INCONCLUSIVE))
    assert [row.mark.word for row in content.rows] == [
        *("Proved", "Open", "Proved in part", "Failed", "Open", "Open", "Open", "Open", "Open", "Open"),
    ]
    assert content.proved == "1" and content.mark.state == "fail" and "M4 failed" in content.headline
    assert [one.mark.word for one in content.twins] == ["Yes", "No"] and "1 of 2 broken settings" in content.twins_note
    assert {one.measure for one in content.open_points} == {row.number for row in content.rows} - {"M1"}


def test_the_report_can_be_set_and_equal_proofs_give_equal_octets() -> None:
    content = compose(proof(Caught("a", "a broken thing", ("m4.b",), ("m4.b",)), m1_a=State.PASS, m4_b=State.FAIL))
    pdf = build_pdf(content)
    assert pdf.startswith(b"%PDF-") and pdf == build_pdf(content) and b"pdfaid" in pdf
    assert len(pages(content, 20)) >= 1


def test_files_are_named_after_the_company_and_the_domain() -> None:
    made = proof(m1_a=State.PASS)
    assert report_name(made) == "CorpLtd株式会社_SecurityMeasures_2026-11-22.pdf"
    assert evidence_name(made) == "corp.test_2026-11-22.measures.json"


def test_attempts_travel_between_vantages_unchanged() -> None:
    made = (attempt("m1.a", State.PASS, awaited(arrives=True)),)
    assert msgspec.json.decode(msgspec.json.encode(made), type=tuple[Attempt, ...]) == made
