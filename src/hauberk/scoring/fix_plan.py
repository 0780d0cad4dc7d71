"""The fix plan: every remedy with what it brings, computed by judging the tape again with the remedy laid over it."""

from collections.abc import Iterator
from dataclasses import dataclass

from hauberk.checks.check import Check, judge_one
from hauberk.checks.existence import is_missing
from hauberk.checks.reading import Reading
from hauberk.checks.tracing import TracedReading
from hauberk.model.assessment import FixStep, Remedy
from hauberk.model.dns import DnsAnswer, Record
from hauberk.model.observation import Observation
from hauberk.model.score import Score
from hauberk.model.verdict import CheckVerdict, Verdict
from hauberk.protocols.names import absolute
from hauberk.protocols.rdata import txt_strings
from hauberk.scoring.rubric import Rubric
from hauberk.scoring.score import score
from hauberk.world.overlay import overlay, parse_record, propose

_MENDABLE = (Verdict.FAIL, Verdict.WARN)
_MOST_STEPS = 40


@dataclass(frozen=True, slots=True)
class _State:
    """A tape as it would be, how it is judged, and the checks taken as passed because a server setting would mend them."""

    observation: Observation
    reading: TracedReading
    verdicts: tuple[CheckVerdict, ...]
    assumed: frozenset[str]
    score: Score


@dataclass(frozen=True, slots=True)
class _Ranked:
    """A remedy, what it brings alone, and the lowest cap that it lifts (100 for none)."""

    remedy: Remedy
    verdict: Verdict
    gain: float
    lifts: float

    @classmethod
    def of(cls, before: _State, after: _State, remedy: Remedy, verdict: Verdict) -> "_Ranked":
        lifted = (cap.points for cap in before.score.caps if cap not in after.score.caps)
        return cls(remedy, verdict, after.score.sum - before.score.sum, min(lifted, default=100))

    def key(self) -> tuple[float, float, bool, str]:
        return (self.lifts, -self.gain, self.verdict is not Verdict.FAIL, self.remedy.check)


@dataclass(frozen=True, slots=True)
class _Planner:
    checks: tuple[Check, ...]
    rubric: Rubric

    def state(self, observation: Observation, assumed: frozenset[str], before: _State | None = None) -> _State:
        """`before` is the state that an overlay changed: what reads nothing that changed is not judged again."""
        reading = TracedReading(observation, before.reading if before else None)
        verdicts = tuple(reading.once(judge_one, check) for check in self.checks)
        return _State(observation, reading, verdicts, assumed, score(self.rubric, verdicts, assumed))

    def remedies(self, state: _State, only: str = "") -> Iterator[tuple[Remedy, Verdict]]:
        """What the checks, or the one check `only`, advise in this state, one after the other."""
        for check, verdict in zip(self.checks, state.verdicts, strict=True):
            if verdict.verdict in _MENDABLE and check.id not in state.assumed and only in ("", check.id):
                for remedy in check.remedy(state.reading, verdict):
                    yield remedy, verdict.verdict

    def after(self, state: _State, remedy: Remedy) -> _State:
        """The state once the remedy is applied. A setting of a server cannot be laid over a tape: its check counts as passed."""
        records, removed = parsed(remedy)
        observation = overlay(state.observation, propose(records, removed)) if records or removed else state.observation
        assumed = state.assumed | {remedy.check} if remedy.settings or observation is state.observation else state.assumed
        if observation is state.observation:
            return _State(observation, state.reading, state.verdicts, assumed, score(self.rubric, state.verdicts, assumed))
        return self.state(observation, assumed, state)


def parsed(remedy: Remedy) -> tuple[tuple[Record, ...], tuple[tuple[str, str], ...]]:
    """A remedy's records and the sets they take the place of. Lines that do not parse are left out (`new-check` tests for them)."""
    records = tuple(record for record in map(parse_record, remedy.records) if isinstance(record, Record))
    removed = tuple((absolute(words[0]), words[1].upper()) for words in map(str.split, remedy.replaces) if len(words) > 1)
    return records, removed


def fix_plan(observation: Observation, checks: tuple[Check, ...], rubric: Rubric) -> tuple[FixStep, ...]:
    """Steps that lift a cap first, the hardest cap before others; then by what each brings alone, most first.

    `points_after` and `grade_after` count a step with all before it: while one cap holds, nothing else shows in the points.

    A remedy is worded anew after each step, so that two mendings of one record come one on top of the other. A domain that does not exist
    has no place to publish anything, and no plan.
    """
    planner = _Planner(checks, rubric)
    start = planner.state(observation, frozenset())
    if is_missing(start.reading):
        return ()
    ranked = sorted(
        (_Ranked.of(start, planner.after(start, one), one, verdict) for one, verdict in planner.remedies(start)), key=_Ranked.key
    )
    steps: list[FixStep] = []
    state = start
    for gain, first_wording, verdict in ((one.gain, one.remedy, one.verdict) for one in ranked[:_MOST_STEPS]):
        remedy = _reworded(planner, state, first_wording)
        if remedy is None:
            continue
        remove, publish = _difference(state.reading, remedy)
        state = planner.after(state, remedy)
        steps.append(
            FixStep(
                remedy=remedy,
                verdict=verdict,
                gain=round(gain, 1),
                points_after=state.score.points,
                grade_after=state.score.grade,
                assumed=bool(remedy.settings) or not remedy.records,
                remove=remove,
                publish=publish,
            )
        )
    return tuple(steps)


def _difference(reading: Reading, remedy: Remedy) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The records that go and the records that come. A remedy names whole sets; nobody should have to take away what stays."""
    records, removed = parsed(remedy)
    wanted: dict[tuple[str, str], tuple[Record, ...]] = dict(propose(records, removed).sets)
    remove: list[str] = []
    publish: list[str] = []
    for (name, kind), new in wanted.items():
        answer = reading.dns(name, kind)
        old = [one for one in answer.of(kind) if one.name == name] if isinstance(answer, DnsAnswer) else []
        remove += [_line(one) for one in old if _meaning(one) not in {_meaning(other) for other in new}]
        publish += [_line(one) for one in new if _meaning(one) not in {_meaning(other) for other in old}]
    return tuple(remove), tuple(publish)


def _meaning(record: Record) -> object:
    """What a record says, however its text is cut into strings or spelled."""
    return b"".join(txt_strings(record.data)) if record.type == "TXT" else record.data.lower()


def _line(record: Record) -> str:
    return f"{record.name}. {record.type} {record.data}"


def _reworded(planner: _Planner, state: _State, remedy: Remedy) -> Remedy | None:
    """The remedy as the check words it in this state; None when an earlier step has mended it already."""
    current = [one for one, _ in planner.remedies(state, remedy.check)]
    same = [one for one in current if one == remedy or (one.replaces == remedy.replaces and one.what == remedy.what)]
    return next(iter(same or current), None)
