"""Columns that mean the same on both databases, and rows as dataclasses."""

from dataclasses import fields
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import msgspec
from sqlalchemy import BigInteger, Column, DateTime, Dialect, Executable, ForeignKey, ForeignKeyConstraint, Integer, MetaData, Table, Update
from sqlalchemy.engine import Row
from sqlalchemy.sql import Select
from sqlalchemy.types import TypeDecorator

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

METADATA = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# SQLite numbers rows only where the type is exactly INTEGER.
Number = BigInteger().with_variant(Integer(), "sqlite")


class _Reading(Protocol):
    def __call__(self, value: Any) -> datetime | None: ...


class Instant(TypeDecorator[datetime]):
    """A moment with its time zone: given in any, kept and returned in UTC."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without its time zone cannot be stored")
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        del dialect
        return None if value is None else value.astimezone(UTC)

    def result_processor(self, dialect: Dialect, coltype: object) -> _Reading | None:
        """SQLite's text is read in one step: a page has thousands of moments."""
        return _moment_of_text if dialect.name == "sqlite" else super().result_processor(dialect, coltype)


def _moment_of_text(value: str | None) -> datetime | None:
    return None if value is None else datetime.fromisoformat(f"{value}+00:00")


def row_id() -> Column[int]:
    return Column("id", Number, primary_key=True, autoincrement=True)


def tenant_id(*, primary_key: bool = False) -> Column[int]:
    return Column("tenant_id", Number, ForeignKey("tenants.id"), nullable=False, primary_key=primary_key)


def of_tenant(column: str, table: str) -> ForeignKeyConstraint:
    """A reference that cannot lead to another tenant's row."""
    return ForeignKeyConstraint(["tenant_id", column], [f"{table}.tenant_id", f"{table}.id"])


# Rows and queries of any columns: what they hold is checked where a record is made of them.
Found = Row[*tuple[Any, ...]]
Query = Select[*tuple[Any, ...]]
R = TypeVar("R", bound="DataclassInstance")


def columns(table: Table, record: "type[DataclassInstance]") -> list[Column[object]]:
    """The table's columns that the record's fields are named for."""
    return [table.c[field.name] for field in fields(record)]


def returning(statement: Update, table: Table, record: "type[DataclassInstance]") -> Executable:
    """The statement, answering with the record's columns of the rows that it changed."""
    return statement.returning(*columns(table, record))  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]


def read(record: type[R], row: Found) -> R:
    """The row as a record; the row's names are the record's fields."""
    found = row._mapping  # pyright: ignore[reportPrivateUsage] - SQLAlchemy's public name for it
    return msgspec.convert({name: found[name] for name in _names(record)}, record)


@cache
def _names(record: "type[DataclassInstance]") -> tuple[str, ...]:
    """Kept, since pages read hundreds of rows."""
    return tuple(field.name for field in fields(record))
