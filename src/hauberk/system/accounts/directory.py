"""The account directory itself, in SQLite or PostgreSQL. Every change is one transaction and leaves a line in `happenings`."""

from collections.abc import AsyncGenerator, Callable, Iterable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Protocol

from sqlalchemy import URL, Connection, event, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from hauberk.store.errors import Fault, StoreError, clear_errors
from hauberk.store.url import file_of, is_sqlite
from hauberk.system.accounts import passwords
from hauberk.system.accounts.account import Account, Alias, Recipients, State
from hauberk.system.accounts.schema import statements

_BUSY_SECONDS = 15


class Directory:
    """All methods raise `StoreError`: conflict for what is there already, missing for what is not, invalid for what makes no sense."""

    def __init__(self, url: URL) -> None:
        self._sqlite = is_sqlite(url)
        self._file = file_of(url) if self._sqlite else None
        self._engine = _engine(url, sqlite=self._sqlite)

    async def create(self) -> None:
        """Make tables and views where they are missing. A new file can be read by its folder's group: the daemons that ask it."""
        if self._file and not self._file.exists():
            with clear_errors():
                self._file.touch(0o640)
        async with self._change() as connection:
            for statement in statements(sqlite=self._sqlite):
                await connection.execute(text(statement))

    async def add(self, login: str, name: str, password: str | None, at: datetime) -> None:
        """A new account, active. `password` None: it gets one later, or app passwords only."""
        hashed = passwords.hashed(password) if password is not None else None
        async with self._change() as connection:
            await _refuse_where_alias(connection, login)
            await connection.execute(
                text("INSERT INTO accounts (login, name, state, password, since) VALUES (:login, :name, 'active', :password, :since)"),
                {"login": login, "name": name, "password": hashed, "since": _written(at)},
            )
            await _note(connection, at, login, "added")

    async def set_password(self, login: str, password: str, at: datetime) -> None:
        async with self._change() as connection:
            if await _state(connection, login) is State.DEACTIVATED:
                raise StoreError(Fault.INVALID, f"{login} is deactivated: activate it first")
            await connection.execute(
                text("UPDATE accounts SET password = :password WHERE login = :login"),
                {"password": passwords.hashed(password), "login": login},
            )
            await _note(connection, at, login, "password set")

    async def set_state(self, login: str, state: State, at: datetime) -> bool:
        """False where it was in that state already. Deactivation also takes the password and the app passwords away, for good."""
        async with self._change() as connection:
            before = await _state(connection, login)
            if before is state:
                return False
            await connection.execute(
                text("UPDATE accounts SET state = :state, since = :since WHERE login = :login"),
                {"state": state.value, "since": _written(at), "login": login},
            )
            if state is State.DEACTIVATED:
                await connection.execute(text("UPDATE accounts SET password = NULL WHERE login = :login"), {"login": login})
                await connection.execute(text("DELETE FROM app_passwords WHERE login = :login"), {"login": login})
            await _note(connection, at, login, f"{before.value} -> {state.value}")
        return True

    async def add_alias(self, alias: Alias, at: datetime, *, outside: bool = False) -> None:
        """`outside`: the target is no account of ours, and mail for the alias is forwarded there."""
        async with self._change() as connection:
            if await _exists(connection, alias.address):
                raise StoreError(Fault.CONFLICT, f"{alias.address} is an account: an alias has an address of its own")
            if not outside:
                await _state(connection, alias.target)
            await connection.execute(
                text("INSERT INTO aliases (address, target) VALUES (:address, :target)"), {"address": alias.address, "target": alias.target}
            )
            await _note(connection, at, alias.target, f"alias {alias.address}")

    async def remove_alias(self, alias: Alias, at: datetime) -> None:
        async with self._change() as connection:
            gone = await connection.execute(
                text("DELETE FROM aliases WHERE address = :address AND target = :target"),
                {"address": alias.address, "target": alias.target},
            )
            if gone.rowcount == 0:
                raise StoreError(Fault.MISSING, f"{alias.address} does not lead to {alias.target}")
            await _note(connection, at, alias.target, f"alias {alias.address} removed")

    async def add_app_password(self, login: str, label: str, at: datetime) -> str:
        """A new app password; this is the only time that it can be read."""
        made = passwords.new_app_password()
        async with self._change() as connection:
            if await _state(connection, login) is not State.ACTIVE:
                raise StoreError(Fault.INVALID, f"{login} is not active: it cannot log in with anything")
            await connection.execute(
                text("INSERT INTO app_passwords (digest, login, label, made) VALUES (:digest, :login, :label, :made)"),
                {"digest": passwords.digest(made), "login": login, "label": label, "made": _written(at)},
            )
            await _note(connection, at, login, f"app password {label}")
        return made

    async def remove_app_password(self, login: str, label: str, at: datetime) -> None:
        async with self._change() as connection:
            gone = await connection.execute(
                text("DELETE FROM app_passwords WHERE login = :login AND label = :label"), {"login": login, "label": label}
            )
            if gone.rowcount == 0:
                raise StoreError(Fault.MISSING, f"{login} has no app password called {label}")
            await _note(connection, at, login, f"app password {label} removed")

    async def grant(self, address: str, login: str, at: datetime) -> None:
        """Let an account write as an address that is not its own."""
        async with self._change() as connection:
            await _state(connection, login)
            await connection.execute(
                text("INSERT INTO grants (address, login) VALUES (:address, :login)"), {"address": address, "login": login}
            )
            await _note(connection, at, login, f"may write as {address}")

    async def accounts(self) -> tuple[Account, ...]:
        """All of them, whatever their state, by login."""
        async with self._change() as connection:
            rows = await connection.execute(text("SELECT login, name, state, password IS NOT NULL, since FROM accounts ORDER BY login"))
            aliases = await connection.execute(text("SELECT target, address FROM aliases ORDER BY address"))
            apps = await connection.execute(text("SELECT login, label FROM app_passwords ORDER BY label"))
            named = _gathered((str(target), str(address)) for target, address in aliases)
            labelled = _gathered((str(login), str(label)) for login, label in apps)
            return tuple(
                Account(
                    str(login),
                    str(name),
                    State(state),
                    bool(has),
                    datetime.fromisoformat(str(since)),
                    named.get(str(login), ()),
                    labelled.get(str(login), ()),
                )
                for login, name, state, has, since in rows
            )

    async def recipients(self) -> Recipients:
        """What is pushed to the MTA."""
        async with self._change() as connection:
            addresses = await connection.execute(text("SELECT address FROM mail_recipients ORDER BY address"))
            aliases = await connection.execute(text("SELECT address, target FROM mail_aliases ORDER BY address, target"))
            return Recipients(tuple(str(one) for (one,) in addresses), tuple(Alias(str(one), str(target)) for one, target in aliases))

    async def close(self) -> None:
        await self._engine.dispose()

    @asynccontextmanager
    async def _change(self) -> AsyncGenerator[AsyncConnection]:
        with clear_errors():
            async with self._engine.begin() as connection:
                yield connection


@asynccontextmanager
async def opened(url: URL) -> AsyncGenerator[Directory]:
    """A directory with its tables, closed with the block."""
    directory = Directory(url)
    try:
        await directory.create()
        yield directory
    finally:
        await directory.close()


def _engine(url: URL, *, sqlite: bool) -> AsyncEngine:
    engine = create_async_engine(url, poolclass=NullPool, connect_args={"timeout": _BUSY_SECONDS if sqlite else 10})
    if sqlite:
        connected: Callable[[_SqliteConnection, object], None] = _on_connect
        event.listen(engine.sync_engine, "connect", connected)
        event.listen(engine.sync_engine, "begin", _on_begin)
    return engine


class _Cursor(Protocol):
    def execute(self, statement: str) -> object: ...
    def close(self) -> None: ...


class _SqliteConnection(Protocol):
    isolation_level: str | None

    def cursor(self) -> _Cursor: ...


def _on_connect(connection: _SqliteConnection, record: object) -> None:
    del record
    connection.isolation_level = None  # transactions begin where `_on_begin` says
    cursor = connection.cursor()
    # Postfix and Dovecot read as users who may not write: the write-ahead log would shut them out.
    for pragma in ("journal_mode = DELETE", "synchronous = FULL", "foreign_keys = ON", f"busy_timeout = {_BUSY_SECONDS * 1000}"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _on_begin(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


async def _state(connection: AsyncConnection, login: str) -> State:
    found = (await connection.execute(text("SELECT state FROM accounts WHERE login = :login"), {"login": login})).scalar()
    if found is None:
        raise StoreError(Fault.MISSING, f"there is no account {login}")
    return State(found)


async def _exists(connection: AsyncConnection, login: str) -> bool:
    return bool((await connection.execute(text("SELECT 1 FROM accounts WHERE login = :login"), {"login": login})).scalar())


async def _refuse_where_alias(connection: AsyncConnection, login: str) -> None:
    if await _exists(connection, login):
        raise StoreError(Fault.CONFLICT, f"there is an account {login} already")
    if (await connection.execute(text("SELECT 1 FROM aliases WHERE address = :login"), {"login": login})).scalar():
        raise StoreError(Fault.CONFLICT, f"{login} is an alias: remove it first")


async def _note(connection: AsyncConnection, at: datetime, login: str, what: str) -> None:
    await connection.execute(
        text("INSERT INTO happenings (at, login, what) VALUES (:at, :login, :what)"), {"at": _written(at), "login": login, "what": what}
    )


def _written(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds")


def _gathered(pairs: Iterable[tuple[str, str]]) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for key, value in pairs:
        found[key] = (*found.get(key, ()), value)
    return found
