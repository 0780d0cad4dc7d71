"""Backups: taken while others write, restored into either database, never half."""

import asyncio
import sqlite3
import stat
from pathlib import Path

import pytest

from hauberk.store import domains, scans, sessions, tenants, users
from hauberk.store.backup import backup, restore
from hauberk.store.columns import METADATA
from hauberk.store.errors import Fault, StoreError
from hauberk.store.store import Store
from hauberk.store.verification import verify_chain
from store.samples import DAY, NOW, keep_one_of_each, new_tenant, observation, opened


async def _everything(store: Store) -> dict[str, list[str]]:
    async with store.system(writing=False) as system:
        return {table.name: sorted(map(repr, await system.rows(table.select()))) for table in METADATA.sorted_tables}


async def _filled(url: str) -> dict[str, list[str]]:
    async with opened(url) as store:
        for slug in ("acme", "other"):
            tenant = await new_tenant(store, slug)
            async with store.tenant(tenant) as session:
                await keep_one_of_each(session, f"{slug}.example")
        async with store.system() as system:
            await users.add(system, "ada@example.com", "Ada", NOW, password_hash="$argon2id$")
        return await _everything(store)


def test_a_restored_backup_is_what_was_backed_up(url: str, empty_url: str, tmp_path: Path) -> None:
    async def scenario() -> None:
        before = await _filled(url)
        await backup(url, tmp_path / "backup")
        assert stat.S_IMODE((tmp_path / "backup").stat().st_mode) == 0o600
        await restore(tmp_path / "backup", empty_url)
        async with opened(empty_url) as store:
            assert await _everything(store) == before
            for tenant in (1, 2):
                async with store.tenant(tenant) as session:
                    assert (await verify_chain(session)).broken is None
                    await keep_one_of_each(session, "after.example")  # numbers go on where they were
                    assert (await verify_chain(session)).links == 10

    asyncio.run(scenario())


def test_a_backup_is_taken_while_others_write(url: str, empty_url: str, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with opened(url) as store:
            tenant = await new_tenant(store)
            async with store.tenant(tenant) as session:
                await domains.add(session, "example.com", NOW)
            enough = asyncio.Event()

            async def write() -> int:
                stored = 0
                while not enough.is_set():
                    async with store.tenant(tenant) as session:
                        await scans.store(session, observation(text=str(stored)), NOW)
                    stored += 1
                return stored

            writing = asyncio.create_task(write())
            for number in range(3):
                await asyncio.sleep(0.1)
                await backup(url, tmp_path / f"backup-{number}")
            enough.set()
            stored = await writing
            async with store.tenant(tenant) as session:
                assert (await verify_chain(session)).links == stored
        await restore(tmp_path / "backup-2", empty_url)
        async with opened(empty_url) as store, store.tenant(tenant) as session:
            report = await verify_chain(session)
            assert report.broken is None
            assert 0 < report.links <= stored

    asyncio.run(scenario())


def test_a_backup_overwrites_nothing(url: str, tmp_path: Path) -> None:
    async def scenario() -> None:
        await _filled(url)
        (tmp_path / "backup").write_text("dear")
        with pytest.raises(StoreError) as refused:
            await backup(url, tmp_path / "backup")
        assert refused.value.fault is Fault.CONFLICT
        with pytest.raises(StoreError) as refused:
            await backup(url, tmp_path / "nowhere" / "backup")
        assert refused.value.fault is Fault.AWAY

    asyncio.run(scenario())
    assert (tmp_path / "backup").read_text() == "dear"
    assert not list(tmp_path.glob(".*"))


def test_restoring_over_something_is_only_done_when_asked_for(url: str, tmp_path: Path) -> None:
    async def scenario() -> None:
        before = await _filled(url)
        await backup(url, tmp_path / "backup")
        async with opened(url) as store:
            await new_tenant(store, "later")
            with pytest.raises(StoreError) as refused:
                await restore(tmp_path / "backup", url)
            assert refused.value.fault is Fault.CONFLICT
            async with store.system() as system:
                assert len(await tenants.all_tenants(system)) == 3
            await restore(tmp_path / "backup", url, replace=True)
            assert await _everything(store) == before  # by the sessions of a server that went on serving
            with pytest.raises(StoreError):
                async with store.tenant(1) as session:
                    await session.run(METADATA.tables["tapes"].delete())  # and the guards are back

    asyncio.run(scenario())


def test_restoring_signs_nobody_in_again(url: str, tmp_path: Path) -> None:
    async def scenario() -> None:
        await _filled(url)
        async with opened(url) as store:
            async with store.system() as system:
                secret = await sessions.begin(system, 1, None, NOW, NOW + DAY)
            await backup(url, tmp_path / "backup")
            await restore(tmp_path / "backup", url, replace=True)
            async with store.system() as system:
                assert await sessions.find(system, secret, NOW) is None

    asyncio.run(scenario())


@pytest.mark.parametrize("content", [b"", b"nothing like it", b"SQLite format 3\x00" + bytes(4000)])
def test_what_is_no_backup_is_refused(url: str, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "backup").write_bytes(content)
    with pytest.raises(StoreError) as refused:
        asyncio.run(restore(tmp_path / "backup", url))
    assert refused.value.fault in (Fault.INVALID, Fault.DAMAGED)


def test_a_backup_that_is_not_there_or_of_a_later_version_is_refused(url: str, tmp_path: Path) -> None:
    async def scenario() -> None:
        with pytest.raises(StoreError) as refused:
            await restore(tmp_path / "nothing", url)
        assert refused.value.fault is Fault.MISSING
        await backup(url, tmp_path / "backup")
        with sqlite3.connect(tmp_path / "backup") as connection:
            connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.close()
        with pytest.raises(StoreError) as refused:
            await restore(tmp_path / "backup", url)
        assert refused.value.fault is Fault.OUTDATED

    asyncio.run(scenario())
