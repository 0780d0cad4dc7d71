"""Running probes of one vantage against fake servers, through to their outcomes."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime

from hauberk.system.prove.experiment import Experiment, run_all
from hauberk.system.prove.gathering import Seek, gather
from hauberk.system.prove.probe import Outcome, Place, State
from hauberk.system.prove.settling import settle
from hauberk.system.prove.targets import Targets

AT = datetime(2026, 11, 22, 3, tzinfo=UTC)


def clock() -> datetime:
    return AT


async def outcomes(experiments: Iterable[Experiment], targets: Targets, seekers: dict[Place, Seek]) -> dict[str, Outcome]:
    attempts = await run_all(experiments, targets, clock, at_once=20)
    settled = settle(attempts, await gather(attempts, seekers, 0.2, grace=0), targets)
    return {one.probe.id: one for one in settled.outcomes}


def states(found: dict[str, Outcome], wanted: Callable[[str], bool] = lambda _: True) -> dict[str, State]:
    return {name: one.state for name, one in found.items() if wanted(name)}
