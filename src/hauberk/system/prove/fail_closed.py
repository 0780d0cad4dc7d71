"""Each daemon stopped in turn: nothing is accepted unscanned, and nothing that was accepted is lost.

While one is down, a clean message and a virus are offered from outside and from a workstation. Afterwards whatever clean message was
accepted must arrive, and no virus may.
"""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from hauberk.system.prove import staged, virus
from hauberk.system.prove.probe import Attempt, Awaited, Finding, Look, Measure, Probe, State, Vantage
from hauberk.system.prove.settling import Settled, settle
from hauberk.system.prove.targets import Targets
from hauberk.system.stage.stage import Stage

_BACK = 25.0  # seconds in which what waited in a queue has come
_OFFERS = {
    Vantage.INTERNET: (virus.INBOUND, "m1.virus.in.attached", "m2.canary.first", "m2.canary.second-in"),
    Vantage.WORKSTATION: (virus.OUTBOUND, "m1.virus.out.attached", "m2.canary.first-out", "m2.canary.second"),
}


@dataclass(frozen=True, slots=True)
class Stopped:
    """A daemon; `scans`: the vantages whose mail it is needed to scan: from there nothing may be accepted without it."""

    name: str
    scans: tuple[Vantage, ...] = ()


STOPPED = (
    Stopped("mta.rspamd", (Vantage.INTERNET,)),
    Stopped("mta.clamav", (Vantage.INTERNET,)),
    Stopped("mta.gateway", (Vantage.INTERNET,)),
    Stopped("mda.rspamd", (Vantage.WORKSTATION,)),
    Stopped("mda.clamav", (Vantage.WORKSTATION,)),
    Stopped("mda.gateway", (Vantage.WORKSTATION,)),
    Stopped("mda.dovecot"),
    Stopped("mta.unbound"),
    Stopped("mta.postfix"),
    Stopped("mda.postfix"),
    Stopped("mta.policy-server"),
)


async def fail_closed(stage: Stage, targets: Targets, clock: Callable[[], datetime], names: tuple[str, ...] = ()) -> Settled:
    """One daemon after the other, `names` or all; then, all of them running again, what was delivered. Raises `StageError`."""
    offered: list[tuple[Stopped, Attempt]] = []
    for one in STOPPED:
        if names and one.name not in names:
            continue
        offered += [(one, attempt) for attempt in await _without(stage, targets, one)]
    await asyncio.gather(*(stage.inside(zone, "postqueue", "-c", folder, "-f") for zone, folder in staged.queues(stage)))
    attempts = tuple(_judged(one, attempt) for one, attempt in offered)
    return settle(attempts, await staged.gathered(stage, targets, attempts, _BACK), targets)


async def _without(stage: Stage, targets: Targets, one: Stopped) -> tuple[Attempt, ...]:
    await stage.stop(one.name)
    try:
        parts = await asyncio.gather(*(staged.attempts_standing_in(stage, zone, targets, chosen) for zone, chosen in _OFFERS.items()))
    finally:
        await stage.start(one.name)
    return tuple(attempt for part in parts for attempt in part)


def _judged(stopped: Stopped, attempt: Attempt) -> Attempt:
    """The same attempt, as a probe of what happens without the daemon."""
    clean = attempt.probe.id in (virus.INBOUND, virus.OUTBOUND)
    scanning = attempt.probe.vantage in stopped.scans
    what = _what(stopped, attempt, clean, scanning)
    probe = Probe(
        f"m1.stopped.{stopped.name}.{attempt.probe.id.partition('.')[2]}", Measure.M1, attempt.probe.vantage, what, "Recommendation M1"
    )
    finding = _clean(attempt, scanning) if clean else _bad(attempt)
    return Attempt(probe, finding, replace(attempt.transcript, probe=probe.id))


def _what(stopped: Stopped, attempt: Attempt, clean: bool, scanning: bool) -> str:
    from_where = f"from the {attempt.probe.vantage}"
    if not clean:
        return f"without {stopped.name}, what must be refused {from_where} is not accepted"
    return f"without {stopped.name}, nothing {from_where} is " + ("accepted unscanned" if scanning else "accepted and then lost")


def _clean(attempt: Attempt, scanning: bool) -> Finding:
    """Accepted: fails where it cannot have been scanned, else it must arrive. Put off, or no answer at all: as it should be."""
    was = attempt.finding
    awaits = tuple(replace(one, look=Look.PRESENCE) for one in was.awaits)
    match was.state:
        case State.PASS if scanning:
            return Finding(State.FAIL, f"accepted without the scanner: {was.said}", awaits)
        case State.PASS:
            return Finding(State.PASS, f"{was.said}; it must arrive later", awaits)
        case State.INCONCLUSIVE:
            return Finding(State.PASS, f"not accepted: {was.said}")
        case State.FAIL:
            return Finding(State.FAIL, f"refused for good, although only something of ours is missing: {was.said}")


def _bad(attempt: Attempt) -> Finding:
    was = attempt.finding
    if was.state is State.FAIL:
        return was
    return Finding(State.PASS, f"not accepted: {was.said}", tuple(_absent(was.awaits)))


def _absent(awaits: tuple[Awaited, ...]) -> Iterator[Awaited]:
    for one in awaits:
        yield replace(one, arrives=False)
