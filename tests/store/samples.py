"""Small tapes and assessments, and an open store, for tests of the store."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from hauberk.model.assessment import Assessment
from hauberk.model.observation import Observation, Vantage
from hauberk.model.score import Band, Score
from hauberk.model.verdict import CheckVerdict, Finding, Verdict
from hauberk.store import assessments, attachments, domains, exceptions, reports, scans, tenants
from hauberk.store.assessments import Assessed
from hauberk.store.attachments import Attachment, Upload
from hauberk.store.exceptions import Exemption
from hauberk.store.reports import Rendered, Report
from hauberk.store.scans import Scan
from hauberk.store.session import TenantSession
from hauberk.store.store import Store
from hauberk.world.tape import evidence_id

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def observation(domain: str = "example.com", at: datetime = NOW, text: str = "v=spf1 -all") -> Observation:
    return Observation(domain, at, Vantage("hauberk/test", "udp://127.0.0.1:53", resolver_trusted=True, helo=text))


def assessment(seen: Observation, points: float = 87.5, rubric: str = "hauberk-2026") -> Assessment:
    finding = Finding(seen.domain, Verdict.FAIL, "It fails.", ("v=spf1 +all",), "plus-all")
    score = Score(rubric, points, points, "B", Band.AMBER, coverage=0.95)
    verdicts = (CheckVerdict("spf.not-permissive", Verdict.FAIL, (finding,)),)
    return Assessment(seen.domain, seen.at, evidence_id(seen), "catalogue-1", rubric, score, verdicts)


@asynccontextmanager
async def opened(url: str) -> AsyncGenerator[Store]:
    store = await Store.open(url)
    try:
        yield store
    finally:
        await store.close()


async def new_tenant(store: Store, slug: str = "acme") -> int:
    async with store.system() as session:
        return (await tenants.add(session, slug, f"{slug} Ltd", NOW)).id


@dataclass(frozen=True)
class Kept:
    """One of everything that is evidence."""

    domain_id: int
    scan: Scan
    assessed: Assessed
    report: Report
    attachment: Attachment
    exemption: Exemption


async def keep_one_of_each(session: TenantSession, domain: str = "example.com") -> Kept:
    seen = observation(domain)
    added = await domains.add(session, domain, NOW)
    scan = (await scans.store(session, seen, NOW)).scan
    assessed = await assessments.add(session, scan.id, assessment(seen), NOW)
    report = await reports.issue(session, assessed.id, Rendered("report.pdf", "pdf", b"%PDF-1.7"), "ada", NOW)
    attachment = await attachments.add(session, added.id, Upload("ihp-result", "ihp.pdf", "application/pdf", b"%PDF-1.4"), "ada", NOW)
    request = exceptions.Request(added.id, "spf.not-permissive", "the old gateway leaves in May", "Ada, CISO", NOW + 90 * DAY)
    return Kept(added.id, scan, assessed, report, attachment, await exceptions.grant(session, request, NOW))
