"""When each domain is scanned again."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, or_, select
from sqlalchemy.dialects import postgresql, sqlite

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
    if await domains.by_id(session, domain_id) is None:
        raise missing("domain")
    await plan_many(session, {domain_id: first}, every)
    return Schedule(session.tenant, domain_id, _seconds(every), first)


async def plan_many(session: TenantSession, firsts: Mapping[int, datetime], every: timedelta, *, keep: bool = False) -> None:
    """The same for many domains of the tenant, by id with the first date of each; with `keep` those that are planned stay as they are."""
    make = postgresql.insert(schedules) if session.is_postgresql else sqlite.insert(schedules)
    key = ["tenant_id", "domain_id"]
    set_anew = {"every": make.excluded.every, "next_due": make.excluded.next_due}
    statement = make.on_conflict_do_nothing(index_elements=key) if keep else make.on_conflict_do_update(index_elements=key, set_=set_anew)
    common = {"tenant_id": session.tenant, "every": _seconds(every)}
    await session.run_many(statement, [common | {"domain_id": id, "next_due": first} for id, first in firsts.items()])


async def set_default(session: TenantSession, every: timedelta | None) -> None:
    """How often the tenant has the domains scanned that are added from now on, nothing for by order only. Raises `StoreError` (invalid)."""
    mine = evidence.tenants.update().where(evidence.tenants.c.id == session.tenant)
    await session.run(mine.values(scan_every=None if every is None else _seconds(every)))


async def default(session: TenantSession) -> timedelta | None:
    row = await session.first(select(evidence.tenants.c.scan_every).where(evidence.tenants.c.id == session.tenant))
    return None if row is None or row.scan_every is None else timedelta(seconds=row.scan_every)


def _seconds(every: timedelta) -> int:
    seconds = int(every.total_seconds())
    if not 3600 <= seconds <= _LONGEST:
        raise StoreError(Fault.INVALID, "a domain is scanned at most every hour and at least every 400 days")
    return seconds


async def stop(session: TenantSession, domain_id: int) -> None:
    """Raises `StoreError` (missing)."""
    if not await session.run(delete(schedules).where(session.own(schedules), schedules.c.domain_id == domain_id)):
        raise missing("schedule")


async def of_tenant(session: TenantSession) -> tuple[Schedule, ...]:
    return await session.records(Schedule, session.select(Schedule, schedules).order_by(schedules.c.next_due))


async def of_domain(session: TenantSession, domain_id: int) -> Schedule | None:
    return await session.record(Schedule, session.select(Schedule, schedules).where(schedules.c.domain_id == domain_id))


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
