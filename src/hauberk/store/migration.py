"""Bringing a database to the tables of this program, and finding out whether it has them."""

import asyncio
import os
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path

from sqlalchemy import URL, Connection, inspect, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from hauberk.store.engine import engine, open_file
from hauberk.store.errors import Fault, StoreError, clear_errors
from hauberk.store.url import file_of, is_sqlite, parse

_LOCK = 0x68617562  # "haub": one migration at a time on a PostgreSQL database
# The newest revision, known without importing Alembic (a test holds it against the files).
HEAD = "0007"


async def migrate(url: str, revision: str = "head") -> None:
    """Bring the database up to the revision, making a new one where there is none. One transaction: all of it, or nothing.

    On PostgreSQL the user must own the tables and may create roles (or an administrator has made `hauberk_tenant` and
    `hauberk_system` and granted them). Raises `StoreError`.
    """
    address = parse(url)
    if is_sqlite(address):
        await asyncio.to_thread(_make_private, file_of(address))
    made = engine(address, connections=1)
    try:
        with clear_errors():
            async with made.connect() as connection, connection.begin():
                await _one_at_a_time(connection)
                await connection.run_sync(_refuse_foreign)
                await connection.run_sync(_upgrade, revision)
    finally:
        await made.dispose()


def _make_private(path: Path) -> None:
    """A new file that only its owner reads: it will hold password hashes and evidence.

    It appears with its write-ahead log switched on, since of several that switch it on at the same moment SQLite turns all but one away.
    """
    if path.exists():
        return
    try:
        number, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        os.close(number)
        try:
            with closing(open_file(name)) as connection:
                connection.execute("PRAGMA journal_mode = WAL")
            os.link(name, path)
        finally:
            Path(name).unlink()
    except FileExistsError:
        return
    except (OSError, sqlite3.Error) as error:
        raise StoreError(Fault.AWAY, f"the database {path} cannot be made: {error}") from error


async def _one_at_a_time(connection: AsyncConnection) -> None:
    if connection.dialect.name == "postgresql":
        await connection.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK})"))


def _refuse_foreign(connection: Connection) -> None:
    """A file with tables, none of them ours, was meant for something else; on PostgreSQL several programs may share a database."""
    names = inspect(connection).get_table_names() if connection.dialect.name == "sqlite" else []
    if names and "alembic_version" not in names:
        raise StoreError(
            Fault.CONFLICT, f"the database {connection.engine.url.database} is that of another program: it has no tables of ours"
        )


def _upgrade(connection: Connection, revision: str) -> None:
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config()
    config.set_main_option("script_location", "hauberk.store:migrations")
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, revision)
    except CommandError as error:
        raise StoreError(Fault.OUTDATED, f"the database was made by another version of Hauberk: {error}") from error


async def revision_of(made: AsyncEngine) -> str:
    """The database's revision; empty where there are no tables of ours."""
    with clear_errors():
        async with made.connect() as connection:
            names = await connection.run_sync(lambda sync: sync.dialect.has_table(sync, "alembic_version"))
            if not names:
                return ""
            return str((await connection.execute(text("SELECT version_num FROM alembic_version"))).scalar() or "")


def require_file(address: URL) -> None:
    """Raises `StoreError` (away) where there is no such file, which connecting would make."""
    if is_sqlite(address) and not file_of(address).is_file():
        raise StoreError(Fault.AWAY, f"there is no database {file_of(address)}")


async def require_current(made: AsyncEngine) -> None:
    """Raises `StoreError` (away or outdated) unless the database is there with the tables of this program."""
    require_file(made.url)
    found = await revision_of(made)
    if found != HEAD:
        state = f"is at revision {found}" if found else "is empty"
        raise StoreError(Fault.OUTDATED, f"the database {state}, this program works with {HEAD}: it has to be migrated first")
