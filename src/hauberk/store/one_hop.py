"""SQLite's driver with one hop to its thread for a statement, in place of four: a cursor made, run, read and closed.

aiosqlite has a thread for each connection, and each call of a cursor goes there and back. Most statements give a few small rows, which come
back with the call that runs them; what is longer is fetched on, so that large tables can be streamed.
"""

import sqlite3
from collections.abc import Callable, Sequence
from threading import Thread
from typing import Any, Self, TypeVar

import aiosqlite

T = TypeVar("T")
_TOGETHER = 64


class Cursor:
    """As much of a cursor of aiosqlite as SQLAlchemy uses."""

    arraysize = _TOGETHER

    def __init__(self, connection: "Connection") -> None:
        self._connection = connection
        self._open: sqlite3.Cursor | None = None
        self._rows: list[Any] = []
        self.description: Sequence[Any] | None = None
        self.rowcount = -1
        self.lastrowid: int | None = None

    async def __aenter__(self) -> Self:
        return self

    async def execute(self, sql: str, parameters: Sequence[Any] = ()) -> Self:
        await self._connection.hop(lambda: self._begin(self._connection.inner.execute(sql, parameters)))
        return self

    async def executemany(self, sql: str, parameters: Sequence[Sequence[Any]]) -> Self:
        await self._connection.hop(lambda: self._begin(self._connection.inner.executemany(sql, parameters)))
        return self

    async def fetchall(self) -> list[Any]:
        return await self._fetch(None)

    async def fetchmany(self, size: int | None = None) -> list[Any]:
        return await self._fetch(size or self.arraysize)

    async def fetchone(self) -> Any:
        rows = await self._fetch(1)
        return rows[0] if rows else None

    async def close(self) -> None:
        if self._open is not None:
            await self._connection.hop(self._end)
        self._rows = []

    async def _fetch(self, size: int | None) -> list[Any]:
        if self._open is not None and (size is None or len(self._rows) < size):
            await self._connection.hop(lambda: self._read(size))
        rows = self._rows[:size]
        self._rows = self._rows[len(rows) :]
        return rows

    def _begin(self, cursor: sqlite3.Cursor) -> None:
        self._open, self._rows, self.description = cursor, [], cursor.description
        self._read(_TOGETHER)

    def _read(self, size: int | None) -> None:
        """In the thread, as what follows: until there are `size` rows, or all."""
        assert self._open is not None  # noqa: S101 - called while it is
        wanted = None if size is None else size - len(self._rows)
        rows = self._open.fetchall() if wanted is None else self._open.fetchmany(wanted)
        self._rows += rows
        self.rowcount, self.lastrowid = self._open.rowcount, self._open.lastrowid
        if wanted is None or len(rows) < wanted:
            self._end()

    def _end(self) -> None:
        if self._open is not None:
            self._open.close()
            self._open = None


class Connection(aiosqlite.Connection):
    """`inner` is the connection of the standard library, for use in the thread."""

    def cursor(self) -> Cursor:  # pyright: ignore[reportIncompatibleMethodOverride]
        return Cursor(self)

    @property
    def inner(self) -> sqlite3.Connection:
        return self._conn

    async def rollback(self) -> None:
        """The pool does so with every connection that comes back; after a commit there is nothing to undo, and nothing to go there for."""
        if self.inner.in_transaction:
            await super().rollback()

    async def hop(self, work: Callable[[], T]) -> T:
        """Do it in the thread."""
        return await self._execute(work)  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]


def connect(database: str, **settings: Any) -> Connection:
    """To be awaited, as `aiosqlite.connect`."""
    made = Connection(lambda: sqlite3.connect(database, **settings), iter_chunk_size=_TOGETHER)
    thread: Thread = getattr(made, "_thread", made)  # pyright: ignore[reportAssignmentType] - before aiosqlite 0.22 the connection was one
    thread.daemon = True  # as SQLAlchemy does it: nobody waits for it at the end
    return made
