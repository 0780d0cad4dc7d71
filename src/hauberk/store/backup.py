"""Backup and restore while the server goes on serving.

A backup is one SQLite file with the tables of this program, whichever database it comes from: from SQLite by its online backup, from
PostgreSQL out of one read-only snapshot (REPEATABLE READ). So a backup can be restored into either, and looked into with any SQLite
tool. It holds everything, password hashes and webhook secrets too, and only its owner may read it.
"""

import asyncio
import os
import shutil
import tempfile
from collections.abc import Generator
from contextlib import closing, contextmanager
from pathlib import Path

from sqlalchemy import Connection, insert, select, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from hauberk.store import tables
from hauberk.store.columns import METADATA
from hauberk.store.engine import BEGIN, engine, open_file
from hauberk.store.errors import Fault, StoreError, clear_errors
from hauberk.store.migration import migrate, require_current
from hauberk.store.url import file_of, is_sqlite, parse

_BATCH = 200
_TABLES = tuple(METADATA.sorted_tables)
assert tables.evidence  # noqa: S101 - imported so that the metadata holds every table


async def backup(url: str, file: Path) -> None:
    """Write a backup to a new file; it is there whole or not at all. Raises `StoreError`, also when the file is there already."""
    address = parse(url)
    made = engine(address, connections=1)
    try:
        await require_current(made)
        _refuse_existing(file)
        with _unfinished(file) as part:
            if is_sqlite(address):
                await asyncio.to_thread(_copy_file, file_of(address), part)
            else:
                await _copy_snapshot(made, part)
            await asyncio.to_thread(_seal, part)
            _publish(part, file)
    finally:
        await made.dispose()


async def restore(file: Path, url: str, *, replace: bool = False) -> None:
    """Bring a backup into a database, making its tables if need be; one transaction. The backup may be of an earlier version.

    Raises `StoreError`: conflict when the database holds something and `replace` is not set.
    """
    address = parse(url)
    with tempfile.TemporaryDirectory(prefix="hauberk-restore-") as folder:
        source = Path(folder) / "backup.db"
        await asyncio.to_thread(_take, file, source)
        await migrate(f"sqlite:///{source}")
        await asyncio.to_thread(_forget_sessions, source)
        await migrate(url)
        if is_sqlite(address):
            await asyncio.to_thread(_replace_file, source, file_of(address), replace)
        else:
            await _load(url, source, replace)


def _refuse_existing(file: Path) -> None:
    if file.exists():
        raise StoreError(Fault.CONFLICT, f"{file} is there already: a backup is never overwritten")


@contextmanager
def _unfinished(file: Path) -> Generator[Path]:
    """A private file beside the wanted one; what is left of it goes."""
    try:
        number, name = tempfile.mkstemp(prefix=f".{file.name}.", dir=file.parent)
    except OSError as error:
        raise StoreError(Fault.AWAY, f"{file} cannot be written: {error.strerror}") from error
    os.close(number)
    try:
        yield Path(name)
    except StoreError as error:
        if error.fault is not Fault.FULL:
            raise
        raise StoreError(Fault.FULL, f"{file} cannot be written: its disk is full") from error
    finally:
        for ending in ("", "-wal", "-shm", "-journal"):
            Path(name + ending).unlink(missing_ok=True)


def _publish(part: Path, file: Path) -> None:
    """Give the finished file its name, unless somebody else took it meanwhile."""
    try:
        os.link(part, file)
    except FileExistsError:
        raise StoreError(Fault.CONFLICT, f"{file} is there already: a backup is never overwritten") from None
    except OSError:  # a file system without hard links
        part.rename(file)


def _copy_file(source: Path, target: Path) -> None:
    """SQLite's online backup: all pages in one step, so that a writer in between cannot make it begin again."""
    with clear_errors(), closing(open_file(str(source), read_only=True)) as read, closing(open_file(str(target))) as write:
        read.backup(write)


def _seal(part: Path) -> None:
    """Make the copy one file without a log beside it, checked and on the disk."""
    with clear_errors(), closing(open_file(str(part))) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")
        found = connection.execute("PRAGMA integrity_check").fetchone()
        if found != ("ok",):
            raise StoreError(Fault.DAMAGED, f"the database is damaged: {found[0]}")
    with clear_errors(), part.open("rb") as file:
        os.fsync(file.fileno())


def _take(file: Path, source: Path) -> None:
    """A private copy of the backup, to be migrated without touching it."""
    if file.exists() and not file.is_file() and not file.is_dir():
        raise StoreError(Fault.INVALID, f"{file} is no backup of Hauberk: it is no file")
    try:
        shutil.copyfile(file, source)
        source.chmod(0o600)
    except OSError as error:
        raise StoreError(Fault.MISSING, f"the backup {file} cannot be read: {error.strerror}") from error
    try:
        with clear_errors(), closing(open_file(str(source))) as connection:
            found = connection.execute("SELECT count(*) FROM sqlite_master WHERE name = 'alembic_version'").fetchone()
    except StoreError as error:
        raise StoreError(error.fault, f"the backup {file} cannot be read: {error}") from error
    if found != (1,):
        raise StoreError(Fault.INVALID, f"{file} is no backup of Hauberk")


async def _copy_snapshot(made: AsyncEngine, part: Path) -> None:
    """Every row that one snapshot of PostgreSQL shows."""
    await migrate(f"sqlite:///{part}")
    target = engine(parse(f"sqlite:///{part}"), connections=1)
    try:
        with clear_errors():
            async with made.connect() as read, target.connect() as write:
                await read.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
                async with read.begin(), write.begin():
                    await read.execute(text("SELECT set_config('role', 'hauberk_system', true)"))
                    await _copy_tables(read, write)
    finally:
        await target.dispose()


async def _copy_tables(read: AsyncConnection, write: AsyncConnection) -> None:
    for table in _TABLES:
        async with read.stream(select(table).execution_options(yield_per=_BATCH)) as rows:
            async for batch in rows.mappings().partitions(_BATCH):
                await write.execute(insert(table), [dict(row) for row in batch])


_HELD = "SELECT (SELECT count(*) FROM tenants) + (SELECT count(*) FROM users)"


def _not_empty() -> StoreError:
    return StoreError(Fault.CONFLICT, "the database is not empty, and restoring would replace all that it holds")


def _forget_sessions(source: Path) -> None:
    """Whoever has signed out since then stays signed out, and what was ended stays so."""
    with clear_errors(), closing(open_file(str(source))) as connection:
        connection.execute("DELETE FROM sessions")
        connection.execute("DELETE FROM ceremonies")


def _replace_file(source: Path, target: Path, replace: bool) -> None:
    with clear_errors(), closing(open_file(str(target))) as connection:
        if not replace and connection.execute(_HELD).fetchone() != (0,):
            raise _not_empty()
    _seal(source)
    _copy_file(source, target)


async def _load(url: str, source: Path, replace: bool) -> None:
    """Replace all rows on PostgreSQL, in one transaction, by the owner of the tables. Sessions wait until it is through."""
    made, kept = engine(parse(url), connections=1), engine(parse(f"sqlite:///{source}"), connections=1)
    try:
        with clear_errors():
            async with made.connect() as write, kept.connect() as read:
                await read.execution_options(**{BEGIN: "DEFERRED"})
                async with write.begin(), read.begin():
                    await write.run_sync(_unguard, replace)
                    await _copy_tables(read, write)
                    await write.run_sync(_guard)
    finally:
        await made.dispose()
        await kept.dispose()


def _unguard(connection: Connection, replace: bool) -> None:
    for table in _TABLES:
        connection.execute(text(f"ALTER TABLE {table.name} DISABLE TRIGGER USER, NO FORCE ROW LEVEL SECURITY"))
    if not replace and connection.execute(text(_HELD)).scalar_one():
        raise _not_empty()
    connection.execute(text(f"TRUNCATE {', '.join(table.name for table in _TABLES)} RESTART IDENTITY"))


def _guard(connection: Connection) -> None:
    for table in _TABLES:
        if "id" in table.c:
            last = f"SELECT setval(pg_get_serial_sequence('{table.name}', 'id'), (SELECT max(id) FROM {table.name}))"  # noqa: S608
            connection.execute(text(last))
        connection.execute(text(f"ALTER TABLE {table.name} ENABLE TRIGGER USER, FORCE ROW LEVEL SECURITY"))
