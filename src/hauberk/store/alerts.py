"""Alerts, their deliveries over channels, and silences."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import or_, select

from hauberk.store import channels, domains
from hauberk.store.errors import Fault, StoreError, missing
from hauberk.store.session import TenantSession
from hauberk.store.tables.work import alerts, deliveries, silences


@dataclass(frozen=True, slots=True)
class Alert:
    """`fingerprint` tells one occurrence from the next: raising it again is no second alert."""

    id: int
    domain_id: int
    event: str
    fingerprint: str
    message: str
    raised_at: datetime
    resolved_at: datetime | None


@dataclass(frozen=True, slots=True)
class Delivery:
    id: int
    alert_id: int
    channel_id: int
    attempts: int
    delivered_at: datetime | None
    last_error: str


@dataclass(frozen=True, slots=True)
class Silence:
    """Nothing is delivered in between, for one domain or for all."""

    id: int
    domain_id: int | None
    begins_at: datetime
    ends_at: datetime
    reason: str
    created_by: str


async def raise_alert(session: TenantSession, domain_id: int, event: str, fingerprint: str, message: str, at: datetime) -> Alert | None:
    """A new alert with a delivery for each channel that wants it, unless silenced; `None` when it was raised before.

    Raises `StoreError` (missing domain).
    """
    if await domains.by_id(session, domain_id) is None:
        raise missing("domain")
    id = await session.insert_unless_there(
        alerts, ("tenant_id", "fingerprint"), tenant_id=session.tenant, domain_id=domain_id, event=event, fingerprint=fingerprint,
        message=message, raised_at=at,
    )  # fmt: skip
    if id is None:
        return None
    if not await is_silenced(session, domain_id, at):
        for channel in await channels.all_channels(session):
            if channel.wants(event):
                await session.add(deliveries, alert_id=id, channel_id=channel.id)
    return Alert(id, domain_id, event, fingerprint, message, at, None)


async def resolve(session: TenantSession, id: int, at: datetime) -> None:
    """Raises `StoreError` (missing)."""
    if not await session.change(alerts, id, resolved_at=at):
        raise missing("alert")


async def by_id(session: TenantSession, id: int) -> Alert | None:
    return await session.by_id(Alert, alerts, id)


async def open_of(session: TenantSession, domain_id: int) -> tuple[Alert, ...]:
    """A domain's alerts that are not resolved, oldest first."""
    mine = session.select(Alert, alerts).where(alerts.c.domain_id == domain_id, alerts.c.resolved_at.is_(None))
    return await session.records(Alert, mine.order_by(alerts.c.id))


async def page(session: TenantSession, *, domain_id: int | None = None, before: int | None = None, limit: int = 100) -> tuple[Alert, ...]:
    """Newest first, from the one before the id `before`."""
    statement = session.select(Alert, alerts)
    if domain_id is not None:
        statement = statement.where(alerts.c.domain_id == domain_id)
    if before is not None:
        statement = statement.where(alerts.c.id < before)
    return await session.records(Alert, statement.order_by(alerts.c.id.desc()).limit(limit))


async def undelivered(session: TenantSession, *, attempts_below: int = 10, limit: int = 100) -> tuple[Delivery, ...]:
    """What is still to be told, oldest first."""
    waiting = session.select(Delivery, deliveries).where(deliveries.c.delivered_at.is_(None), deliveries.c.attempts < attempts_below)
    return await session.records(Delivery, waiting.order_by(deliveries.c.id).limit(limit))


async def deliveries_of(session: TenantSession, alert_id: int) -> tuple[Delivery, ...]:
    return await session.records(Delivery, session.select(Delivery, deliveries).where(deliveries.c.alert_id == alert_id))


async def to_deliver(session: TenantSession, ids: tuple[int, ...]) -> tuple[tuple[Delivery, Alert], ...]:
    """Those of the deliveries that have not arrived yet, with what they tell, oldest first."""
    waiting = session.select(Delivery, deliveries).where(deliveries.c.id.in_(ids), deliveries.c.delivered_at.is_(None))
    found = await session.records(Delivery, waiting.order_by(deliveries.c.id))
    told = session.select(Alert, alerts).where(alerts.c.id.in_([one.alert_id for one in found]))
    by_id = {alert.id: alert for alert in await session.records(Alert, told)}
    return tuple((one, by_id[one.alert_id]) for one in found)


async def delivered(session: TenantSession, id: int, at: datetime) -> None:
    """Raises `StoreError` (missing)."""
    told = {"delivered_at": at, "attempts": deliveries.c.attempts + 1, "last_error": ""}
    if not await session.change(deliveries, id, **told):
        raise missing("delivery")


async def not_delivered(session: TenantSession, id: int, reason: str) -> None:
    """Raises `StoreError` (missing)."""
    if not await session.change(deliveries, id, attempts=deliveries.c.attempts + 1, last_error=reason):
        raise missing("delivery")


async def silence(
    session: TenantSession, begins_at: datetime, ends_at: datetime, reason: str, by: str, *, domain_id: int | None = None
) -> Silence:
    """Raises `StoreError`: missing domain; invalid when it ends before it begins."""
    if ends_at <= begins_at:
        raise StoreError(Fault.INVALID, "a silence has to end after it begins")
    if domain_id is not None and await domains.by_id(session, domain_id) is None:
        raise missing("domain")
    id = await session.add(silences, domain_id=domain_id, begins_at=begins_at, ends_at=ends_at, reason=reason, created_by=by)
    return Silence(id, domain_id, begins_at, ends_at, reason, by)


async def silences_of(session: TenantSession) -> tuple[Silence, ...]:
    return await session.records(Silence, session.select(Silence, silences).order_by(silences.c.id.desc()))


async def end_silence(session: TenantSession, id: int, at: datetime) -> None:
    """Raises `StoreError` (missing)."""
    if not await session.change(silences, id, ends_at=at):
        raise missing("silence")


async def is_silenced(session: TenantSession, domain_id: int, at: datetime) -> bool:
    covers = or_(silences.c.domain_id.is_(None), silences.c.domain_id == domain_id)
    now = select(silences.c.id).where(session.own(silences), covers, silences.c.begins_at <= at, silences.c.ends_at > at)
    return await session.first(now.limit(1)) is not None
