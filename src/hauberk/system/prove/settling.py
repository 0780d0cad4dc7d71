"""From attempts and what was delivered to outcomes. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from hauberk.system.prove.examination import examine
from hauberk.system.prove.probe import Attempt, Awaited, Line, Outcome, Place, Speaker, State, Transcript, transcript_id
from hauberk.system.prove.targets import Targets


@dataclass(frozen=True, slots=True)
class Delivered:
    """A message that was found at `place` by its token. `raw` is the message; from the queue, the reason why it waits."""

    token: str
    place: Place
    raw: bytes


@dataclass(frozen=True, slots=True)
class Gathered:
    """All that was found, and the places that were really looked at: what was not looked at proves nothing."""

    found: tuple[Delivered, ...]
    looked_at: frozenset[Place]


@dataclass(frozen=True, slots=True)
class Settled:
    outcomes: tuple[Outcome, ...]
    transcripts: tuple[Transcript, ...]


def settle(attempts: Iterable[Attempt], gathered: Gathered, targets: Targets) -> Settled:
    """Every attempt's outcome, in order. A pass whose control did not pass becomes inconclusive."""
    found: dict[tuple[str, Place], Delivered] = {(one.token, one.place): one for one in gathered.found}
    decided = [_decide(attempt, found, gathered.looked_at, targets) for attempt in attempts]
    states = {attempt.probe.id: state for attempt, state, _, _ in decided}
    outcomes: list[Outcome] = []
    transcripts: list[Transcript] = []
    for attempt, found_state, found_said, notes in decided:
        state, said = found_state, found_said
        control = attempt.probe.control
        if state is State.PASS and control and states.get(control, State.PASS) is not State.PASS:
            state, said = State.INCONCLUSIVE, f"{said}; but the control {control} did not pass, so this proves nothing"
        transcript = _with_notes(attempt.transcript, (*notes, f"outcome: {state}: {said}"))
        transcripts.append(transcript)
        outcomes.append(Outcome(attempt.probe, state, said, attempt.transcript.began, transcript_id(transcript)))
    return Settled(tuple(outcomes), tuple(transcripts))


def _decide(
    attempt: Attempt, found: Mapping[tuple[str, Place], Delivered], looked_at: frozenset[Place], targets: Targets
) -> tuple[Attempt, State, str, tuple[str, ...]]:
    state, said = attempt.finding.state, attempt.finding.said
    notes: list[str] = []
    for awaited in attempt.finding.awaits:
        if awaited.place not in looked_at:
            became, words = State.INCONCLUSIVE, f"nobody looked at the {awaited.place}"
            if not awaited.arrives and attempt.finding.state is State.PASS and awaited.otherwise is State.PASS:
                became = State.PASS  # refused in the dialogue: where it would have gone needs no look
        else:
            became, words = _came(awaited, found.get((awaited.token, awaited.place)), targets)
        notes.append(f"{awaited.token} at the {awaited.place}: {words}")
        if words:
            said = f"{said}; {words}"
        state = _worse(state, became)
    return attempt, state, said, tuple(notes)


def _came(awaited: Awaited, delivered: Delivered | None, targets: Targets) -> tuple[State, str]:
    if not awaited.arrives:
        if delivered:
            return State.FAIL, f"the message was delivered to the {awaited.place}"
        return awaited.otherwise, "" if awaited.otherwise is State.PASS else f"it did not reach the {awaited.place}"
    if delivered is None:
        return State.FAIL, f"it did not come to the {awaited.place}"
    if awaited.place is Place.QUEUE:
        return State.PASS, f"waits in the queue: {delivered.raw.decode('utf-8', 'replace')[:300]}"
    right, wrong = examine(delivered.raw, awaited, targets)
    return (State.FAIL, wrong) if wrong else (State.PASS, right)


def _worse(one: State, other: State) -> State:
    order = (State.PASS, State.INCONCLUSIVE, State.FAIL)
    return max(one, other, key=order.index)


def _with_notes(transcript: Transcript, notes: tuple[str, ...]) -> Transcript:
    end = transcript.lines[-1].at if transcript.lines else 0
    return replace(transcript, lines=(*transcript.lines, *(Line(end, Speaker.NOTE, note) for note in notes)))
