"""Every revision can be brought to the newest with its data, and the newest is what the program's tables say."""

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncEngine

from hauberk.store import migrations
from hauberk.store.columns import METADATA
from hauberk.store.engine import engine
from hauberk.store.errors import Fault, StoreError
from hauberk.store.migration import HEAD, migrate, revision_of
from hauberk.store.scans import by_id, observation_of
from hauberk.store.store import Store
from hauberk.store.url import parse
from hauberk.store.verification import verify_chain
from hauberk.world import tape
from store.real_postgresql import Server
from store.samples import NOW, keep_one_of_each, new_tenant, observation, opened

VERSIONS = Path(migrations.__file__).parent / "versions"
REVISIONS = sorted(file.name[1:5] for file in VERSIONS.glob("r[0-9]*.py"))


def _engine(url: str) -> AsyncEngine:
    return engine(parse(url), connections=1)


def test_the_newest_revision_is_the_one_that_the_program_wants() -> None:
    assert REVISIONS[-1] == HEAD


def test_the_newest_revision_is_what_the_tables_say(empty_url: str) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    def differences(connection: Connection) -> list[object]:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        return list(compare_metadata(context, METADATA))

    async def scenario() -> None:
        await migrate(empty_url)
        made = _engine(empty_url)
        async with made.connect() as connection:
            assert await connection.run_sync(differences) == []
        await made.dispose()

    asyncio.run(scenario())


# Rows as the program of that revision would have written them, in plain SQL; {at} and {blob} as the database writes them.
ROWS = {
    "0001": (
        "INSERT INTO tenants (slug, name, rubric, created_at, logo_type) VALUES ('acme', 'Acme', '', {at}, '')",
        "INSERT INTO domains (tenant_id, name, note, own, selectors, added_at) VALUES (1, 'example.com', '', false, '', {at})",
        "INSERT INTO tapes (tenant_id, evidence_id, content) VALUES (1, '{evidence}', {blob})",
        "INSERT INTO scans (tenant_id, domain_id, tape_id, evidence_id, key, observed_at, stored_at, finished) "
        "VALUES (1, 1, 1, '{evidence}', 'first', {at}, {at}, true)",
    ),
    "0002": (
        "INSERT INTO users (email, name, password_hash, created_at) VALUES ('ada@example.com', 'Ada', '', {at})",
        "INSERT INTO memberships (tenant_id, user_id, role, since) VALUES (1, 1, 'administrator', {at})",
    ),
    "0003": (
        "INSERT INTO jobs (tenant_id, kind, key, state, priority, due_at, created_at, attempts, worker, progress, outcome, payload) "
        "VALUES (1, 'scan', 'k', 'waiting', 0, {at}, {at}, 0, '', '', '', {blob})",
    ),
    "0004": ("INSERT INTO ceremonies (digest, kind, content, expires_at) VALUES ('0', 'set-up', '', {at})",),
    "0005": ("UPDATE users SET disabled_at = {at}, disabled_by = 'Ada'",),
    "0006": ("UPDATE tenants SET scan_every = 604800",),
    "0007": ("INSERT INTO milestones (name) VALUES ('sealing-key')",),
}  # fmt: skip


@pytest.mark.parametrize("start", REVISIONS)
def test_a_database_of_any_revision_comes_up_with_its_data(empty_url: str, start: str) -> None:
    seen = observation()
    packed = tape.compress(tape.encode(seen)).hex()
    sqlite = empty_url.startswith("sqlite")
    words = {
        "at": "'2026-11-21 12:00:00.000000'" if sqlite else "'2026-11-21 12:00:00+00'",
        "blob": f"X'{packed}'" if sqlite else f"'\\x{packed}'::bytea",
        "evidence": tape.evidence_id(seen),
    }

    async def scenario() -> None:
        await migrate(empty_url, start)
        made = _engine(empty_url)
        assert await revision_of(made) == start
        async with made.connect() as connection, connection.begin():
            if not sqlite:  # as the superuser would bring rows in, past row-level security
                for table in ("tenants", "domains", "tapes", "scans", "users", "memberships", "jobs", "ceremonies", "milestones"):
                    if await connection.scalar(text(f"SELECT to_regclass('{table}') IS NOT NULL")):
                        await connection.execute(text(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY"))
            for revision in REVISIONS[: REVISIONS.index(start) + 1]:
                for statement in ROWS[revision]:
                    await connection.exec_driver_sql(statement.format(**words))
        await made.dispose()
        await migrate(empty_url)
        async with opened(empty_url) as store, store.tenant(1) as session:
            scan = await by_id(session, 1)
            assert scan is not None
            assert (scan.observed_at, scan.key) == (NOW, "first")
            assert await observation_of(session, 1) == seen
            await keep_one_of_each(session, "other.example")
            assert (await verify_chain(session, contents=False)).links == 5

    asyncio.run(scenario())


def test_migrating_again_or_twice_at_once_changes_nothing(empty_url: str) -> None:
    async def scenario() -> None:
        await asyncio.gather(*(migrate(empty_url) for _ in range(3)))
        await migrate(empty_url)
        await (await Store.open(empty_url)).close()

    asyncio.run(scenario())


def test_a_database_of_another_version_is_not_opened(empty_url: str) -> None:
    async def scenario() -> None:
        await migrate(empty_url, REVISIONS[0])
        with pytest.raises(StoreError, match="has to be migrated first") as refused:
            await Store.open(empty_url)
        assert refused.value.fault is Fault.OUTDATED
        await migrate(empty_url)
        made = _engine(empty_url)
        async with made.connect() as connection, connection.begin():
            await connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
        await made.dispose()
        for attempt in (Store.open, migrate):
            with pytest.raises(StoreError) as refused:
                await attempt(empty_url)
            assert refused.value.fault is Fault.OUTDATED

    asyncio.run(scenario())


def test_a_migration_that_fails_leaves_the_database_as_it_was(empty_url: str) -> None:
    async def scenario() -> None:
        await migrate(empty_url, "0001")
        made = _engine(empty_url)
        async with made.connect() as connection, connection.begin():
            await connection.execute(text("CREATE TABLE shares (in_the_way INTEGER)"))
        with pytest.raises(StoreError):
            await migrate(empty_url)
        assert await revision_of(made) == "0001"
        async with made.connect() as connection:
            assert not await connection.run_sync(lambda sync: sync.dialect.has_table(sync, "users"))
        await made.dispose()

    asyncio.run(scenario())


def test_a_user_who_may_make_no_roles_migrates_where_an_administrator_made_them(postgresql: Server) -> None:
    postgresql.sql("DROP ROLE IF EXISTS plain")
    postgresql.sql("CREATE ROLE plain LOGIN NOSUPERUSER NOCREATEROLE")
    postgresql.sql("CREATE DATABASE plain OWNER plain")
    url = postgresql.url("plain", user="plain")
    try:
        with pytest.raises(StoreError) as refused:
            asyncio.run(migrate(url))
        assert refused.value.fault is Fault.DENIED
        postgresql.sql("GRANT hauberk_tenant, hauberk_system TO plain")

        async def scenario() -> None:
            await migrate(url)
            async with opened(url) as store, store.tenant(await new_tenant(store)) as session:
                await keep_one_of_each(session)
                assert (await verify_chain(session)).broken is None

        asyncio.run(scenario())
    finally:
        postgresql.sql("DROP DATABASE plain WITH (FORCE)")
        postgresql.sql("DROP ROLE plain")
