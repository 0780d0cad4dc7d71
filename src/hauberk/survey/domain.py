"""The survey of one domain: the walks of the areas wanted, all under way at the same time, until done or out of time."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from datetime import datetime

from msgspec import Struct

from hauberk.model.observation import Observation, ScanOptions
from hauberk.protocols.walk import Ask, Reply
from hauberk.survey.recorder import Recorder
from hauberk.survey.strand import Strand
from hauberk.survey.walks import LAST, SurveyWalk, walks_of
from hauberk.world.world import World

DEFAULT_LIMIT = 60.0

_log = logging.getLogger(__name__)


class Surveyed(Struct, frozen=True):
    """A tape, with what a reading of it would have to work out again: its replies by what was asked, and what the walks came to that wrote
    it (for equal tapes equal results). Both are empty where they are not at hand."""

    observation: Observation
    walked: Mapping[SurveyWalk, object] = {}
    replies: Mapping[Ask, Reply] = {}


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
    loop, finished, strands = asyncio.get_running_loop(), True, dict[SurveyWalk, Strand[object]]()
    until = loop.time() + limit
    try:
        for last in (False, True):
            if finished:
                strands |= {walk: recorder.begin(walk(domain, options)) for walk in walks if (walk in LAST) is last}
                finished = await recorder.until_idle(until - loop.time())
    finally:
        recorder.let_go()
    walked: dict[SurveyWalk, object] = {}
    for walk, strand in strands.items():
        if strand.crash:  # its other questions stay unasked; what the other walks found is worth keeping
            _log.error("the walk %s.%s crashed on %s", walk.__module__, walk.__name__, domain, exc_info=strand.crash)
        elif strand.ended:
            walked[walk] = strand.result
    observation = recorder.tape(domain, at, options, finished=finished)
    return Surveyed(observation, walked, recorder.replies) if finished else Surveyed(observation)
