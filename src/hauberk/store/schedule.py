"""When each domain is scanned again."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, or_, select

from hauberk.store import domains
from hauberk.store.columns import columns
from hauberk.store.errors import Fault, StoreError, missing
from hauberk.store.jobs import State
from hauberk.store.session import SystemSession, TenantSession
from hauberk.store.tables import evidence
from hauberk.store.tables.work import jobs, schedules

SCAN = "scan"
_LONGEST = 400 * 86400


@dataclass(frozen=True, slots=True)
class Schedule:
    """`every` in seconds."""

    tenant_id: int
    domain_id: int
    every: int
    next_due: datetime


async def plan(session: TenantSession, domain_id: int, every: timedelta, first: datetime) -> Schedule:
    """Scan a domain again and again. Raises `StoreError`: missing domain; invalid unless between an hour and 400 days."""
    seconds = int(every.total_seconds())
    if not 3600 <= seconds <= _LONGEST:
        raise StoreError(Fault.INVALID, "a domain is scanned at most every hour and at least every 400 days")
    if await domains.by_id(session, domain_id) is None:
        raise missing("domain")
    mine = schedules.update().where(session.own(schedules), schedules.c.domain_id == domain_id)
    if not await session.run(mine.values(every=seconds, next_due=first)):
        await session.run(schedules.insert().values(tenant_id=session.tenant, domain_id=domain_id, every=seconds, next_due=first))
    return Schedule(session.tenant, domain_id, seconds, first)


async def stop(session: TenantSession, domain_id: int) -> None:
    """Raises `StoreError` (missing)."""
    if not await session.run(delete(schedules).where(session.own(schedules), schedules.c.domain_id == domain_id)):
        raise missing("schedule")


async def of_tenant(session: TenantSession) -> tuple[Schedule, ...]:
    return await session.records(Schedule, session.select(Schedule, schedules).order_by(schedules.c.next_due))


async def order_due(session: SystemSession, at: datetime, *, limit: int = 500) -> int:
    """Turn what is due into scan jobs and set the next date, in one transaction; how many. Missed dates are made up for once.

    A date more than two intervals away was set by a clock that ran ahead: it counts as due. The job's payload is the domain's name.
    """
    intervals = [int(row[0]) for row in await session.rows(select(schedules.c.every).distinct())]
    astray = [(schedules.c.every == every) & (schedules.c.next_due > at + timedelta(seconds=2 * every)) for every in intervals]
    wanted = (
        select(*columns(schedules, Schedule), evidence.domains.c.name)
        .join(evidence.domains, evidence.domains.c.id == schedules.c.domain_id)
        .join(evidence.tenants, evidence.tenants.c.id == schedules.c.tenant_id)
        .where(or_(schedules.c.next_due <= at, *astray))
        .where(evidence.domains.c.removed_at.is_(None), evidence.tenants.c.archived_at.is_(None))
        .order_by(schedules.c.next_due)
        .limit(limit)
    )
    if session.is_postgresql:
        wanted = wanted.with_for_update(skip_locked=True, of=schedules)
    rows = await session.rows(wanted)
    for row in rows:
        await session.insert_unless_there(
            jobs, ("tenant_id", "key"), tenant_id=row.tenant_id, kind=SCAN, key=f"schedule:{row.domain_id}:{row.next_due.isoformat()}",
            state=State.WAITING.value, due_at=at, created_at=at, payload=row.name.encode(),
        )  # fmt: skip
        mine = (schedules.c.tenant_id == row.tenant_id) & (schedules.c.domain_id == row.domain_id)
        await session.run(schedules.update().where(mine).values(next_due=_next(row.next_due, timedelta(seconds=row.every), at)))
    return len(rows)


def _next(due: datetime, every: timedelta, at: datetime) -> datetime:
    """The first date after `at` on the same beat; from `at` itself where the date came from a clock that ran ahead."""
    if due > at:
        return at + every
    return due + every * ((at - due) // every + 1)
