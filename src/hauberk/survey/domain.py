"""The survey of one domain: the walks of the areas wanted, all under way at the same time, until done or out of time."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from hauberk.model.observation import Observation, ScanOptions
from hauberk.protocols.walk import Ask, Reply, Walk
from hauberk.survey.recorder import Recorder
from hauberk.survey.walks import walks_of
from hauberk.world.world import World

DEFAULT_LIMIT = 60.0

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Surveyed:
    """A tape, and what the walks came to that wrote it: for equal tapes equal results, so that a reading need not walk again."""

    observation: Observation
    walked: Mapping[Callable[[str, ScanOptions], Walk[object]], object]


async def survey(
    world: World,
    domain: str,
    options: ScanOptions,
    *,
    at: datetime,
    limit: float = DEFAULT_LIMIT,
    told: Callable[[Ask, Reply], None] | None = None,
) -> Observation:
    """The tape of `survey_walked` alone."""
    return (await survey_walked(world, domain, options, at=at, limit=limit, told=told)).observation


async def survey_walked(
    world: World,
    domain: str,
    options: ScanOptions,
    *,
    at: datetime,
    limit: float = DEFAULT_LIMIT,
    told: Callable[[Ask, Reply], None] | None = None,
) -> Surveyed:
    """Ask the world everything the checks want to know about `domain` (A-label form).

    `at` is the observation's time; `limit` is in seconds. A survey that runs out of time gives what it has, with `finished` false.
    `told` hears every ask with its reply.
    """
    recorder, walks = Recorder(world, told), walks_of(options.areas)
    tasks = [asyncio.create_task(recorder.drive(walk(domain, options))) for walk in walks]
    try:
        _, unfinished = await asyncio.wait(tasks, timeout=limit)
    finally:
        for task in tasks:
            task.cancel()
        if not all(task.done() for task in tasks):
            await asyncio.gather(*tasks, return_exceptions=True)
    walked: dict[Callable[[str, ScanOptions], Walk[object]], object] = {}
    for walk, task in zip(walks, tasks, strict=True):
        if task.cancelled():
            continue
        crash = task.exception()
        if crash is None:
            walked[walk] = task.result()
        else:  # a walk that crashes leaves its questions unasked; the others are worth keeping
            _log.error("the walk %s.%s crashed on %s", walk.__module__, walk.__name__, domain, exc_info=crash)
    observation = recorder.tape(domain, at, options, finished=not unfinished)
    return Surveyed(observation, {} if unfinished else walked)
