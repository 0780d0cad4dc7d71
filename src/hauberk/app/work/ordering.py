"""Ordering work and asking how far it is. An order is one row in the store; whoever works finds it there."""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from hauberk.app.work import orders
from hauberk.app.work.events import Event
from hauberk.app.work.orders import DeliveryWanted, Note, RejudgingWanted, ReportWanted
from hauberk.scoring import rubric as rubrics
from hauberk.store import chain, channels, domains, jobs, tenants
from hauberk.store.errors import Fault, StoreError, missing
from hauberk.store.jobs import Job, Order, State
from hauberk.store.session import TenantSession
from hauberk.store.store import Store

_TOGETHER = 2500  # orders of one transaction


_LONGEST_KEY = 180
_A_MOMENT = timedelta(seconds=10)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a job is. `stage` in words, `fraction` of 1; the ids are there when it is done, `reason` says why it failed."""

    job_id: int
    kind: str
    state: State
    stage: str
    fraction: float
    scan_id: int | None = None
    assessment_id: int | None = None
    report_ids: tuple[int, ...] = ()
    reason: str = ""

    @property
    def ended(self) -> bool:
        return self.state in (State.DONE, State.FAILED, State.CANCELLED)


async def order_scan(store: Store, tenant: int, domain_id: int, by: str, at: datetime, *, key: str = "") -> Job:
    """A scan of the domain, before all that nobody waits for. While one waits, or was ordered a moment ago, that one is it: two people who
    click at once get one job. One that has run for a while is not: it may have asked before what is to be seen was changed.

    The same `key` (at most 180 characters) always gives the same job. Raises `StoreError`: missing domain; invalid key, or one that was
    used for something else.
    """
    del by  # a scan says what the network said, whoever wanted to know
    async with store.tenant(tenant) as session:
        domain = await domains.by_id(session, domain_id)
        if domain is None or domain.removed_at is not None:
            raise missing("domain")
        order = Order(orders.SCAN, f"order:{key}", domain.name.encode(), orders.WAITED_FOR)
        if key:
            return await _order_by_key(session, order, at)
        await chain.hold(session)  # of two who order at the same moment, the second sees what the first has ordered
        there = await jobs.open_with(session, order.kind, order.payload)
        if there is not None and there.state is State.RUNNING and at - there.created_at > _A_MOMENT:
            there = None
        return await _join_or_order(session, order, there, at)


async def order_scans(store: Store, tenant: int, domain_ids: Iterable[int], at: datetime) -> int:
    """Scans of many domains, behind those that somebody waits for; how many were ordered. Ids that are not the tenant's are left out."""
    wanted = list(dict.fromkeys(domain_ids))
    ordered = 0
    for start in range(0, len(wanted), _TOGETHER):  # others get their turn at the database in between
        some = wanted[start : start + _TOGETHER]
        async with store.tenant(tenant) as session:
            await chain.hold(session)
            under_way = await jobs.payloads_of(session, orders.SCAN)
            names = [name.encode() for name in await domains.looked_after(session, some)]
            new = [Order(orders.SCAN, _new_key(orders.SCAN), name, orders.IN_BULK) for name in names if name not in under_way]
            await jobs.enqueue_all(session, new, at, at)
            ordered += len(new)
    return ordered


async def order_report(
    store: Store, tenant: int, domain_id: int, kinds: tuple[str, ...], by: str, at: datetime, *, fresh: bool = False, key: str = ""
) -> Job:
    """Signed files of the kinds pdf, png, jpg, zip; of a new scan where the last is not recent, or `fresh` asks for it.

    Joins and `key` as with `order_scan`. Raises `StoreError`: missing domain; invalid kinds or key.
    """
    wanted = tuple(kind for kind in orders.KINDS if kind in kinds)
    if not wanted or len(wanted) != len(set(kinds)):
        raise StoreError(Fault.INVALID, f"a report is some of {', '.join(orders.KINDS)}")
    async with store.tenant(tenant) as session:
        domain = await domains.by_id(session, domain_id)
        if domain is None:
            raise missing("domain")
        report = ReportWanted(domain_id, wanted, by, fresh)
        order = Order(orders.REPORT, f"order:{key}", orders.payload(report), orders.WAITED_FOR)
        if key:
            return await _order_by_key(session, order, at)
        await chain.hold(session)
        under_way = await jobs.open_of(session, orders.REPORT)
        there = next((job for job in under_way if report.same(orders.read_payload(job.payload, ReportWanted))), None)
        return await _join_or_order(session, order, there, at)


async def order_channel_test(store: Store, tenant: int, channel_id: int, by: str, at: datetime) -> Job:
    """A message that says it is a test. Its progress says whether it arrived. Raises `StoreError` (missing)."""
    async with store.tenant(tenant) as session:
        if await channels.by_id(session, channel_id) is None:
            raise missing("channel")
        note = Note(Event.TEST, f"This is a test, which {by} asked for: alerts will arrive here.")
        payload = orders.payload(DeliveryWanted(channel_id, note=note, test=True))
        return await jobs.enqueue(session, Order(orders.DELIVER, _new_key("test"), payload, orders.WAITED_FOR), at, at)


async def use_rubric(session: TenantSession, rubric: str, at: datetime) -> Job:
    """Score by that rubric (by its name) from now on, and judge what is kept by it too; the assessments that are there stay as they are.

    Raises `StoreError` (invalid).
    """
    if rubric not in rubrics.names():
        raise StoreError(Fault.INVALID, f"the rubrics are {', '.join(rubrics.names())}")
    await chain.hold(session)
    await tenants.use_rubric(session, rubric)
    order = Order(orders.REJUDGE, "", orders.payload(RejudgingWanted(rubric)), orders.IN_BULK)
    return await _join_or_order(session, order, await jobs.open_with(session, order.kind, order.payload), at)


async def cancel(store: Store, tenant: int, job_id: int, at: datetime) -> None:
    """Nothing more is done. Raises `StoreError` (missing)."""
    async with store.tenant(tenant) as session:
        await jobs.cancel(session, job_id, at)


async def progress(store: Store, tenant: int, job_id: int) -> Progress | None:
    """How far a job of the tenant is; `None` when it has none of that id."""
    async with store.tenant(tenant, writing=False) as session:
        job = await jobs.by_id(session, job_id)
    return None if job is None else progress_of(job)


def progress_of(job: Job) -> Progress:
    """A job as people see it."""
    match job.state:
        case State.DONE:
            done = orders.outcome_of(job.outcome)
            return Progress(job.id, job.kind, job.state, done.said or "done", 1.0, done.scan, done.assessment, done.reports)
        case State.FAILED | State.CANCELLED:
            return Progress(job.id, job.kind, job.state, job.state.value, 1.0, reason=job.outcome)
        case State.WAITING:
            again = "waiting to be tried again" if job.outcome else "waiting for its turn"
            return Progress(job.id, job.kind, job.state, again, 0.0, reason=job.outcome)
        case State.RUNNING:
            told = orders.stage_of(job.progress)
            return Progress(job.id, job.kind, job.state, told.words or "begun", told.fraction)


async def _order_by_key(session: TenantSession, order: Order, at: datetime) -> Job:
    if len(order.key) > len("order:") + _LONGEST_KEY:
        raise StoreError(Fault.INVALID, f"the key of an order has at most {_LONGEST_KEY} characters")
    job = await jobs.enqueue(session, order, at, at)
    if (job.kind, job.payload) != (order.kind, order.payload):
        raise StoreError(Fault.CONFLICT, "this key was used for another order")
    return job


async def _join_or_order(session: TenantSession, order: Order, there: Job | None, at: datetime) -> Job:
    if there is None:
        return await jobs.enqueue(session, replace(order, key=_new_key(order.kind)), at, at)
    await jobs.hasten(session, there.id, order.priority, at)
    return there


def _new_key(kind: str) -> str:
    return f"{kind}:{secrets.token_hex(16)}"
