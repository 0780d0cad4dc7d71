"""Engines with what each database needs to be safe: SQLite's write-ahead log and foreign keys, time limits for PostgreSQL."""

import sqlite3
from collections.abc import Callable
from typing import Protocol

from sqlalchemy import URL, Connection, event
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from hauberk.store import one_hop
from hauberk.store.url import is_sqlite

BUSY_SECONDS = 15
# How a transaction on SQLite begins: writers take the lock at once, so that none finds out half way that another was first.
BEGIN = "hauberk_begin"
# Without compiling (jit): that costs more than any query of ours takes.
_SETTINGS = {"application_name": "hauberk", "timezone": "UTC", "jit": "off"}


class _Cursor(Protocol):
    def execute(self, statement: str) -> object: ...
    def close(self) -> None: ...


class _SqliteConnection(Protocol):
    isolation_level: str | None

    def cursor(self) -> _Cursor: ...


def engine(url: URL, *, connections: int = 10) -> AsyncEngine:
    """An engine; nothing is connected to yet."""
    if not is_sqlite(url):
        return create_async_engine(
            url,
            pool_size=connections,
            pool_pre_ping=True,
            pool_timeout=BUSY_SECONDS,
            connect_args={"timeout": 10, "command_timeout": 120, "server_settings": _SETTINGS},
        )
    how = {"timeout": BUSY_SECONDS, "async_creator_fn": one_hop.connect}
    made = create_async_engine(url, pool_size=connections, pool_timeout=BUSY_SECONDS, connect_args=how)
    connected: Callable[[_SqliteConnection, object], None] = _on_connect
    event.listen(made.sync_engine, "connect", connected)
    event.listen(made.sync_engine, "begin", _on_begin)
    return made


def _on_connect(connection: _SqliteConnection, record: object) -> None:
    del record
    connection.isolation_level = None  # transactions begin where `_on_begin` says, not where the driver guesses
    cursor = connection.cursor()
    for pragma in PRAGMAS:
        cursor.execute(pragma)
    cursor.close()


def _on_begin(connection: Connection) -> None:
    connection.exec_driver_sql(f"BEGIN {connection.get_execution_options().get(BEGIN, 'IMMEDIATE')}")


# FULL: what was acknowledged survives a power failure, not just a killed process.
PRAGMAS = (
    f"PRAGMA busy_timeout = {BUSY_SECONDS * 1000}",
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
    "PRAGMA recursive_triggers = ON",
    "PRAGMA trusted_schema = OFF",
)


def open_file(path: str, *, read_only: bool = False) -> sqlite3.Connection:
    """The same file by the standard library's own driver, for its online backup."""
    mode = "ro" if read_only else "rw"
    connection = sqlite3.connect(f"file:{_quoted(path)}?mode={mode}", uri=True, timeout=BUSY_SECONDS, isolation_level=None)
    connection.execute(f"PRAGMA busy_timeout = {BUSY_SECONDS * 1000}")
    return connection


def _quoted(path: str) -> str:
    return path.replace("%", "%25").replace("?", "%3f").replace("#", "%23")
