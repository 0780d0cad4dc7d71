"""The delivery job: tell over one channel what is to be told, and note for each whether it arrived."""

import asyncio
import hashlib
from dataclasses import dataclass
from functools import partial

import msgspec

from hauberk.app.work import letters, mailing, orders, webhook, webhook_signature
from hauberk.app.work.letters import From, Message
from hauberk.app.work.mailing import NotDeliveredError
from hauberk.app.work.orders import DeliveryWanted, Outcome
from hauberk.app.work.sealing import SealError, sealer
from hauberk.app.work.webhook import Post
from hauberk.app.work.workshop import Held, TryLaterError, WontDoError, Workshop
from hauberk.store import alerts, channels, domains, jobs, tenants
from hauberk.store.channels import Channel, Kind
from hauberk.store.session import TenantSession


@dataclass(frozen=True, slots=True)
class _Parcel:
    """What goes over the channel; each message with its delivery, if it has one in the store."""

    channel: Channel
    source: From
    messages: tuple[tuple[int | None, Message], ...]


async def do_delivery(shop: Workshop, held: Held) -> None:
    """Raises `WontDoError`, `TryLaterError`, `StoreError`."""
    try:
        wanted = orders.read_payload(held.job.payload, DeliveryWanted)
    except msgspec.MsgspecError:
        raise WontDoError("the order cannot be read") from None
    parcel = await shop.patiently(partial(_parcel, shop, held, wanted))
    try:
        if parcel.messages and parcel.channel.kind is Kind.EMAIL:
            await _mail(shop, parcel)
        elif parcel.messages:
            await _post(shop, held, parcel)
    except NotDeliveredError as error:
        await _note_failure(shop, held, wanted, str(error))
        if error.final or wanted.test:  # whoever tests a channel wants to know now
            raise WontDoError(str(error)) from None
        raise TryLaterError(str(error)) from None

    async def write() -> None:
        async with shop.writing(held) as session:
            for delivery, _ in await alerts.to_deliver(session, wanted.deliveries):
                await alerts.delivered(session, delivery.id, shop.now())
            said = f"told {parcel.channel.target}" if parcel.messages else "there was nothing left to tell"
            await jobs.finish(session, held.job, orders.outcome(Outcome(said=said)), shop.now())

    await shop.patiently(write)


async def _parcel(shop: Workshop, held: Held, wanted: DeliveryWanted) -> _Parcel:
    async with shop.reading(held) as session:
        return await _packed(session, shop, held, wanted)


async def _packed(session: TenantSession, shop: Workshop, held: Held, wanted: DeliveryWanted) -> _Parcel:
    channel = await channels.by_id(session, wanted.channel_id)
    if channel is None or (channel.disabled_at is not None and not wanted.test):
        raise WontDoError("the channel is switched off")
    tenant, relay = await tenants.current(session), shop.settings.relay
    source = From(tenant.slug, tenant.name, shop.settings.base_url, relay.sender if relay else "")
    if wanted.note is not None:
        id = _id(tenant.id, f"job {held.job.id}")
        return _Parcel(channel, source, ((None, Message(id, wanted.note.event, wanted.note.text, held.job.created_at)),))
    messages: list[tuple[int | None, Message]] = []
    for delivery, alert in await alerts.to_deliver(session, wanted.deliveries):
        domain = await domains.by_id(session, alert.domain_id)
        id = _id(tenant.id, f"delivery {delivery.id} {alert.fingerprint}")
        name = domain.name if domain else ""
        messages.append((delivery.id, Message(id, alert.event, alert.message, alert.raised_at, name, alert.domain_id)))
    return _Parcel(channel, source, tuple(messages))


async def _mail(shop: Workshop, parcel: _Parcel) -> None:
    relay = shop.settings.relay
    if relay is None:
        raise NotDeliveredError("no mail relay is set up on the server")
    letter = letters.mail(tuple(message for _, message in parcel.messages), parcel.source, parcel.channel.target, shop.now())
    await asyncio.to_thread(mailing.send, letter, relay)


async def _post(shop: Workshop, held: Held, parcel: _Parcel) -> None:
    """One after the other; what arrived is noted at once, so that it is not sent again when a later one fails."""
    try:
        secret = (await sealer(shop.settings, shop.store)).open(parcel.channel.secret, held.job.tenant_id)
    except SealError as error:
        raise NotDeliveredError(str(error)) from None
    for delivery_id, message in parcel.messages:
        body = letters.webhook_body(message, parcel.source)
        signature = webhook_signature.sign(secret, body, shop.now())
        headers = ((webhook_signature.HEADER, signature), ("Hauberk-Event", message.event), ("Hauberk-Delivery", message.id))
        await webhook.post(Post(parcel.channel.target, headers, body), shop.settings)
        if delivery_id is not None:
            await _note_arrival(shop, held, delivery_id)


async def _note_arrival(shop: Workshop, held: Held, delivery_id: int) -> None:
    async def write() -> None:
        async with shop.writing(held) as session:
            await alerts.delivered(session, delivery_id, shop.now())

    await shop.patiently(write)


async def _note_failure(shop: Workshop, held: Held, wanted: DeliveryWanted, reason: str) -> None:
    async with shop.writing(held) as session:
        for delivery, _ in await alerts.to_deliver(session, wanted.deliveries):
            await alerts.not_delivered(session, delivery.id, reason)


def _id(tenant: int, what: str) -> str:
    return hashlib.sha256(f"{tenant} {what}".encode()).hexdigest()[:32]
