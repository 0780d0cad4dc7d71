"""From a proof to what the report of measures says. Pure: no clock, no I/O."""

from datetime import timedelta

from hauberk.report.content import Fact, Mark
from hauberk.report.filename import file_name, tape_name
from hauberk.report.measures import MeasurePart, MeasureRow, MeasuresContent, MeasuresHeader, OpenPoint, ProbeRow, TwinRow
from hauberk.report.signature.statement import MeasuresClaims, company_stated
from hauberk.report.text import clipped
from hauberk.report.wording import counted, day, minute
from hauberk.system.prove.evidence import Caught, Proof, evidence_id
from hauberk.system.prove.measures import NOT_PROBED, MeasureState, Standing, judge
from hauberk.system.prove.probe import Outcome, State, Vantage

FRESH = timedelta(days=90)
_LONGEST = 160
_MARKS = {
    Standing.PROVED: Mark("pass", "Proved"),
    Standing.PARTLY: Mark("unknown", "Proved in part"),
    Standing.FAILED: Mark("fail", "Failed"),
    Standing.OPEN: Mark("none", "Open"),
}
_OUTCOMES = {
    State.PASS: Mark("pass", "Pass"),
    State.FAIL: Mark("fail", "Fail"),
    State.INCONCLUSIVE: Mark("unknown", "Inconclusive"),
}
_ZONES = {
    Vantage.INTERNET: "the internet",
    Vantage.DMZ: "the DMZ",
    Vantage.INSIDE: "the inside",
    Vantage.WORKSTATION: "a workstation",
}
STATEMENT = (
    "Every line rests on a probe that was carried out against the organisation’s own hosts, from the place named, and on its transcript. "
    "A refusal counts only where a clean message was accepted and arrived in the same run; what looked accepted was confirmed, or not, by "
    "its delivery; a temporary answer or none is inconclusive and proves nothing.",
    "This is the organisation’s own proof, made with Hauberk; nobody else has endorsed it. Measures that cannot be seen from a network are "
    "declared open here and are to be shown by other records.",
    "The outcomes and all transcripts are attached inside the PDF file; the evidence id is the SHA-256 of that attachment.",
)


def compose(proof: Proof, *, key: str = "") -> MeasuresContent:
    """`key` is the fingerprint, as people read it, of the key that will sign the report."""
    states = judge(proof.outcomes, proof.missing)
    count = sum(one.standing is Standing.PROVED for one in states)
    return MeasuresContent(
        header=_header(proof, key),
        mark=_overall(states),
        headline=_headline(states, count),
        proved=str(count),
        rows=tuple(_row(one) for one in states),
        open_points=tuple(point for one in states for point in _open(one)),
        open_note="" if any(one.open for one in states) else "Nothing: every probe passed.",
        twins=tuple(_twin(one) for one in proof.mutations),
        twins_note=_twins_note(proof.mutations),
        method=_method(proof),
        statement=STATEMENT,
        parts=tuple(_part(one) for one in states if one.outcomes),
    )


def _part(state: MeasureState) -> MeasurePart:
    return MeasurePart(state.measure.value, state.title, tuple(_probe(one) for one in state.outcomes))


def claims(proof: Proof) -> MeasuresClaims:
    """What a signature on the report or its evidence says of it."""
    states = judge(proof.outcomes, proof.missing)
    return MeasuresClaims(
        domain=proof.domain,
        company=company_stated(proof.organisation),
        observed_at=proof.at,
        evidence=evidence_id(proof),
        program=proof.program,
        proved=tuple(one.measure.value for one in states if one.standing is Standing.PROVED),
        failed=tuple(one.measure.value for one in states if one.standing is Standing.FAILED),
    )


def report_name(proof: Proof, kind: str = "pdf") -> str:
    """`CorpLtd_SecurityMeasures_2026-11-22.pdf`."""
    return file_name(proof.organisation, proof.domain, proof.at.date(), kind, "SecurityMeasures")


def evidence_name(proof: Proof) -> str:
    """`corp.test_2026-11-22.measures.json`; safe as one path component."""
    return tape_name(proof.domain, proof.at.date()).replace(".tape.json", ".measures.json")


def _header(proof: Proof, key: str) -> MeasuresHeader:
    company = clipped(proof.organisation.strip() or proof.domain, _LONGEST)
    return MeasuresHeader(
        title=f"Mail server security measures: {clipped(company, 80)}, {day(proof.at)}",
        description=f"Proof of the ten measures for {clipped(proof.domain, 80)} at {minute(proof.at)}, evidence {evidence_id(proof)}",
        footer=f"{clipped(company, 40)} · {clipped(proof.domain, 40)} · {minute(proof.at)}",
        company=company,
        length=len(company),
        domain=proof.domain,
        proved_at=minute(proof.at),
        fresh_until=day(proof.at + FRESH),
        evidence_id=evidence_id(proof),
        program=proof.program,
        seconds=int(proof.at.timestamp()),
        key=key,
    )


def _overall(states: tuple[MeasureState, ...]) -> Mark:
    if any(one.standing is Standing.FAILED for one in states):
        return Mark("fail", "Act now")
    if any(one.standing is Standing.PARTLY for one in states):
        return Mark("unknown", "Incomplete")
    probed = [one for one in states if one.measure not in NOT_PROBED]
    return Mark("pass", "Nothing failed") if all(one.standing is Standing.PROVED for one in probed) else Mark("warn", "Open")


def _headline(states: tuple[MeasureState, ...], count: int) -> str:
    failed = [one.measure.value for one in states if one.standing is Standing.FAILED]
    partly = [one.measure.value for one in states if one.standing is Standing.PARTLY]
    left = [one.measure.value for one in states if one.standing is Standing.OPEN]
    said = [f"{counted(count, 'measure')} proved."]
    if failed:
        said.append(f"{_and(failed)} failed: mend these first.")
    if partly:
        said.append(f"{_and(partly)} proved in part.")
    if left:
        said.append(f"{_and(left)} not proved here.")
    return " ".join(said)


def _and(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _row(state: MeasureState) -> MeasureRow:
    tried = state.passed + state.failed + state.inconclusive
    how = f"{state.passed} of {counted(tried, 'probe')} passed" if tried else "not probed"
    where = _and([_ZONES[one] for one in state.vantages]) if state.vantages else ""
    return MeasureRow(state.measure.value, state.title, _MARKS[state.standing], how, f"from {where}" if where else "")


def _open(state: MeasureState) -> tuple[OpenPoint, ...]:
    return tuple(OpenPoint(state.measure.value, _open_mark(state, one), _sentence(one)) for one in state.open)


def _open_mark(state: MeasureState, sentence: str) -> Mark:
    if sentence.startswith("undecided: "):
        return _OUTCOMES[State.INCONCLUSIVE]
    return _MARKS[Standing.FAILED if state.failed else Standing.OPEN]


def _sentence(text: str) -> str:
    said = text.removeprefix("undecided: ")
    return clipped(said[:1].upper() + said[1:], 600)


def _twin(caught: Caught) -> TwinRow:
    whole = set(caught.caught_by) >= set(caught.expected)
    mark = Mark("pass", "Yes") if whole else Mark("unknown", "Not tried") if not caught.caught_by and caught.trouble else Mark("fail", "No")
    return TwinRow(caught.what, mark, caught.caught_by)


def _twins_note(mutations: tuple[Caught, ...]) -> str:
    if not mutations:
        return (
            "A probe that has never been seen failing proves nothing. The probes of this program have deliberately broken twins that they "
            "must catch; here they were not tried again."
        )
    noticed = sum(set(one.caught_by) >= set(one.expected) for one in mutations)
    return (
        "A probe that has never been seen failing proves nothing. In this run one setting at a time was broken on purpose on the running "
        f"system and then mended again: {noticed} of {counted(len(mutations), 'broken setting')} noticed by every probe that had to."
    )


def _method(proof: Proof) -> tuple[Fact, ...]:
    zones = [zone for zone in Vantage if any(one.probe.vantage is zone for one in proof.outcomes)]
    counts = [f"{sum(one.probe.vantage is zone for one in proof.outcomes)} from {_ZONES[zone]}" for zone in zones]
    lines = sum(len(one.lines) for one in proof.transcripts)
    return (
        Fact("Program", proof.program),
        Fact("Probes", f"{counted(len(proof.outcomes), 'probe')}: {', '.join(counts) or 'none'}"),
        Fact("Transcripts", f"{counted(len(proof.transcripts), 'transcript')} with {counted(lines, 'line')}; passwords are not in them"),
        Fact("Declaration", f"SHA-256 {proof.declaration}"),
    )


def _probe(outcome: Outcome) -> ProbeRow:
    probe = outcome.probe
    return ProbeRow(
        id=probe.id,
        mark=_OUTCOMES[outcome.state],
        what=clipped(probe.what, 300),
        said=clipped(outcome.said, 400),
        where=_ZONES[probe.vantage],
        at=f"{outcome.at:%H:%M:%S} UTC",
        source=probe.source,
        transcript=outcome.transcript.removeprefix("sha256:")[:16],
    )
