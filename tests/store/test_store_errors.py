"""Whatever goes wrong with the database comes as one clear `StoreError`, and nothing half-done stays."""

import asyncio
import os
import socket
import subprocess
from collections.abc import Generator
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import text

from hauberk.store import domains, scans, tenants
from hauberk.store.backup import backup
from hauberk.store.errors import Fault, StoreError
from hauberk.store.migration import migrate
from hauberk.store.session import TenantSession
from hauberk.store.store import Store
from hauberk.store.url import parse
from hauberk.store.verification import verify_chain
from store.real_postgresql import Server
from store.samples import DAY, NOW, keep_one_of_each, new_tenant, observation, opened


@pytest.mark.parametrize("url", ["", "hauberk.db", "mysql://localhost/x", "sqlite://", "sqlite:///:memory:", "postgresql:/nothing:x@"])
def test_what_is_no_database_is_refused(url: str) -> None:
    with pytest.raises(StoreError) as refused:
        parse(url)
    assert refused.value.fault is Fault.INVALID


def test_a_password_is_never_in_a_message() -> None:
    with pytest.raises(StoreError) as refused:
        asyncio.run(Store.open("postgresql://ada:hunter2@127.0.0.1:1/x"))
    assert "hunter2" not in str(refused.value)


def test_a_database_that_is_not_there_is_not_made_by_opening_it(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="there is no database") as refused:
        asyncio.run(Store.open(f"sqlite:///{tmp_path / 'nothing.db'}"))
    assert (refused.value.fault, list(tmp_path.iterdir())) == (Fault.AWAY, [])
    with pytest.raises(StoreError) as refused:
        asyncio.run(migrate(f"sqlite:///{tmp_path / 'no' / 'folder.db'}"))
    assert refused.value.fault is Fault.AWAY


def test_a_file_that_is_no_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "hauberk.db"
    file.write_bytes(b"dear diary" * 500)
    for attempt in (Store.open, migrate):
        with pytest.raises(StoreError) as refused:
            asyncio.run(attempt(f"sqlite:///{file}"))
        assert refused.value.fault is Fault.DAMAGED
    assert file.read_bytes() == b"dear diary" * 500


def test_nobody_listens() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        with pytest.raises(StoreError) as refused:
            asyncio.run(Store.open(f"postgresql://ada@127.0.0.1:{unused.getsockname()[1]}/x"))
    assert refused.value.fault is Fault.AWAY
    assert refused.value.may_pass


def test_a_wrong_user_or_database_is_told_apart_from_a_database_that_is_away(postgresql: Server) -> None:
    with pytest.raises(StoreError) as refused:
        asyncio.run(Store.open(postgresql.url("store", user="nobody")))
    assert refused.value.fault is Fault.DENIED
    with pytest.raises(StoreError) as refused:
        asyncio.run(Store.open(postgresql.url("nothing")))
    assert refused.value.fault is Fault.AWAY


def test_a_database_that_goes_away_and_comes_back(postgresql: Server, postgresql_url: str) -> None:
    async def scenario() -> None:
        async with opened(postgresql_url) as store:
            tenant = await new_tenant(store)
            with pytest.raises(StoreError) as lost:
                async with store.tenant(tenant) as session:
                    await domains.add(session, "example.com", NOW)
                    await asyncio.to_thread(postgresql.stop)
                    await scans.store(session, observation(), NOW)
            assert lost.value.fault is Fault.AWAY
            with pytest.raises(StoreError) as away:
                async with store.tenant(tenant):
                    pass
            assert away.value.fault is Fault.AWAY
            await asyncio.to_thread(postgresql.start)
            async with store.tenant(tenant) as session:
                assert await domains.page(session) == ()
                await keep_one_of_each(session)
                assert (await verify_chain(session)).broken is None

    asyncio.run(scenario())


def test_a_connection_that_is_cut_in_the_middle_undoes_its_transaction(postgresql: Server, postgresql_url: str) -> None:
    async def scenario() -> None:
        async with opened(postgresql_url) as store:
            tenant = await new_tenant(store)
            with pytest.raises(StoreError) as lost:
                async with store.tenant(tenant) as session:
                    await domains.add(session, "example.com", NOW)
                    cut = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = 'hauberk'"
                    await asyncio.to_thread(postgresql.sql, cut)
                    await asyncio.sleep(0.1)
                    await domains.add(session, "other.example", NOW)
            assert lost.value.fault is Fault.AWAY
            async with store.tenant(tenant) as session:
                assert await domains.page(session) == ()

    asyncio.run(scenario())


def test_the_same_and_the_missing_are_told_apart(url: str) -> None:
    async def scenario() -> None:
        async with opened(url) as store:
            tenant = await new_tenant(store)

            async def refused(statement: str) -> Fault:
                with pytest.raises(StoreError) as error:
                    async with store.tenant(tenant) as session:
                        await session.run(text(statement))
                return error.value.fault

            async with store.tenant(tenant) as session:
                await domains.add(session, "example.com", NOW)
            copied = "tenant_id, name, note, own, selectors, added_at"
            again = f"INSERT INTO domains ({copied}) SELECT {copied} FROM domains"
            assert await refused(again) is Fault.CONFLICT
            lost = "INSERT INTO schedules (tenant_id, domain_id, every, next_due) SELECT tenant_id, 99, 1, added_at FROM domains"
            assert await refused(lost) is Fault.MISSING
            assert await refused("SELECT * FROM no_such_table") is Fault.OUTDATED

    asyncio.run(scenario())


def test_a_time_without_its_zone_is_refused(url: str) -> None:
    async def scenario() -> None:
        async with opened(url) as store:
            with pytest.raises(StoreError):
                async with store.tenant(await new_tenant(store)) as session:
                    await domains.add(session, "example.com", datetime(2026, 11, 21))  # noqa: DTZ001

    asyncio.run(scenario())


def test_a_reader_neither_waits_for_a_writer_nor_sees_its_work_before_the_end(url: str) -> None:
    async def scenario() -> None:
        async with opened(url) as store:
            tenant = await new_tenant(store)
            async with store.tenant(tenant, writing=False) as reader:
                assert await domains.page(reader) == ()
                async with store.tenant(tenant) as writer:
                    await domains.add(writer, "example.com", NOW)
                    async with asyncio.timeout(2):
                        assert await domains.page(reader) == ()
                assert await domains.page(reader) == ()
            async with store.tenant(tenant, writing=False) as reader:
                assert len(await domains.page(reader)) == 1

    asyncio.run(scenario())


@pytest.fixture
def small_disk(tmp_path: Path) -> Generator[Path]:
    """A disk of one and a half megabytes."""
    place = tmp_path / "small"
    place.mkdir()
    if os.geteuid() != 0:
        pytest.skip("mounting a small disk needs root")
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1536k", "tmpfs", place], capture_output=True).returncode != 0:
        pytest.skip("this machine does not let us mount a small disk")
    yield place
    subprocess.run(["umount", "-l", place], check=True)


def test_a_full_disk_loses_nothing_that_was_stored(small_disk: Path) -> None:
    url = f"sqlite:///{small_disk / 'hauberk.db'}"

    async def store_one(session: TenantSession, number: int) -> None:
        await scans.store(session, observation(at=NOW + number * DAY, text=os.urandom(20_000).hex()), NOW)

    async def scenario() -> None:
        await migrate(url)
        async with opened(url) as store:
            tenant = await new_tenant(store)
            async with store.tenant(tenant) as session:
                await domains.add(session, "example.com", NOW)
            stored = 0
            with pytest.raises(StoreError) as full:
                while stored < 200:
                    async with store.tenant(tenant) as session:
                        await store_one(session, stored)
                    stored += 1
            assert (full.value.fault, full.value.may_pass) == (Fault.FULL, True)
            assert stored > 3
            with pytest.raises(StoreError, match="backup cannot be written: its disk is full"):
                await backup(url, small_disk / "backup")
            async with store.tenant(tenant, writing=False) as session:
                report = await verify_chain(session)
                assert (report.links, report.broken) == (stored, None)
            await asyncio.to_thread(subprocess.run, ["mount", "-o", "remount,size=8m", small_disk], check=True)
            async with store.tenant(tenant) as session:
                await store_one(session, 999)
                assert (await verify_chain(session)).links == stored + 1

    asyncio.run(scenario())


def test_a_database_that_may_only_be_read(migrated_file: Path, tmp_path: Path) -> None:
    file = tmp_path / "hauberk.db"
    file.write_bytes(migrated_file.read_bytes())

    async def scenario() -> None:
        async with opened(f"sqlite:///{file}") as store:
            with pytest.raises(StoreError) as refused:
                async with store.system() as system:
                    await system.run(text("PRAGMA query_only = ON"))
                    await tenants.add(system, "acme", "Acme", NOW)
            assert refused.value.fault is Fault.READ_ONLY

    asyncio.run(scenario())
