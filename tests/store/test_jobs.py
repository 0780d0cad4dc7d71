"""Jobs and schedules: each is done once, whoever dies and whoever claims at the same moment."""

import asyncio
from datetime import timedelta

import pytest

from hauberk.store import domains, jobs, scans, schedule
from hauberk.store.errors import Fault, StoreError
from hauberk.store.jobs import Order, State
from hauberk.store.store import Store
from store.samples import DAY, NOW, new_tenant, observation, opened

LEASE = timedelta(minutes=5)
MINUTE = timedelta(minutes=1)


async def _claim(store: Store, worker: str, at: timedelta = timedelta(), limit: int = 1) -> tuple[jobs.Job, ...]:
    async with store.system() as system:
        return await jobs.claim(system, worker, NOW + at, LEASE, limit=limit)


async def _with_jobs(store: Store, number: int) -> int:
    tenant = await new_tenant(store)
    async with store.tenant(tenant) as session:
        for one in range(number):
            await jobs.enqueue(session, Order("scan", f"job {one}", b"example.com"), NOW, NOW)
    return tenant


def test_no_job_is_claimed_by_two_workers(url: str) -> None:
    async def scenario() -> None:
        async with opened(url) as one, opened(url) as other:
            await _with_jobs(one, 30)
            claimed = await asyncio.gather(*(_claim(store, str(number), limit=4) for number in range(8) for store in (one, other)))
            ids = [job.id for batch in claimed for job in batch]
            assert sorted(ids) == list(range(1, 31))

    asyncio.run(scenario())


def test_the_urgent_and_the_old_go_first_and_what_is_not_due_waits(url: str) -> None:
    async def scenario() -> None:
        async with opened(url) as store:
            tenant = await new_tenant(store)
            async with store.tenant(tenant) as session:
                await jobs.enqueue(session, Order("scan", "later", b""), NOW + MINUTE, NOW)
                await jobs.enqueue(session, Order("scan", "new", b""), NOW, NOW)
                await jobs.enqueue(session, Order("scan", "old", b""), NOW - DAY, NOW)
                await jobs.enqueue(session, Order("report", "urgent", b"", priority=5), NOW, NOW)
            async with store.system() as system:
                assert [job.key for job in await jobs.claim(system, "w", NOW, LEASE, kinds=("scan",), limit=1)] == ["old"]
            assert [job.key for job in await _claim(store, "w", limit=9)] == ["urgent", "new"]
            assert [job.key for job in await _claim(store, "w", MINUTE, limit=9)] == ["later"]

    asyncio.run(scenario())


def test_asking_for_the_same_job_twice_is_one_job(url: str) -> None:
    async def scenario() -> None:
        async with opened(url) as store, store.tenant(await new_tenant(store)) as session:
            first = await jobs.enqueue(session, Order("scan", "key", b"one"), NOW, NOW)
            assert await jobs.enqueue(session, Order("scan", "key", b"two"), NOW + DAY, NOW) == first

    asyncio.run(scenario())


def test_the_job_of_a_worker_that_died_is_claimed_again_and_the_dead_one_is_refused(url: str) -> None:
    async def scenario() -> None:
        async with opened(url) as store:
            tenant = await _with_jobs(store, 1)
            async with store.tenant(tenant) as session:
                await domains.add(session, "example.com", NOW)
            (first,) = await _claim(store, "slow")
            assert await _claim(store, "quick", LEASE - MINUTE) == ()
            (second,) = await _claim(store, "quick", LEASE)
            assert (second.id, second.attempts) == (first.id, 2)
            async with store.tenant(tenant) as session:
                await scans.store(session, observation(), NOW, key=f"job:{second.id}")
                await jobs.finish(session, second, "scan 1", NOW + LEASE)
            with pytest.raises(StoreError) as refused:
                async with store.tenant(tenant) as session:
                    await scans.store(session, observation(text="late"), NOW, key="late")
                    await jobs.finish(session, first, "scan 2", NOW + LEASE)
            assert refused.value.fault is Fault.CONFLICT
            async with store.tenant(tenant) as session:
                job = await jobs.by_id(session, first.id)
                assert job is not None
                assert (job.state, job.outcome) == (State.DONE, "scan 1")
                assert await scans.by_key(session, "late") is None

    asyncio.run(scenario())


def test_a_lease_that_is_extended_holds(url: str) -> None:
    async def scenario() -> None:
        async with opened(url) as store:
            tenant = await _with_jobs(store, 1)
            (job,) = await _claim(store, "w")
            async with store.system() as system:
                await jobs.extend(system, job, NOW + 2 * LEASE, progress="12 of 40 answered")
            assert await _claim(store, "other", LEASE) == ()
            async with store.tenant(tenant) as session:
                found = await jobs.by_id(session, job.id)
                assert found is not None
                assert found.progress == "12 of 40 answered"
            assert len(await _claim(store, "other", 2 * LEASE)) == 1

    asyncio.run(scenario())


def test_a_job_that_failed_is_tried_again_when_told_so(url: str) -> None:
    async def scenario() -> None:
        async with opened(url) as store:
            tenant = await _with_jobs(store, 1)
            (job,) = await _claim(store, "w")
            async with store.system() as system:
                await jobs.fail(system, job, "the network was away", NOW, again_at=NOW + DAY)
            assert await _claim(store, "w", DAY - MINUTE) == ()
            (again,) = await _claim(store, "w", DAY)
            async with store.tenant(tenant) as session:
                await jobs.fail(session, again, "for good", NOW)
            assert await _claim(store, "w", 9 * DAY) == ()
            async with store.system() as system:
                assert await jobs.forget_ended(system, NOW + DAY) == 1

    asyncio.run(scenario())


def test_a_cancelled_job_is_not_done(url: str) -> None:
    async def scenario() -> None:
        async with opened(url) as store:
            tenant = await _with_jobs(store, 1)
            (job,) = await _claim(store, "w")
            async with store.tenant(tenant) as session:
                await jobs.cancel(session, job.id, NOW)
            with pytest.raises(StoreError):
                async with store.tenant(tenant) as session:
                    await jobs.finish(session, job, "done", NOW)
            assert await _claim(store, "w", 9 * DAY) == ()

    asyncio.run(scenario())


def test_a_lease_by_a_clock_that_ran_years_ahead_runs_out(url: str) -> None:
    async def scenario() -> None:
        async with opened(url) as store:
            await _with_jobs(store, 1)
            await _claim(store, "w", 2000 * DAY)
            assert len(await _claim(store, "w")) == 1

    asyncio.run(scenario())


async def _order(store: Store, at: timedelta) -> int:
    async with store.system() as system:
        return await schedule.order_due(system, NOW + at)


def test_what_is_due_becomes_one_job_however_many_look(url: str) -> None:
    async def scenario() -> None:
        async with opened(url) as one, opened(url) as other:
            tenant = await new_tenant(one)
            async with one.tenant(tenant) as session:
                for number in range(5):
                    domain = await domains.add(session, f"{number}.example", NOW)
                    await schedule.plan(session, domain.id, 7 * DAY, NOW + DAY)
            assert await _order(one, timedelta()) == 0
            assert sum(await asyncio.gather(*(_order(store, DAY) for store in (one, other) * 3))) == 5
            async with one.tenant(tenant) as session:
                assert len(await jobs.recent(session)) == 5
                assert {planned.next_due for planned in await schedule.of_tenant(session)} == {NOW + 8 * DAY}

    asyncio.run(scenario())


def test_missed_dates_are_made_up_for_once_and_the_beat_is_kept(url: str) -> None:
    async def scenario() -> None:
        async with opened(url) as store:
            tenant = await new_tenant(store)
            async with store.tenant(tenant) as session:
                domain = await domains.add(session, "example.com", NOW)
                await schedule.plan(session, domain.id, DAY, NOW)
            assert await _order(store, 10 * DAY + MINUTE) == 1
            assert await _order(store, 10 * DAY + MINUTE) == 0
            async with store.tenant(tenant) as session:
                (planned,) = await schedule.of_tenant(session)
                (job,) = await jobs.recent(session)
                assert (planned.next_due, job.payload, job.due_at) == (NOW + 11 * DAY, b"example.com", NOW + 10 * DAY + MINUTE)

    asyncio.run(scenario())


def test_a_date_by_a_clock_that_ran_ahead_is_due_again(url: str) -> None:
    async def scenario() -> None:
        async with opened(url) as store:
            tenant = await new_tenant(store)
            async with store.tenant(tenant) as session:
                domain = await domains.add(session, "example.com", NOW)
                await schedule.plan(session, domain.id, DAY, NOW)
            assert await _order(store, 900 * DAY) == 1
            assert await _order(store, DAY) == 1
            async with store.tenant(tenant) as session:
                (planned,) = await schedule.of_tenant(session)
                assert planned.next_due == NOW + 2 * DAY

    asyncio.run(scenario())


@pytest.mark.parametrize("every", [timedelta(minutes=59), timedelta(days=401), timedelta(0), -DAY])
def test_a_domain_is_neither_hammered_nor_forgotten(url: str, every: timedelta) -> None:
    async def scenario() -> None:
        async with opened(url) as store, store.tenant(await new_tenant(store)) as session:
            domain = await domains.add(session, "example.com", NOW)
            with pytest.raises(StoreError) as refused:
                await schedule.plan(session, domain.id, every, NOW)
            assert refused.value.fault is Fault.INVALID

    asyncio.run(scenario())


def test_a_removed_domain_is_scanned_no_more(url: str) -> None:
    async def scenario() -> None:
        async with opened(url) as store:
            tenant = await new_tenant(store)
            async with store.tenant(tenant) as session:
                domain = await domains.add(session, "example.com", NOW)
                await schedule.plan(session, domain.id, DAY, NOW)
                await domains.remove(session, domain.id, NOW)
            assert await _order(store, DAY) == 0

    asyncio.run(scenario())


@pytest.mark.parametrize("worker", ["slow", "quick"])
def test_a_claim_that_ran_out_finishes_nothing_while_the_next_is_at_work(url: str, worker: str) -> None:
    async def scenario() -> None:
        async with opened(url) as store:
            tenant = await _with_jobs(store, 1)
            (first,) = await _claim(store, worker)
            (second,) = await _claim(store, "quick", LEASE)
            for attempt in (jobs.finish, jobs.fail):
                with pytest.raises(StoreError) as refused:
                    async with store.tenant(tenant) as session:
                        await attempt(session, first, "late", NOW + LEASE)
                assert refused.value.fault is Fault.CONFLICT
            with pytest.raises(StoreError):
                async with store.system() as system:
                    await jobs.extend(system, first, NOW + DAY)
            async with store.tenant(tenant) as session:
                await jobs.finish(session, second, "done", NOW + LEASE)

    asyncio.run(scenario())
