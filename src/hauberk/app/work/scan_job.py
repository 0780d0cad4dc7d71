"""The scan job: look at a domain, judge it, and keep both, in one transaction with the job's end."""

import asyncio
from dataclasses import dataclass
from functools import partial

from hauberk.app.scanning import Scan, assess_survey
from hauberk.app.work import orders
from hauberk.app.work.orders import Outcome
from hauberk.app.work.regressions import Look
from hauberk.app.work.watching import Noticed, earlier_looks, notice
from hauberk.app.work.workshop import Held, WontDoError, Workshop
from hauberk.model.observation import ScanOptions, Selector
from hauberk.model.transport import Endpoint, Hello
from hauberk.protocols.walk import Ask, Reply
from hauberk.scoring import rubric
from hauberk.scoring.rubric import Rubric, RubricError
from hauberk.store import assessments, domains, jobs, scans, tenants
from hauberk.store.assessments import Assessed
from hauberk.store.domains import Domain
from hauberk.store.session import TenantSession
from hauberk.survey.domain import survey_walked

_USUAL_ASKS = 120


@dataclass(frozen=True, slots=True)
class Subject:
    """What is looked at, and by which rubric it is judged."""

    domain: Domain
    rubric: Rubric
    company: str


async def do_scan(shop: Workshop, held: Held) -> None:
    """Raises `WontDoError`, `StoreError`, and what entering a world raises."""
    subject = await shop.patiently(partial(_subject, shop, held))
    seen = await look(shop, held, subject)

    async def write() -> None:
        async with shop.writing(held) as session:
            assessed = await keep(session, shop, held, seen)
            done = Outcome(assessed.scan_id, assessed.id, said=assessments.result_of(*_result(assessed)))
            await jobs.finish(session, held.job, orders.outcome(done), shop.now())

    held.tell("keeping the result", 0.95)
    await shop.patiently(write)


async def _subject(shop: Workshop, held: Held) -> Subject:
    name = held.job.payload.decode("ascii", "replace")
    async with shop.reading(held) as session:
        domain = await domains.by_name(session, name)
        if domain is None or domain.removed_at is not None:
            raise WontDoError(f"{name} is not looked after any more")
        return await subject_of(session, domain)


async def subject_of(session: TenantSession, domain: Domain) -> Subject:
    """Raises `WontDoError` when the tenant is archived, or its rubric is not there."""
    tenant = await tenants.current(session)
    if tenant.archived_at is not None:
        raise WontDoError(f"{tenant.name} is archived")
    try:
        return Subject(domain, rubric.load(tenant.rubric or rubric.DEFAULT), tenant.name)
    except RubricError as error:
        raise WontDoError(str(error)) from None


@dataclass(frozen=True, slots=True)
class Seen:
    """A scan with those before it."""

    domain: Domain
    scan: Scan
    earlier: tuple[Look, ...]


async def look(shop: Workshop, held: Held, subject: Subject) -> Seen:
    """Survey and judge; the judging is done in a thread."""
    domain, asked = subject.domain, 0

    def told(question: Ask, reply: Reply) -> None:
        nonlocal asked
        del reply
        asked += 1
        words = "talking to the mail servers" if isinstance(question, Endpoint | Hello) else "looking at the DNS"
        held.tell(words, 0.8 * asked / (asked + _USUAL_ASKS / 3))

    selectors = tuple(Selector(name) for name in domain.selectors.split())
    options = ScanOptions(selectors=selectors, own=domain.own, depth=shop.settings.depth, blocklists=shop.settings.blocklists)
    async with shop.worlds.visit(domain.name, max(held.job.created_at, held.job.due_at)) as world:
        at = shop.now().replace(microsecond=0)
        surveyed = await survey_walked(world, domain.name, options, at=at, limit=shop.settings.limit, told=told)
    held.tell("judging", 0.85)
    scan = Scan(surveyed.observation, await asyncio.to_thread(assess_survey, surveyed, subject.rubric))
    reading = partial(earlier_looks, shop.store, held.job.tenant_id, domain, scan, subject.rubric)
    return Seen(domain, scan, await shop.patiently(reading))


async def keep(session: TenantSession, shop: Workshop, held: Held, seen: Seen) -> Assessed:
    """Store the scan under the job's name, with its assessment and what follows: however often the job is done, that is once."""
    now = shop.now()
    stored = await scans.store(session, seen.scan.observation, now, key=scan_key(held))
    if not stored.new:
        return (await assessments.of_scan(session, stored.scan.id))[0]
    assessed = await assessments.add(session, stored.scan.id, seen.scan.assessment, now)
    await notice(session, Noticed(seen.domain, stored.scan.id, seen.scan, seen.earlier), shop.settings, now)
    return assessed


def scan_key(held: Held) -> str:
    return f"job:{held.job.id}"


def _result(assessed: Assessed) -> tuple[float, str, str, bool]:
    return assessed.points, assessed.grade, assessed.band, assessed.incomplete
