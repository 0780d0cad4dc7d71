"""Sessions: one transaction each, bound to one tenant or to the installation as a whole."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import Column, CursorResult, Executable, Table, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql import ColumnElement

from hauberk.store.columns import Found, Query, R, columns, read
from hauberk.store.errors import clear_errors
from hauberk.store.whole import whole

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


class Session:
    """Runs statements in one transaction; each error comes as `StoreError`."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    @property
    def is_postgresql(self) -> bool:
        return self._connection.dialect.name == "postgresql"

    async def run(self, statement: Executable, values: Mapping[str, object] | None = None) -> int:
        """How many rows it touched."""
        return (await self._execute(statement, dict(values or {}))).rowcount

    async def run_many(self, statement: Executable, values: Sequence[Mapping[str, object]]) -> None:
        """The same statement with each of the values, as quickly as the driver can."""
        if values:
            await self._execute(statement, [dict(one) for one in values])

    async def rows(self, statement: Executable) -> list[Found]:
        return list((await self._execute(statement)).all())

    async def first(self, statement: Executable) -> Found | None:
        return (await self._execute(statement)).first()

    async def records(self, record: type[R], statement: Query) -> tuple[R, ...]:
        return tuple(read(record, row) for row in await self.rows(statement))

    async def record(self, record: type[R], statement: Query) -> R | None:
        row = await self.first(statement)
        return None if row is None else read(record, row)

    async def insert(self, table: Table, /, **values: object) -> int:
        """Insert one row; its id."""
        return await self._new_id(table.insert().values(**values).returning(table.c.id))

    async def insert_unless_there(self, table: Table, key: Sequence[str], /, **values: object) -> int | None:
        """Insert one row unless one with the same values in the columns `key` is there; the new id, or `None`."""
        statement = (
            postgresql.insert(table).values(**values).on_conflict_do_nothing(index_elements=list(key)).returning(table.c.id)
            if self.is_postgresql
            else sqlite.insert(table).values(**values).on_conflict_do_nothing(index_elements=list(key)).returning(table.c.id)
        )
        row = await self.first(statement)
        return None if row is None else int(row[0])

    async def _execute(
        self, statement: Executable, values: Mapping[str, object] | Sequence[Mapping[str, object]] | None = None
    ) -> CursorResult[Any]:
        with clear_errors():
            return await whole(self._connection.execute(statement, values))

    async def _new_id(self, statement: Executable) -> int:
        row = await self.first(statement)
        assert row is not None  # noqa: S101 - an INSERT that did not raise returns its row
        return int(row[0])


class TenantSession(Session):
    """Sees and changes the rows of one tenant. On PostgreSQL the database holds it to that, whatever statement it runs."""

    def __init__(self, connection: AsyncConnection, tenant: int) -> None:
        super().__init__(connection)
        self.tenant = tenant

    def select(self, record: "type[DataclassInstance]", table: Table) -> Query:
        """The record's columns of this tenant's rows."""
        return select(*columns(table, record)).where(self.own(table))

    def own(self, table: Table) -> ColumnElement[bool]:
        """The condition that a row is this tenant's."""
        owner: Column[int] = table.c.tenant_id
        return owner == self.tenant

    async def by_id(self, record: type[R], table: Table, id: int) -> R | None:
        return await self.record(record, self.select(record, table).where(table.c.id == id))

    async def add(self, table: Table, /, **values: object) -> int:
        """Insert a row of this tenant; its id."""
        return await self.insert(table, tenant_id=self.tenant, **values)

    async def change(self, table: Table, id: int, /, **values: object) -> bool:
        """Whether this tenant has such a row; it has the new values now."""
        return await self.run(table.update().where(self.own(table), table.c.id == id).values(**values)) == 1


class SystemSession(Session):
    """Works for the installation: signing in, finding the tenant of a token, claiming due jobs, listing tenants."""
