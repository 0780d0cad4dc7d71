"""Channels: where a tenant wants to be told, and for which events."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from hauberk.store.errors import missing
from hauberk.store.session import TenantSession
from hauberk.store.tables.work import channels


class Kind(StrEnum):
    EMAIL = "email"
    WEBHOOK = "webhook"


@dataclass(frozen=True, slots=True)
class Channel:
    """`target` is a mail address or a URL; `secret` signs what a webhook gets; `events` by spaces, empty for all."""

    id: int
    kind: Kind
    target: str
    secret: str
    events: str
    created_at: datetime
    disabled_at: datetime | None

    def wants(self, event: str) -> bool:
        return self.disabled_at is None and (not self.events or event in self.events.split())


async def add(session: TenantSession, kind: Kind, target: str, at: datetime, *, secret: str = "", events: str = "") -> Channel:
    id = await session.add(channels, kind=kind.value, target=target, secret=secret, events=events, created_at=at)
    return Channel(id, kind, target, secret, events, at, None)


async def all_channels(session: TenantSession) -> tuple[Channel, ...]:
    return await session.records(Channel, session.select(Channel, channels).order_by(channels.c.id))


async def by_id(session: TenantSession, id: int) -> Channel | None:
    return await session.by_id(Channel, channels, id)


async def disable(session: TenantSession, id: int, at: datetime) -> None:
    """Raises `StoreError` (missing)."""
    if not await session.change(channels, id, disabled_at=at):
        raise missing("channel")
