"""How often domains are scanned, and when: spread over the interval, always at the same time of it."""

import hashlib
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
    def of(cls, planned: Schedule) -> "Rhythm | None":
        """The rhythm of a plan; `None` for an interval that has no name."""
        return next((one for one in cls if one.every.total_seconds() == planned.every), None)


async def watch(session: TenantSession, domain_id: int, rhythm: Rhythm, at: datetime) -> Schedule:
    """Scan a domain in that rhythm from now on. Raises `StoreError` (missing)."""
    return await schedule.plan(session, domain_id, rhythm.every, first_due(session.tenant, domain_id, rhythm.every, at))


async def watch_all(session: TenantSession, rhythm: Rhythm, at: datetime) -> int:
    """The same for every domain of the tenant; how many there are."""
    watched, last = 0, ""
    while page := await domains.page(session, after=last, limit=500):
        for domain in page:
            await watch(session, domain.id, rhythm, at)
        watched, last = watched + len(page), page[-1].name
    return watched


def first_due(tenant: int, domain_id: int, every: timedelta, at: datetime) -> datetime:
    """The first time after `at` that is the domain's own within the interval: the same one whenever it is asked for, spread evenly."""
    digest = hashlib.sha256(f"{tenant}/{domain_id}".encode()).digest()
    seconds = int(every.total_seconds())
    offset = int.from_bytes(digest[:8]) % seconds
    since = int((at - _EPOCH).total_seconds())
    return _EPOCH + timedelta(seconds=since + 1 + (offset - since - 1) % seconds)
