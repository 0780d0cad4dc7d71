"""How often domains are scanned, and when: spread over the interval, always at the same time of it."""

import hashlib
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from hauberk.store import domains, schedule
from hauberk.store.schedule import Schedule
from hauberk.store.session import TenantSession

_EPOCH = datetime(2026, 1, 1, tzinfo=UTC)


class Rhythm(StrEnum):
    DAILY = "daily"
    WEEKLY = "weekly"
    FORTNIGHTLY = "fortnightly"
    MONTHLY = "monthly"

    @property
    def every(self) -> timedelta:
        return timedelta(days={Rhythm.DAILY: 1, Rhythm.WEEKLY: 7, Rhythm.FORTNIGHTLY: 14, Rhythm.MONTHLY: 30}[self])

    @classmethod
    def of(cls, every: timedelta) -> "Rhythm | None":
        """`None` for an interval that has no name."""
        return next((one for one in cls if one.every == every), None)


async def watch(session: TenantSession, domain_id: int, rhythm: Rhythm, at: datetime) -> Schedule:
    """Scan a domain in that rhythm from now on. Raises `StoreError` (missing)."""
    return await schedule.plan(session, domain_id, rhythm.every, first_due(session.tenant, domain_id, rhythm.every, at))


async def watch_all(session: TenantSession, rhythm: Rhythm, at: datetime) -> int:
    """The same for every domain of the tenant, and for those that are added later; how many there are."""
    await schedule.set_default(session, rhythm.every)
    watched, last = 0, ""
    while page := await domains.page(session, after=last, limit=500):
        await schedule.plan_many(session, _firsts(session, (one.id for one in page), rhythm.every, at), rhythm.every)
        watched, last = watched + len(page), page[-1].name
    return watched


async def look_after(session: TenantSession, names: Iterable[str], at: datetime) -> tuple[int, ...]:
    """Add domains as `domains.add_all` does, planned as the tenant has new ones planned; those that come back keep the plan they had."""
    added = await domains.add_all(session, names, at)
    every = await schedule.default(session)
    if every is not None:
        await schedule.plan_many(session, _firsts(session, added, every, at), every, keep=True)
    return added


def _firsts(session: TenantSession, ids: Iterable[int], every: timedelta, at: datetime) -> dict[int, datetime]:
    return {id: first_due(session.tenant, id, every, at) for id in ids}


def first_due(tenant: int, domain_id: int, every: timedelta, at: datetime) -> datetime:
    """The first time after `at` that is the domain's own within the interval: the same one whenever it is asked for, spread evenly."""
    digest = hashlib.sha256(f"{tenant}/{domain_id}".encode()).digest()
    seconds = int(every.total_seconds())
    offset = int.from_bytes(digest[:8]) % seconds
    since = int((at - _EPOCH).total_seconds())
    return _EPOCH + timedelta(seconds=since + 1 + (offset - since - 1) % seconds)
