"""The chain of evidence: whatever is changed behind the store's back is found; and the database refuses the changing."""

import asyncio
import hashlib
import sqlite3
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from hauberk.store import chain, domains
from hauberk.store import tables as store_tables
from hauberk.store.chain import Entry, Head
from hauberk.store.errors import Fault, StoreError
from hauberk.store.verification import ChainReport, verify_chain
from store.real_postgresql import Server
from store.samples import DAY, NOW, keep_one_of_each, new_tenant, opened

KINDS = ["scan-stored", "assessed", "report-issued", "attachment-added", "exception-granted"]
IMMUTABLE = [table.name for table in store_tables.evidence.IMMUTABLE]


def _verified(url: str, tenant: int, known: Head | None = None) -> ChainReport:
    async def look() -> ChainReport:
        async with opened(url) as store, store.tenant(tenant, writing=False) as session:
            return await verify_chain(session, known=known)

    return asyncio.run(look())


def _server(request: pytest.FixtureRequest) -> Server:
    return request.getfixturevalue("postgresql")


def _filled(url: str) -> int:
    async def fill() -> int:
        async with opened(url) as store:
            tenant = await new_tenant(store)
            async with store.tenant(tenant) as session:
                await keep_one_of_each(session)
            return tenant

    return asyncio.run(fill())


def test_each_thing_that_happens_is_a_link(url: str) -> None:
    async def scenario() -> None:
        async with opened(url) as store:
            tenant = await new_tenant(store)
            async with store.tenant(tenant) as session:
                assert await verify_chain(session) == ChainReport(tenant, 0, Head(0, chain.NOTHING), None)
                await keep_one_of_each(session)
            async with store.tenant(tenant) as session:
                assert [link.kind for link in await chain.links(session)] == KINDS
                report = await verify_chain(session)
                assert (report.links, report.broken, report.head) == (5, None, await chain.head(session))

    asyncio.run(scenario())


def test_a_link_can_be_checked_with_nothing_but_sha256(url: str) -> None:
    async def scenario() -> None:
        async with opened(url) as store, store.tenant(await new_tenant(store)) as session:
            await keep_one_of_each(session)
            previous = bytes(32)
            for link in await chain.links(session):
                previous = hashlib.sha256(previous + link.record).digest()
                assert previous.hex() == link.digest
                assert rfc8785.dumps(msgspec.json.decode(link.record)) == link.record

    asyncio.run(scenario())


@given(st.dictionaries(st.text("abc_", min_size=1), st.text(st.characters(exclude_categories=["Cs"]))), st.integers(1, 2**53 - 1))
def test_records_are_canonical_json(event: dict[str, str], sequence: int) -> None:
    entry = Entry(chain.FORMAT, 1, sequence, "scan-stored", 7, "2026-11-21T12:00:00Z", event)
    assert chain.canonical(entry) == rfc8785.dumps(msgspec.to_builtins(entry))


def test_many_sessions_at_once_make_one_chain(url: str) -> None:
    async def scenario() -> None:
        async with opened(url) as store:
            tenant = await new_tenant(store)

            async def append(number: int) -> None:
                async with store.tenant(tenant) as session:
                    domain = await domains.add(session, f"{number}.example", NOW)
                    await chain.append(session, chain.ExceptionRevoked(domain.name, "x", "y"), domain.id, NOW)

            await asyncio.gather(*(append(number) for number in range(20)))
            async with store.tenant(tenant) as session:
                assert [link.sequence for link in await chain.links(session)] == list(range(1, 21))
                assert (await verify_chain(session, contents=False)).broken is None

    asyncio.run(scenario())


def test_what_a_transaction_took_back_is_not_in_the_chain(url: str) -> None:
    async def scenario() -> None:
        async with opened(url) as store:
            tenant = await new_tenant(store)
            with pytest.raises(ZeroDivisionError):
                async with store.tenant(tenant) as session:
                    await keep_one_of_each(session)
                    raise ZeroDivisionError
            async with store.tenant(tenant) as session:
                assert await verify_chain(session) == ChainReport(tenant, 0, Head(0, chain.NOTHING), None)

    asyncio.run(scenario())


def test_the_database_refuses_to_change_evidence_whoever_asks(url: str, request: pytest.FixtureRequest) -> None:
    _filled(url)
    for table in IMMUTABLE:
        for change in (f"UPDATE {table} SET tenant_id = tenant_id", f"DELETE FROM {table}"):
            if url.startswith("sqlite"):
                connection = sqlite3.connect(url.removeprefix("sqlite:///"))
                with pytest.raises(sqlite3.IntegrityError, match=f"{table} is immutable"):
                    connection.execute(change)
                connection.close()
            else:  # even the superuser, whom row-level security does not hold
                with pytest.raises(AssertionError, match=f"{table} is immutable"):
                    _server(request).sql(change, database="store")


def test_replacing_a_row_is_no_way_around(migrated_file: Path, tmp_path: Path) -> None:
    file = tmp_path / "hauberk.db"
    file.write_bytes(migrated_file.read_bytes())
    _filled(f"sqlite:///{file}")
    connection = sqlite3.connect(file)
    for table in IMMUTABLE:
        with pytest.raises(sqlite3.IntegrityError, match="immutable"):
            connection.execute(f"INSERT OR REPLACE INTO {table} SELECT * FROM {table}")
    connection.close()


def test_the_store_says_that_evidence_is_immutable(url: str) -> None:
    if not url.startswith("sqlite"):
        pytest.skip("on PostgreSQL the session has no right to try, which is tested with the isolation")
    tenant = _filled(url)

    async def scenario() -> None:
        async with opened(url) as store:
            with pytest.raises(StoreError) as refused:
                async with store.tenant(tenant) as session:
                    await session.run(text("DELETE FROM tapes"))
            assert refused.value.fault is Fault.IMMUTABLE

    asyncio.run(scenario())


# Somebody with the file (or the superuser) takes the triggers away first. Each tampering, and where it must be found.
TAMPERINGS: dict[str, tuple[str, int, str]] = {
    "a record is reworded": ("UPDATE chain_links SET record = {blob} WHERE sequence = 2", 2, "not that of the record"),
    "a link is taken out": ("DELETE FROM chain_links WHERE sequence = 3", 4, "link 3 is missing"),
    "the first link is taken out": ("DELETE FROM chain_links WHERE sequence = 1", 2, "link 1 is missing"),
    "the last link is cut off": ("DELETE FROM chain_links WHERE sequence = 5", 5, "but its head is 5"),
    "a link's time is moved": ("UPDATE chain_links SET at = '2020-01-01 00:00:00.000000' WHERE sequence = 1", 1, "another link"),
    "a link is called something else": ("UPDATE chain_links SET kind = 'assessed' WHERE sequence = 1", 1, "another link"),
    "a tape is replaced": ("UPDATE tapes SET content = {blob}", 1, "the scan 1 was changed"),
    "a scan is moved in time": ("UPDATE scans SET observed_at = '2026-11-22 00:00:00.000000'", 1, "the scan 1 was changed"),
    "a score is polished": ("UPDATE assessments SET points = 100", 2, "the assessment 1 was changed"),
    "a band is polished": ("UPDATE assessments SET band = 'green'", 2, "the assessment 1 was changed"),
    "verdicts are replaced": ("UPDATE assessments SET content = {blob}", 2, "the assessment 1 was changed"),
    "a report is exchanged": ("UPDATE reports SET content = {blob}", 3, "the report 1 was changed"),
    "a report is deleted": ("DELETE FROM reports", 3, "the report 1 that it speaks of is gone"),
    "an attachment is exchanged": ("UPDATE attachments SET content = {blob}", 4, "the attachment 1 was changed"),
    "an exception is prolonged": ("UPDATE exceptions SET expires_at = '2036-01-01 00:00:00.000000'", 5, "the exception 1 was changed"),
    "an exception is revoked in silence": ("UPDATE exceptions SET revoked_at = granted_at", 6, "the chain does not speak of it"),
    "a report is slipped in": (
        "INSERT INTO reports (id, tenant_id, domain_id, assessment_id, name, format, created_at, created_by, size, sha256, content) "
        "SELECT 99, tenant_id, domain_id, assessment_id, name, format, created_at, created_by, size, sha256, content FROM reports",
        6,
        "the report 99 is there, but the chain does not speak of it",
    ),
}  # fmt: skip


@pytest.mark.parametrize("tampering", TAMPERINGS)
def test_tampering_is_found_at_its_link(url: str, request: pytest.FixtureRequest, tampering: str) -> None:
    statement, sequence, reason = TAMPERINGS[tampering]
    tenant = _filled(url)
    _tamper(url, request)(statement)
    report = _verified(url, tenant)
    assert report.broken is not None
    assert (report.broken.sequence, report.links) == (sequence, sequence - (2 if "is missing" in reason else 1))
    assert reason in report.broken.reason


def _tamper(url: str, request: pytest.FixtureRequest) -> Callable[[str], None]:
    def on_sqlite(statement: str) -> None:
        connection = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
        for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            connection.execute(f"DROP TRIGGER {name}")
        connection.execute(statement.format(blob="X'00ff'"))
        connection.close()

    def on_postgresql(statement: str) -> None:
        named = statement.replace(".000000'", "+00'").format(blob="'\\x00ff'::bytea")
        _server(request).sql(f"SET session_replication_role = replica; {named}", database="store")

    return on_sqlite if url.startswith("sqlite") else on_postgresql


def test_a_chain_that_was_forged_anew_does_not_hold_the_head_that_was_seen(url: str) -> None:
    tenant = _filled(url)
    head = _verified(url, tenant).head
    assert _verified(url, tenant, head).broken is None
    assert _verified(url, tenant, Head(3, "ab" * 32)).broken is not None
    gone = _verified(url, tenant, Head(9, head.digest)).broken
    assert gone is not None
    assert "link 9, which was seen before, is gone" in gone.reason


def test_a_chain_of_another_tenant_does_not_fit(url: str, request: pytest.FixtureRequest) -> None:
    tenant = _filled(url)

    async def second() -> int:
        async with opened(url) as store:
            return await new_tenant(store, "other")

    other = asyncio.run(second())
    tamper = _tamper(url, request)
    tamper(f"UPDATE chain_links SET tenant_id = {other}")
    tamper(f"UPDATE chain_heads SET tenant_id = {other}")
    broken = _verified(url, other).broken
    assert broken is not None
    assert (broken.sequence, broken.reason) == (1, "the record speaks of another link")
    assert _verified(url, tenant).broken is not None


def test_times_are_written_in_utc() -> None:
    assert chain.moment(NOW + DAY) == "2026-11-22T12:00:00Z"
