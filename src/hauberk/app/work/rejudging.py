"""The rejudging job: every kept tape judged by another rubric, beside the assessments that are there."""

import asyncio

import msgspec

from hauberk.app.scanning import assess
from hauberk.app.work import orders
from hauberk.app.work.orders import Outcome, RejudgingWanted
from hauberk.app.work.workshop import Held, WontDoError, Workshop
from hauberk.checks import catalogue
from hauberk.report.wording import counted
from hauberk.scoring import rubric as rubrics
from hauberk.scoring.rubric import Rubric, RubricError
from hauberk.store import assessments, domains, jobs, scans
from hauberk.store.domains import Domain
from hauberk.store.scans import Scan
from hauberk.store.session import TenantSession

_PAGE = 50


async def do_rejudging(shop: Workshop, held: Held) -> None:
    """Domain by domain, newest tape first; what was judged so already is left as it is. Raises `WontDoError`, `StoreError`."""
    try:
        rubric = rubrics.load(orders.read_payload(held.job.payload, RejudgingWanted).rubric)
    except (msgspec.MsgspecError, RubricError) as error:
        raise WontDoError(str(error)) from None
    async with shop.reading(held) as session:
        all_domains = await _all_domains(session)
    added = 0
    for number, domain in enumerate(all_domains):
        held.tell(f"judging {domain.name}", number / len(all_domains))
        added += await _rejudge(shop, held, domain, rubric)
    async with shop.writing(held) as session:
        done = Outcome(said=f"{counted(added, 'scan')} judged by {rubric.id}")
        await jobs.finish(session, held.job, orders.outcome(done), shop.now())


async def _all_domains(session: TenantSession) -> list[Domain]:
    found: list[Domain] = []
    while page := await domains.page(session, after=found[-1].name if found else "", limit=500, removed=True):
        found += page
    return found


async def _rejudge(shop: Workshop, held: Held, domain: Domain, rubric: Rubric) -> int:
    added, last = 0, None
    while True:
        async with shop.reading(held) as session:
            page = await scans.history(session, domain.id, before=last, limit=_PAGE)
            wanting = [scan for scan in page if not await _is_judged(session, scan, rubric)]
        for scan in wanting:
            added += await _judge(shop, held, scan, rubric)
        if len(page) < _PAGE:
            return added
        last = page[-1]


async def _is_judged(session: TenantSession, scan: Scan, rubric: Rubric) -> bool:
    there = await assessments.of_scan(session, scan.id)
    return any((one.catalogue, one.rubric) == (catalogue.VERSION, rubric.id) for one in there)


async def _judge(shop: Workshop, held: Held, scan: Scan, rubric: Rubric) -> int:
    async with shop.reading(held) as session:
        observation = await scans.observation_of(session, scan.id)
    if observation is None:
        return 0
    assessment = await asyncio.to_thread(assess, observation, rubric)
    async with shop.writing(held) as session:
        await assessments.add(session, scan.id, assessment, shop.now())
    return 1
