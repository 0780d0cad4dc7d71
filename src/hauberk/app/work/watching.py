"""What a new scan means for those who watch the domain: alerts raised and resolved, and another look ordered where it may be a slip."""

import asyncio
from dataclasses import dataclass
from datetime import datetime

from hauberk.app.scanning import Scan, assess
from hauberk.app.work import orders
from hauberk.app.work.events import Event, Fingerprint
from hauberk.app.work.expiry import Shown, certificate_message, certificates, days_left
from hauberk.app.work.regressions import Look, is_mended, trend
from hauberk.app.work.telling import News, recovered, tell
from hauberk.app.work.work_settings import WorkSettings
from hauberk.model.assessment import Assessment
from hauberk.model.observation import Observation
from hauberk.scoring.rubric import Rubric
from hauberk.store import alerts, assessments, exceptions, jobs, scans
from hauberk.store.alerts import Alert
from hauberk.store.domains import Domain
from hauberk.store.jobs import Order
from hauberk.store.session import TenantSession
from hauberk.store.store import Store

_LOOKS_BACK = 6


@dataclass(frozen=True, slots=True)
class Noticed:
    """A scan that has just been stored, with those before it."""

    domain: Domain
    scan_id: int
    scan: Scan
    earlier: tuple[Look, ...]


async def earlier_looks(store: Store, tenant: int, domain: Domain, scan: Scan, rubric: Rubric) -> tuple[Look, ...]:
    """The last scans up to this one, newest first, by the same catalogue and rubric: those that were judged otherwise are judged again.

    Nothing is written. Read it before the transaction that stores the scan.
    """
    kept: list[tuple[int, Assessment | Observation]] = []
    async with store.tenant(tenant, writing=False) as session:
        for one in await scans.history(session, domain.id, limit=_LOOKS_BACK):
            if one.observed_at <= scan.observation.at and one.evidence_id != scan.assessment.observation:
                found = await _judged(session, one.id, scan.assessment) or await scans.observation_of(session, one.id)
                if found is not None:
                    kept.append((one.id, found))
    looks: list[Look] = []
    for scan_id, found in kept:
        judged = await asyncio.to_thread(assess, found, rubric, plan=False) if isinstance(found, Observation) else found
        looks.append(Look(scan_id, judged))
    return tuple(looks)


async def _judged(session: TenantSession, scan_id: int, like: Assessment) -> Assessment | None:
    for one in await assessments.of_scan(session, scan_id):
        if (one.catalogue, one.rubric) == (like.catalogue, like.rubric):
            return await assessments.content(session, one.id)
    return None


async def notice(session: TenantSession, noticed: Noticed, settings: WorkSettings, at: datetime) -> None:
    """Tell what got worse, better or is about to end, in the transaction that stores the scan. Raises `StoreError`."""
    domain, newest = noticed.domain, noticed.scan.assessment
    looks = (Look(noticed.scan_id, newest), *noticed.earlier)
    found = trend(looks)
    if found.worse or found.suspected:  # mostly nothing is, and what is excepted need not be asked for
        holding = await exceptions.of_domain(session, domain.id, holding_at=at)
        found = trend(looks, frozenset(one.check for one in holding if not one.subject))
    shown = certificates(noticed.scan.observation)
    open_alerts = await alerts.open_of(session, domain.id)
    news = [News(Fingerprint(one.event, domain.id, one.about, str(one.since)), one.message) for one in found.worse]
    if found.better:
        news.append(News(Fingerprint(Event.BAND, domain.id, "better", str(noticed.scan_id)), found.better, passing=True))
    news += _ending(domain, shown, at)
    for alert in open_alerts:
        message = _mended(domain, alert, newest, shown, at)
        if message is not None:
            await alerts.resolve(session, alert.id, at)
            news += [recovered(domain.id, alert, message)] if message else []
    await tell(session, tuple(news), at, gather=settings.gather)
    if found.suspected:
        again = Order(orders.SCAN, f"retest:{noticed.scan_id}", domain.name.encode(), orders.SCHEDULED + 1)
        await jobs.enqueue(session, again, at + settings.retest_after, at)


def _ending(domain: Domain, shown: tuple[Shown, ...], at: datetime) -> list[News]:
    return [
        News(certificate_fingerprint(domain.id, one, days), certificate_message(domain.name, one, at))
        for one in shown
        if (days := days_left(one, at)) is not None
    ]


def certificate_fingerprint(domain_id: int, shown: Shown, days: int) -> Fingerprint:
    return Fingerprint(Event.CERTIFICATE, domain_id, shown.host, f"{shown.not_after:%Y-%m-%dT%H:%M:%SZ}/{days}")


def _mended(domain: Domain, alert: Alert, newest: Assessment, shown: tuple[Shown, ...], at: datetime) -> str | None:
    """What to say now that an alert is over, nothing in some cases; `None` while it is not."""
    was = Fingerprint.read(alert.fingerprint)
    if was is None:
        return None
    match was.event:
        case Event.EVIDENCE:
            return ""
        case Event.CERTIFICATE:
            return _renewed(domain, was, shown, at)
        case Event.BAND:
            return "" if is_mended(was.event, was.about, newest) else None  # that it rose is told as such
        case Event.UNREACHABLE:
            return f"{domain.name} can be reached again" if is_mended(was.event, was.about, newest) else None
        case _:
            return f"{domain.name}: {was.about} fails no longer" if is_mended(was.event, was.about, newest) else None


def _renewed(domain: Domain, was: Fingerprint, shown: tuple[Shown, ...], at: datetime) -> str | None:
    """A warning is over when a later one takes its place, without a word, or when the host shows another certificate."""
    now = next((one for one in shown if one.host == was.about), None)
    if now is None:
        return None
    ended, _, days = was.occurrence.partition("/")
    if f"{now.not_after:%Y-%m-%dT%H:%M:%SZ}" == ended:
        return "" if str(days_left(now, at)) != days else None
    return f"{domain.name}: {now.host} shows another certificate, which is valid until {now.not_after:%Y-%m-%d}"
