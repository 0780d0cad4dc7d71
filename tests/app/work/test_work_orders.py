"""Orders: each is one job, whoever asks and however often."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from app.work.kit import Office, office, working
from hauberk.app.work import ordering
from hauberk.app.work.planning import Rhythm, watch
from hauberk.store import domains, jobs, schedule, tenants
from hauberk.store.errors import Fault, StoreError
from hauberk.store.jobs import State
from hauberk.store.store import Store


def test_ten_people_who_click_at_the_same_moment_get_one_scan_and_one_report(url: str, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with office(url, tmp_path) as one:
            other = await Store.open(url)
            stores = (one.store, other)
            asked = [ordering.order_scan(stores[n % 2], one.tenant, one.domain_id, f"person {n}", one.clock()) for n in range(10)]
            assert len({job.id for job in await asyncio.gather(*asked)}) == 1
            reports = [
                ordering.order_report(stores[n % 2], one.tenant, one.domain_id, ("png", "pdf"), f"person {n}", one.clock())
                for n in range(10)
            ]
            assert len({job.id for job in await asyncio.gather(*reports)}) == 1
            await other.close()

    asyncio.run(scenario())


def test_a_scan_that_has_ended_is_not_joined(url: str, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with office(url, tmp_path) as one:
            first = await ordering.order_scan(one.store, one.tenant, one.domain_id, "ada", one.clock())
            await one.work_off()
            second = await ordering.order_scan(one.store, one.tenant, one.domain_id, "ada", one.clock())
            assert second.id != first.id

    asyncio.run(scenario())


def test_a_scan_that_has_run_for_a_while_is_not_joined_since_it_may_have_asked_too_early(url: str, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with office(url, tmp_path) as one:
            first = await ordering.order_scan(one.store, one.tenant, one.domain_id, "ada", one.clock())
            async with one.store.system() as session:
                assert len(await jobs.claim(session, "w", one.clock(), timedelta(minutes=2))) == 1
            assert (await ordering.order_scan(one.store, one.tenant, one.domain_id, "bob", one.clock())).id == first.id
            one.clock.advance(timedelta(seconds=11))
            again = await ordering.order_scan(one.store, one.tenant, one.domain_id, "bob", one.clock())
            assert again.id != first.id
            assert (await ordering.order_scan(one.store, one.tenant, one.domain_id, "eve", one.clock())).id == again.id

    asyncio.run(scenario())


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_an_archived_organisation_is_not_scanned(url: str, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with office(url, tmp_path) as one:
            job = await ordering.order_scan(one.store, one.tenant, one.domain_id, "ada", one.clock())
            async with one.store.tenant(one.tenant) as session:
                await watch(session, one.domain_id, Rhythm.DAILY, one.clock())
            async with one.store.system() as system:
                await tenants.archive(system, one.tenant, one.clock())
                assert await schedule.order_due(system, one.clock() + timedelta(days=2)) == 0
            async with working(one.worker()), asyncio.timeout(20):
                while (await one.job(job.id)).state is not State.FAILED:  # noqa: ASYNC110 - it is in the database
                    await asyncio.sleep(0.02)

    asyncio.run(scenario())


def test_who_waits_hastens_what_was_scheduled(url: str, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with office(url, tmp_path) as one:
            assert await ordering.order_scans(one.store, one.tenant, [one.domain_id, one.domain_id, 4711], one.clock()) == 1
            assert await ordering.order_scans(one.store, one.tenant, [one.domain_id], one.clock()) == 0
            asked = await ordering.order_scan(one.store, one.tenant, one.domain_id, "ada", one.clock())
            found = await one.job(asked.id)
            assert found.priority == 10
            async with one.store.tenant(one.tenant) as session:
                assert len(await jobs.recent(session)) == 1

    asyncio.run(scenario())


def test_a_key_gives_its_job_for_ever_and_no_other(url: str, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with office(url, tmp_path) as one:

            async def order(key: str) -> int:
                return (await ordering.order_scan(one.store, one.tenant, one.domain_id, "ada", one.clock(), key=key)).id

            first = await order("k1")
            assert await order("k1") == first != await order("k2")
            await one.work_off()
            assert await order("k1") == first
            with pytest.raises(StoreError, match="another order"):
                await ordering.order_report(one.store, one.tenant, one.domain_id, ("pdf",), "ada", one.clock(), key="k1")
            with pytest.raises(StoreError, match="180"):
                await order("k" * 181)

    asyncio.run(scenario())


def test_what_is_not_the_tenants_cannot_be_ordered_or_seen(url: str, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with office(url, tmp_path) as one:
            async with one.store.system() as system:
                stranger = (await tenants.add(system, "other", "Other Ltd", one.clock())).id
            for order in (
                ordering.order_scan(one.store, stranger, one.domain_id, "eve", one.clock()),
                ordering.order_report(one.store, stranger, one.domain_id, ("pdf",), "eve", one.clock()),
                ordering.order_channel_test(one.store, stranger, 1, "eve", one.clock()),
            ):
                with pytest.raises(StoreError) as refused:
                    await order
                assert refused.value.fault is Fault.MISSING
            job = await ordering.order_scan(one.store, one.tenant, one.domain_id, "ada", one.clock())
            assert await ordering.progress(one.store, stranger, job.id) is None
            with pytest.raises(StoreError):
                await ordering.cancel(one.store, stranger, job.id, one.clock())
            assert await ordering.order_scans(one.store, stranger, [one.domain_id], one.clock()) == 0

    asyncio.run(scenario())


@pytest.mark.parametrize("kinds", [(), ("exe",), ("pdf", "../pdf")])
def test_a_report_of_no_known_kind_is_refused(url: str, tmp_path: Path, kinds: tuple[str, ...]) -> None:
    async def scenario() -> None:
        async with office(url, tmp_path) as one:
            with pytest.raises(StoreError, match="pdf, png, jpg, zip"):
                await ordering.order_report(one.store, one.tenant, one.domain_id, kinds, "ada", one.clock())

    asyncio.run(scenario())


def test_a_cancelled_job_leaves_nothing(url: str, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with office(url, tmp_path) as one:
            job = await ordering.order_scan(one.store, one.tenant, one.domain_id, "ada", one.clock())
            await ordering.cancel(one.store, one.tenant, job.id, one.clock())
            await one.work_off()
            assert (await one.job(job.id)).state is State.CANCELLED
            assert not await _scans(one)

    asyncio.run(scenario())


def test_a_domain_that_was_removed_meanwhile_is_not_scanned(url: str, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with office(url, tmp_path) as one:
            job = await ordering.order_scan(one.store, one.tenant, one.domain_id, "ada", one.clock())
            async with one.store.tenant(one.tenant) as session:
                await domains.remove(session, one.domain_id, one.clock())
            await one.work_off()
            assert not await _scans(one)
            found = await ordering.progress(one.store, one.tenant, job.id)
            assert found is not None and found.state is State.FAILED and "not looked after" in found.reason
            with pytest.raises(StoreError):
                await ordering.order_scan(one.store, one.tenant, one.domain_id, "ada", one.clock())

    asyncio.run(scenario())


async def _scans(one: Office) -> int:
    from hauberk.store import scans

    async with one.store.tenant(one.tenant, writing=False) as session:
        return len(await scans.history(session, one.domain_id))
