"""Raising alerts and ordering that people are told: what is raised within a short while goes to each channel as one message."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from hauberk.app.work import orders
from hauberk.app.work.events import Event, Fingerprint
from hauberk.app.work.orders import DeliveryWanted
from hauberk.protocols.malformed import visible
from hauberk.store import alerts, chain, jobs
from hauberk.store.jobs import Order, State
from hauberk.store.session import TenantSession

_MOST_TOGETHER = 200


@dataclass(frozen=True, slots=True)
class News:
    """An alert to be raised; `passing` ones are over at once."""

    fingerprint: Fingerprint
    message: str
    passing: bool = False


async def tell(session: TenantSession, news: tuple[News, ...], at: datetime, *, gather: timedelta) -> int:
    """Raise what was not raised before, to be delivered with what comes within `gather`; how many were new. Raises `StoreError`."""
    raised, to_deliver = 0, dict[int, list[int]]()
    if news:
        await chain.hold(session)  # so that no two raise the same, or begin a message to the same channel, at once
    for one in news:
        fingerprint = one.fingerprint
        alert = await alerts.raise_alert(
            session, fingerprint.domain_id, fingerprint.event, str(fingerprint), visible(one.message)[:4000], at
        )
        if alert is None:
            continue
        raised += 1
        if one.passing:
            await alerts.resolve(session, alert.id, at)
        for delivery in await alerts.deliveries_of(session, alert.id):
            to_deliver.setdefault(delivery.channel_id, []).append(delivery.id)
    for channel_id, deliveries in to_deliver.items():
        await _post(session, channel_id, tuple(deliveries), at, gather)
    return raised


async def _post(session: TenantSession, channel_id: int, deliveries: tuple[int, ...], at: datetime, gather: timedelta) -> None:
    """Put them into the message to that channel that has not been begun, or begin one."""
    for job in await jobs.open_of(session, orders.DELIVER):
        wanted = orders.read_payload(job.payload, DeliveryWanted)
        if job.state is not State.WAITING or wanted.channel_id != channel_id or not wanted.deliveries:
            continue
        together = wanted.deliveries + deliveries
        if len(together) <= _MOST_TOGETHER and await jobs.amend(session, job, orders.payload(DeliveryWanted(channel_id, together))):
            return
    order = Order(orders.DELIVER, f"deliver:{channel_id}:{deliveries[0]}", orders.payload(DeliveryWanted(channel_id, deliveries)))
    await jobs.enqueue(session, order, at + gather, at)


def recovered(domain_id: int, alert: alerts.Alert, message: str) -> News:
    return News(Fingerprint(Event.RECOVERED, domain_id, "", str(alert.id)), message, passing=True)
