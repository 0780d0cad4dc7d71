"""Scan, judge, score: the main job as functions. This room owns the clock."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from hauberk.checks import catalogue
from hauberk.checks.check import judge
from hauberk.checks.reading import Reading
from hauberk.checks.tls_listing import tls_listing
from hauberk.model.assessment import Assessment
from hauberk.model.observation import Observation, ScanOptions
from hauberk.protocols.walk import Ask, Reply
from hauberk.scoring.fix_plan import fix_plan
from hauberk.scoring.rubric import Rubric
from hauberk.scoring.score import score
from hauberk.survey.domain import DEFAULT_LIMIT, Surveyed, survey_walked
from hauberk.world.tape import evidence_id
from hauberk.world.world import World

Told = Callable[[Ask, Reply], None]
_AHEAD = 10  # a scan that waits to be given out takes some 200 kB
_LONG = 0.005  # seconds that whoever takes a scan may keep the loop from the others


@dataclass(frozen=True, slots=True)
class Scan:
    """A tape and what was made of it."""

    observation: Observation
    assessment: Assessment


@dataclass(frozen=True, slots=True)
class ScanOrder:
    """How to scan: what to ask beyond the standard, by which rubric to score, seconds for a domain, whether to plan the mending."""

    rubric: Rubric
    options: ScanOptions = ScanOptions()
    limit: float = DEFAULT_LIMIT
    plan: bool = True


def now() -> datetime:
    """The time in UTC, whole seconds: the tape's clock."""
    return datetime.now(UTC).replace(microsecond=0)


def assess(observation: Observation, rubric: Rubric, *, plan: bool = True) -> Assessment:
    """Judge and score a tape. The same tape, catalogue and rubric give the same assessment for ever."""
    return assess_survey(Surveyed(observation), rubric, plan=plan)


def assess_survey(surveyed: Surveyed, rubric: Rubric, *, plan: bool = True) -> Assessment:
    """The same of a survey that has just ended, which need not be walked again."""
    observation = surveyed.observation
    checks = catalogue.checks_for(observation.options)
    reading = Reading(observation, surveyed.walked, surveyed.replies)
    verdicts = judge(reading, checks)
    return Assessment(
        domain=observation.domain,
        observed_at=observation.at,
        observation=evidence_id(observation),
        catalogue=catalogue.VERSION,
        rubric=rubric.id,
        score=score(rubric, verdicts),
        verdicts=verdicts,
        fix_plan=fix_plan(observation, checks, rubric) if plan else (),
        endpoints=tls_listing(reading),
    )


async def scan_domain(world: World, domain: str, order: ScanOrder, told: Told | None = None) -> Scan:
    """Look at one domain (A-label form) and judge it."""
    surveyed = await survey_walked(world, domain, order.options, at=now(), limit=order.limit, told=told)
    return Scan(surveyed.observation, assess_survey(surveyed, order.rubric, plan=order.plan))


async def scan_domains(
    world: World, domains: Iterable[str], order: ScanOrder, *, at_once: int = 50, told: Told | None = None
) -> AsyncIterator[Scan]:
    """Scan many domains, `at_once` at a time, in one world (an answer serves all); results in the order of `domains`.

    A slow domain holds up only what is given out: the others go on, until `_AHEAD` times as many wait for it.
    """
    left, begun, running = iter(domains), deque[asyncio.Task[Scan]](), set[asyncio.Task[Scan]]()
    ended, loop = asyncio.Event(), asyncio.get_running_loop()

    def end(task: asyncio.Task[Scan]) -> None:
        running.discard(task)
        ended.set()

    try:
        while True:
            while len(running) < at_once and len(begun) < at_once * _AHEAD and (domain := next(left, None)) is not None:
                task = asyncio.create_task(scan_domain(world, domain, order, told))
                task.add_done_callback(end)
                running.add(task)
                begun.append(task)
            if not begun:
                return
            if begun[0].done():
                given = loop.time()
                yield begun.popleft().result()
                if loop.time() - given > _LONG:  # a PDF takes some 0.1 s
                    await asyncio.sleep(0)
            else:
                ended.clear()
                await ended.wait()
    finally:
        for task in begun:
            task.cancel()
        await asyncio.gather(*begun, return_exceptions=True)
