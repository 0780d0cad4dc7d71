"""Jobs: what is to be done lives in the database, so that a restart loses nothing and doubles nothing.

A worker claims due jobs for a while (a lease). Whoever dies lets the lease run out, and the job is claimed again. What a job brings is
written in the same transaction as `finish`, which holds only for the worker that has the lease: of two workers that both believe in
theirs, one is refused and its transaction undone.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import and_, delete, func, or_, select

from hauberk.store.columns import read, returning
from hauberk.store.errors import Fault, StoreError, missing
from hauberk.store.session import Session, SystemSession, TenantSession
from hauberk.store.tables.work import jobs


class State(StrEnum):
    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Job:
    """`key` makes asking for it again harmless; `payload` is the caller's; `attempts` counts the claims; `outcome` says what came of it."""

    id: int
    tenant_id: int
    kind: str
    key: str
    state: State
    priority: int
    due_at: datetime
    created_at: datetime
    attempts: int
    worker: str
    lease_until: datetime | None
    finished_at: datetime | None
    progress: str
    outcome: str
    payload: bytes


@dataclass(frozen=True, slots=True)
class Order:
    """A job to be done; the higher the priority the sooner, among those that are due."""

    kind: str
    key: str
    payload: bytes
    priority: int = 0


async def enqueue(session: TenantSession, order: Order, due_at: datetime, at: datetime) -> Job:
    """The job of that key: a new one, or the one that is there, whatever has become of it."""
    await session.insert_unless_there(
        jobs, ("tenant_id", "key"), tenant_id=session.tenant, kind=order.kind, key=order.key, state=State.WAITING.value,
        priority=order.priority, due_at=due_at, created_at=at, payload=order.payload,
    )  # fmt: skip
    found = await by_key(session, order.key)
    if found is None:
        raise StoreError(Fault.BUSY, "the same job is being ordered by another session")
    return found


async def enqueue_all(session: TenantSession, orders: Sequence[Order], due_at: datetime, at: datetime) -> None:
    """Many jobs, each with a new key of its own, thousands in a second. Raises `StoreError` (conflict) where a key is taken."""
    common = {"tenant_id": session.tenant, "state": State.WAITING.value, "due_at": due_at, "created_at": at}
    rows = [{**common, "kind": one.kind, "key": one.key, "priority": one.priority, "payload": one.payload} for one in orders]
    await session.run_many(jobs.insert(), rows)


async def claim(
    session: SystemSession,
    worker: str,
    at: datetime,
    lease: timedelta,
    *,
    kinds: tuple[str, ...] = (),
    least: int | None = None,
    limit: int = 1,
    holding: Collection[int] = (),
) -> tuple[Job, ...]:
    """Jobs that are due, or whose worker's lease ran out; they are the worker's until `at + lease`. No job is claimed by two.

    `least` is the lowest priority wanted; `holding` are the ids that the worker is busy with: slow is not abandoned. A job ordered in what
    is still the future was ordered by a clock that ran ahead: it counts as due after five minutes of grace. A lease further away than it
    could be was given by such a clock; it counts as run out after a day.
    """
    ahead = jobs.c.created_at > at + timedelta(minutes=5)
    waiting = and_(jobs.c.state == State.WAITING.value, or_(jobs.c.due_at <= at, ahead))
    abandoned = or_(jobs.c.lease_until <= at, jobs.c.lease_until > at + lease + timedelta(days=1))
    claimable = or_(waiting, and_(jobs.c.state == State.RUNNING.value, abandoned))
    wanted = select(jobs.c.id).where(claimable).order_by(jobs.c.priority.desc(), jobs.c.due_at, jobs.c.id).limit(limit)
    if kinds:
        wanted = wanted.where(jobs.c.kind.in_(kinds))
    if least is not None:
        wanted = wanted.where(jobs.c.priority >= least)
    if holding:
        wanted = wanted.where(jobs.c.id.not_in(holding))
    if session.is_postgresql:
        wanted = wanted.with_for_update(skip_locked=True)
    ids = [int(row[0]) for row in await session.rows(wanted)]
    taken = jobs.update().where(jobs.c.id.in_(ids)).values(
        state=State.RUNNING.value, worker=worker, lease_until=at + lease, attempts=jobs.c.attempts + 1
    )  # fmt: skip
    rows = await session.rows(returning(taken, jobs, Job)) if ids else []
    return tuple(sorted((read(Job, row) for row in rows), key=lambda job: ids.index(job.id)))


async def extend(session: SystemSession, job: Job, until: datetime, *, progress: str = "") -> None:
    """Keep the lease while the work goes on. Raises `StoreError` (conflict) when the job is no longer this worker's."""
    await _as_holder(session, job, lease_until=until, progress=progress)


async def finish(session: TenantSession, job: Job, outcome: str, at: datetime) -> None:
    """Done, in the transaction that writes what came of it. Raises `StoreError` (conflict) when the job is no longer this worker's."""
    await _as_holder(session, job, state=State.DONE.value, outcome=outcome, finished_at=at, lease_until=None)


async def fail(session: Session, job: Job, reason: str, at: datetime, *, again_at: datetime | None = None) -> None:
    """It did not work: try again at a time, or never. Raises `StoreError` (conflict) when the job is no longer this worker's."""
    if again_at is None:
        await _as_holder(session, job, state=State.FAILED.value, outcome=reason, finished_at=at, lease_until=None)
    else:
        await _as_holder(session, job, state=State.WAITING.value, outcome=reason, due_at=again_at, lease_until=None)


async def _as_holder(session: Session, job: Job, /, **values: object) -> None:
    """`attempts` tells this claim from every other, even one by the same worker."""
    claimed = [jobs.c.id == job.id, jobs.c.state == State.RUNNING.value, jobs.c.worker == job.worker, jobs.c.attempts == job.attempts]
    if isinstance(session, TenantSession):
        claimed.append(session.own(jobs))
    if not await session.run(jobs.update().where(*claimed).values(**values)):
        raise StoreError(Fault.CONFLICT, f"job {job.id} is no longer {job.worker}'s: its lease ran out or it was cancelled")


async def cancel(session: TenantSession, id: int, at: datetime) -> None:
    """Whoever works on it is refused when done. One that has ended stays as it is. Raises `StoreError` (missing)."""
    if await by_id(session, id) is None:
        raise missing("job")
    open_ = jobs.c.state.in_((State.WAITING.value, State.RUNNING.value))
    ended = jobs.update().where(session.own(jobs), jobs.c.id == id, open_)
    await session.run(ended.values(state=State.CANCELLED.value, finished_at=at, lease_until=None))


async def by_id(session: TenantSession, id: int) -> Job | None:
    return await session.by_id(Job, jobs, id)


async def by_key(session: TenantSession, key: str) -> Job | None:
    return await session.record(Job, session.select(Job, jobs).where(jobs.c.key == key))


async def open_with(session: TenantSession, kind: str, payload: bytes) -> Job | None:
    """The newest job of that kind and payload that has not ended."""
    open_ = jobs.c.state.in_((State.WAITING.value, State.RUNNING.value))
    same = session.select(Job, jobs).where(open_, jobs.c.kind == kind, jobs.c.payload == payload)
    return await session.record(Job, same.order_by(jobs.c.id.desc()).limit(1))


async def open_of(session: TenantSession, kind: str) -> tuple[Job, ...]:
    """All jobs of that kind that have not ended, oldest first."""
    open_ = jobs.c.state.in_((State.WAITING.value, State.RUNNING.value))
    return await session.records(Job, session.select(Job, jobs).where(open_, jobs.c.kind == kind).order_by(jobs.c.id))


async def payloads_of(session: TenantSession, kind: str) -> frozenset[bytes]:
    """The payloads of all jobs of that kind that have not ended."""
    open_ = jobs.c.state.in_((State.WAITING.value, State.RUNNING.value))
    rows = await session.rows(select(jobs.c.payload).where(session.own(jobs), jobs.c.kind == kind, open_))
    return frozenset(bytes(row[0]) for row in rows)


async def under_way(session: TenantSession, kind: str, at: datetime) -> int:
    """How many jobs of that kind run or are due; those that are to come are not counted."""
    due = (jobs.c.state == State.RUNNING.value) | ((jobs.c.state == State.WAITING.value) & (jobs.c.due_at <= at))
    row = await session.first(select(func.count()).select_from(jobs).where(session.own(jobs), jobs.c.kind == kind, due))
    return 0 if row is None else int(row[0])


async def hasten(session: TenantSession, id: int, priority: int, due_at: datetime) -> None:
    """Let a job that waits be due at `due_at`, with that priority if it had a lower one. One that no longer waits stays as it is."""
    waiting = jobs.update().where(session.own(jobs), jobs.c.id == id, jobs.c.state == State.WAITING.value)
    await session.run(waiting.where(jobs.c.priority < priority).values(priority=priority))
    await session.run(waiting.values(due_at=due_at))


async def amend(session: TenantSession, job: Job, payload: bytes) -> bool:
    """Give a job that waits for its first claim another payload; whether it was still so, with the payload that `job` has."""
    same = (jobs.c.id == job.id, jobs.c.state == State.WAITING.value, jobs.c.attempts == 0, jobs.c.payload == job.payload)
    return await session.run(jobs.update().where(session.own(jobs), *same).values(payload=payload)) == 1


async def recent(session: TenantSession, *, before: int | None = None, limit: int = 100) -> tuple[Job, ...]:
    """Newest first, from the one before the id `before`."""
    statement = session.select(Job, jobs)
    if before is not None:
        statement = statement.where(jobs.c.id < before)
    return await session.records(Job, statement.order_by(jobs.c.id.desc()).limit(limit))


async def forget_ended(session: SystemSession, before: datetime) -> int:
    """Drop jobs that ended before a moment; their keys may be used again. How many there were."""
    return await session.run(delete(jobs).where(jobs.c.finished_at < before))
