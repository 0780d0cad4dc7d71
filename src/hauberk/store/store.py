"""The store: opened once, handing out sessions."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from hauberk.store.engine import BEGIN, BUSY_SECONDS, engine
from hauberk.store.errors import Fault, StoreError, clear_errors
from hauberk.store.migration import require_current
from hauberk.store.session import SystemSession, TenantSession
from hauberk.store.url import parse
from hauberk.store.whole import whole

_AS_TENANT = text("SELECT set_config('role', 'hauberk_tenant', true), set_config('hauberk.tenant', :tenant, true)")
_AS_SYSTEM = text("SELECT set_config('role', 'hauberk_system', true), set_config('hauberk.tenant', '', true)")


class Store:
    """An open database. `async with store.tenant(id) as session:` is one transaction: committed at the end, undone by an exception.

    Reading sessions (`writing=False`) see one state throughout and wait for no writer.
    """

    def __init__(self, made: AsyncEngine) -> None:
        self._engine = made
        # SQLite has one writer at a time and lets the others poll; those of this process queue up instead.
        self._turn: asyncio.Lock | None = asyncio.Lock() if made.dialect.name == "sqlite" else None

    @classmethod
    async def open(cls, url: str, *, connections: int = 10) -> "Store":
        """Raises `StoreError` when the database is away or has to be migrated first (`hauberk.store.migration.migrate`)."""
        made = engine(parse(url), connections=connections)
        try:
            await require_current(made)
        except BaseException:
            await made.dispose()
            raise
        return cls(made)

    async def close(self) -> None:
        await self._engine.dispose()

    @asynccontextmanager
    async def tenant(self, tenant: int, *, writing: bool = True) -> AsyncGenerator[TenantSession]:
        async with self._transaction(writing) as connection:
            if connection.dialect.name == "postgresql":
                with clear_errors():
                    await whole(connection.execute(_AS_TENANT, {"tenant": str(tenant)}))
            yield TenantSession(connection, tenant)

    @asynccontextmanager
    async def system(self, *, writing: bool = True) -> AsyncGenerator[SystemSession]:
        async with self._transaction(writing) as connection:
            if connection.dialect.name == "postgresql":
                with clear_errors():
                    await whole(connection.execute(_AS_SYSTEM))
            yield SystemSession(connection)

    @asynccontextmanager
    async def _transaction(self, writing: bool) -> AsyncGenerator[AsyncConnection]:
        if self._turn is None or not writing:
            async with self._connected(writing) as connection:
                yield connection
            return
        try:
            async with asyncio.timeout(BUSY_SECONDS):
                await self._turn.acquire()
        except TimeoutError:
            raise StoreError(Fault.BUSY, f"the database was written to for more than {BUSY_SECONDS} seconds") from None
        try:
            async with self._connected(writing) as connection:
                yield connection
        finally:
            self._turn.release()

    @asynccontextmanager
    async def _connected(self, writing: bool) -> AsyncGenerator[AsyncConnection]:
        connection = self._engine.connect()
        try:
            with clear_errors():
                await whole(connection.start())
                await connection.execution_options(**self._options(writing))
                transaction = connection.begin()
                await whole(transaction.start())
            try:
                yield connection
            except BaseException:
                with suppress(StoreError), clear_errors():  # where the database is away, it has undone everything by itself
                    await whole(transaction.rollback())
                raise
            with clear_errors():
                await whole(transaction.commit())
        finally:
            with suppress(StoreError), clear_errors():
                await whole(connection.close())

    def _options(self, writing: bool) -> dict[str, str | bool]:
        if self._engine.dialect.name == "postgresql":
            return {} if writing else {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        return {BEGIN: "IMMEDIATE" if writing else "DEFERRED"}
