"""The report job: from the latest scan, or a new one, to signed files in the store."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

import msgspec

from hauberk.app.reporting import Written, prepare, reports
from hauberk.app.scanning import Scan
from hauberk.app.signing import SIGNATURE, Signing
from hauberk.app.work import orders
from hauberk.app.work.orders import Outcome, ReportWanted
from hauberk.app.work.organisation_key import organisation_key
from hauberk.app.work.scan_job import Subject, keep, look, scan_key, subject_of
from hauberk.app.work.workshop import Held, WontDoError, Workshop
from hauberk.report.signature.key import KeyUnusableError, SigningKey
from hauberk.store import assessments, domains, jobs, scans, tenants
from hauberk.store import reports as issued
from hauberk.store.assessments import Assessed
from hauberk.store.reports import Rendered
from hauberk.store.session import TenantSession


@dataclass(frozen=True, slots=True)
class _Found:
    """Whose report it is, the assessment that it can be made of already, whether the tenant has other domains, and its logo (PNG)."""

    subject: Subject
    assessed: Assessed | None
    several: bool
    logo: bytes


async def do_report(shop: Workshop, held: Held) -> None:
    """Raises `WontDoError`, `StoreError`, and what entering a world raises."""
    try:
        wanted = orders.read_payload(held.job.payload, ReportWanted)
    except msgspec.MsgspecError:
        raise WontDoError("the order cannot be read") from None
    found = await shop.patiently(partial(_find, shop, held, wanted))
    assessed = found.assessed or await _scanned(shop, held, found.subject)
    held.tell("reading the evidence", 0.85)
    scan = await shop.patiently(partial(_evidence, shop, held, assessed))
    held.tell("setting and signing the report", 0.9)
    key = await _key(shop, held, found.subject.company)
    files = await asyncio.to_thread(_made, found, scan, wanted.kinds, Signing(key, shop.clock))

    async def write() -> None:
        async with shop.writing(held) as session:
            kept = [await issued.issue(session, assessed.id, file, wanted.by, shop.now()) for file in files]
            done = Outcome(assessed.scan_id, assessed.id, tuple(report.id for report in kept))
            await jobs.finish(session, held.job, orders.outcome(done), shop.now())

    await shop.patiently(write)


async def _key(shop: Workshop, held: Held, company: str) -> SigningKey:
    try:
        return await organisation_key(shop.settings, shop.store, held.job.tenant_id, company, shop.now())
    except KeyUnusableError as error:
        raise WontDoError(f"the signing key cannot be used: {error}") from None


async def _evidence(shop: Workshop, held: Held, assessed: Assessed) -> Scan:
    async with shop.reading(held) as session:
        observation = await scans.observation_of(session, assessed.scan_id)
        assessment = await assessments.content(session, assessed.id)
    if observation is None or assessment is None:
        raise WontDoError("the evidence is not there any more")
    return Scan(observation, assessment)


async def _find(shop: Workshop, held: Held, wanted: ReportWanted) -> _Found:
    async with shop.reading(held) as session:
        return await _found(session, shop, held, wanted)


async def _found(session: TenantSession, shop: Workshop, held: Held, wanted: ReportWanted) -> _Found:
    domain = await domains.by_id(session, wanted.domain_id)
    if domain is None:
        raise WontDoError("there is no such domain any more")
    subject = await subject_of(session, domain)
    several = len(await domains.page(session, limit=2)) > 1
    kept = await tenants.logo(session)
    logo = b"" if kept is None else kept.logo
    scanned = await scans.by_key(session, scan_key(held))  # by an earlier attempt at this very job
    if scanned is not None:
        return _Found(subject, (await assessments.of_scan(session, scanned.id))[0], several, logo)
    latest = await assessments.latest(session, domain.id, shop.now(), rubric=subject.rubric.id)
    recent = latest is not None and timedelta(0) <= shop.now() - latest.observed_at <= shop.settings.recent
    if latest is not None and (domain.removed_at is not None or (recent and not wanted.fresh)):
        return _Found(subject, latest, several, logo)
    return _Found(subject, None, several, logo)


async def _scanned(shop: Workshop, held: Held, subject: Subject) -> Assessed:
    seen = await look(shop, held, subject)

    async def write() -> Assessed:
        async with shop.writing(held) as session:
            return await keep(session, shop, held, seen)

    return await shop.patiently(write)


def _made(found: _Found, scan: Scan, kinds: tuple[str, ...], signing: Signing) -> tuple[Rendered, ...]:
    """The files with those of their signatures."""
    prepared = prepare(scan, found.subject.company, signing, found.logo)
    if not prepared.exists:
        raise WontDoError(f"there is nothing to report: {scan.observation.domain} does not exist in the DNS (NXDOMAIN)")
    return tuple(file for written in reports(prepared, kinds, several=found.several) for file in _rendered(written))


def _rendered(written: Written) -> tuple[Rendered, ...]:
    kind = written.name.rpartition(".")[2]
    report = Rendered(written.name, kind, written.data)
    if not written.signature:
        return (report,)
    return (report, Rendered(written.name + SIGNATURE, "sig", written.signature))
