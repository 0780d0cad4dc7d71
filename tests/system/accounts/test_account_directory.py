"""The account directory: what the views that the mail servers ask say in each state, on SQLite and on PostgreSQL."""

import asyncio
import sqlite3
import subprocess
import sys
from collections.abc import Awaitable, Callable, Generator
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import pytest
from sqlalchemy import text

from hauberk.protocols.malformed import Malformed
from hauberk.store.errors import Fault, StoreError
from hauberk.store.url import parse
from hauberk.system.accounts import passwords, recipients
from hauberk.system.accounts.account import Alias, Recipients, State, parse_address
from hauberk.system.accounts.directory import Directory, opened
from store import real_postgresql

AT = datetime(2026, 11, 22, 9, tzinfo=UTC)
ALICE, BOB, SALES = "alice@corp.test", "bob@corp.test", "sales@corp.test"
T = TypeVar("T")


@pytest.fixture(scope="module")
def postgresql_url() -> Generator[str]:
    if reason := real_postgresql.why_not():
        pytest.skip(reason)
    with real_postgresql.server("accounts") as server:
        server.sql("CREATE DATABASE accounts OWNER hauberk_owner")
        yield server.url("accounts")


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/accounts.sqlite"
    address: str = request.getfixturevalue("postgresql_url")
    asyncio.run(_emptied(address))
    return address


async def _emptied(url: str) -> None:
    directory = Directory(parse(url))
    async with directory._engine.begin() as connection:  # pyright: ignore[reportPrivateUsage]
        await connection.execute(text("DROP SCHEMA public CASCADE"))
        await connection.execute(text("CREATE SCHEMA public"))
    await directory.close()


def with_directory(url: str, work: Callable[[Directory], Awaitable[T]]) -> T:
    async def inside() -> T:
        async with opened(parse(url)) as directory:
            return await work(directory)

    return asyncio.run(inside())


async def two_people(directory: Directory) -> None:
    await directory.add(ALICE, "Alice", "correct horse battery", AT)
    await directory.add(BOB, "Bob", None, AT)
    await directory.add_alias(Alias(SALES, ALICE), AT)


async def view(directory: Directory, name: str) -> set[tuple[str, ...]]:
    async with directory._engine.begin() as connection:  # pyright: ignore[reportPrivateUsage]
        return {tuple(map(str, row)) for row in await connection.execute(text(f"SELECT * FROM {name}"))}


def test_a_suspended_person_receives_but_neither_logs_in_nor_sends(url: str) -> None:
    async def work(directory: Directory) -> None:
        await two_people(directory)
        app = await directory.add_app_password(ALICE, "phone", AT)
        assert (ALICE, passwords.digest(app)) in await view(directory, "mail_app_passwords")
        assert await view(directory, "mail_senders") == {(ALICE, ALICE), (SALES, ALICE), (BOB, BOB)}
        assert await directory.set_state(ALICE, State.SUSPENDED, AT)
        assert await view(directory, "mail_recipients") == {(ALICE,), (BOB,), (SALES,)}
        assert await view(directory, "mail_mailboxes") == {(ALICE,), (BOB,)}
        assert await view(directory, "mail_passwords") == await view(directory, "mail_app_passwords") == set()
        assert await view(directory, "mail_senders") == {(BOB, BOB)}
        await directory.set_state(ALICE, State.ACTIVE, AT)
        assert {login for login, _ in await view(directory, "mail_passwords")} == {ALICE}

    with_directory(url, work)


def test_of_a_leaver_nothing_is_left_that_receives_or_lets_in(url: str) -> None:
    async def work(directory: Directory) -> None:
        await two_people(directory)
        await directory.add_app_password(ALICE, "phone", AT)
        await directory.grant("board@corp.test", ALICE, AT)
        await directory.set_state(ALICE, State.DEACTIVATED, AT)
        assert await view(directory, "mail_recipients") == await view(directory, "mail_mailboxes") == {(BOB,)}
        for name in ("mail_passwords", "mail_app_passwords", "mail_aliases"):
            assert await view(directory, name) == set(), name
        assert await view(directory, "mail_senders") == {(BOB, BOB)}
        await directory.set_state(ALICE, State.ACTIVE, AT)
        (alice,) = [one for one in await directory.accounts() if one.login == ALICE]
        assert not alice.has_password and not alice.app_passwords and alice.aliases == (SALES,)

    with_directory(url, work)


def test_an_alias_of_two_keeps_working_for_the_one_who_stays(url: str) -> None:
    async def work(directory: Directory) -> None:
        await two_people(directory)
        await directory.add_alias(Alias(SALES, BOB), AT)
        await directory.set_state(ALICE, State.DEACTIVATED, AT)
        assert await directory.recipients() == Recipients((BOB, SALES), (Alias(SALES, BOB),))

    with_directory(url, work)


def test_what_makes_no_sense_is_refused_and_changes_nothing(url: str) -> None:
    async def work(directory: Directory) -> None:
        await two_people(directory)
        before = await directory.accounts()
        for wrong, fault in (
            (directory.add(ALICE, "", None, AT), Fault.CONFLICT),
            (directory.add(SALES, "", None, AT), Fault.CONFLICT),
            (directory.add_alias(Alias(BOB, ALICE), AT), Fault.CONFLICT),
            (directory.add_alias(Alias(SALES, ALICE), AT), Fault.CONFLICT),
            (directory.add_alias(Alias("x@corp.test", "nobody@corp.test"), AT), Fault.MISSING),
            (directory.set_state("nobody@corp.test", State.ACTIVE, AT), Fault.MISSING),
            (directory.grant("x@corp.test", "nobody@corp.test", AT), Fault.MISSING),
            (directory.remove_alias(Alias("x@corp.test", ALICE), AT), Fault.MISSING),
            (directory.remove_app_password(ALICE, "none", AT), Fault.MISSING),
        ):
            with pytest.raises(StoreError) as raised:
                await wrong
            assert raised.value.fault is fault
        await directory.set_state(BOB, State.SUSPENDED, AT)
        with pytest.raises(StoreError):
            await directory.add_app_password(BOB, "phone", AT)
        await directory.set_state(BOB, State.ACTIVE, AT)
        assert await directory.accounts() == before

    with_directory(url, work)


def test_only_hashes_are_kept(url: str) -> None:
    async def work(directory: Directory) -> str:
        await two_people(directory)
        app = await directory.add_app_password(ALICE, "phone", AT)
        rows = [await view(directory, table) for table in ("accounts", "app_passwords", "happenings", "mail_passwords")]
        told = repr(rows)
        assert "correct horse" not in told and app not in told and "{ARGON2ID}$argon2id$" in told
        return app

    assert len(with_directory(url, work).replace("-", "")) * 5 >= 128


def test_the_copy_for_the_mta_is_replaced_under_a_reader_that_keeps_it_open(tmp_path: Path) -> None:
    file = tmp_path / "recipients.sqlite"
    first, second = Recipients((ALICE, SALES), (Alias(SALES, ALICE),)), Recipients((BOB,), ())
    recipients.write(file, first)
    held = sqlite3.connect(f"file:{file}?mode=ro", uri=True)
    assert held.execute("SELECT count(*) FROM mail_recipients").fetchone() == (2,)
    pushed = subprocess.run(
        [sys.executable, "-m", "hauberk.system.accounts.recipients", file], input=recipients.encode(second), capture_output=True, timeout=30
    )
    assert pushed.returncode == 0, pushed.stderr
    assert held.execute("SELECT address FROM mail_recipients").fetchall() == [(BOB,)]
    held.close()
    assert recipients.read(file) == second


def test_a_push_that_is_no_list_leaves_the_copy_alone(tmp_path: Path) -> None:
    file = tmp_path / "recipients.sqlite"
    recipients.write(file, Recipients((ALICE,), ()))
    pushed = subprocess.run(
        [sys.executable, "-m", "hauberk.system.accounts.recipients", file], input=b'{"addresses": 7}', capture_output=True, timeout=30
    )
    assert pushed.returncode == 2 and b"not written" in pushed.stderr
    assert recipients.read(file).addresses == (ALICE,)


@pytest.mark.parametrize(
    "text", ["alice", "@corp.test", "a b@corp.test", "a'--@corp.test", "../x@corp.test", "a+b@corp.test", "a@", "a..b@c.test"]
)
def test_addresses_that_a_daemon_could_misread_are_refused(text: str) -> None:
    assert isinstance(parse_address(text), Malformed)


def test_an_address_is_one_whatever_its_case() -> None:
    assert parse_address(" Alice.Smith@BÜCHER.test ") == "alice.smith@xn--bcher-kva.test"
