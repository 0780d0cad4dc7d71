"""Addresses of databases: `sqlite:///hauberk.db`, `postgresql://user:password@host/name`."""

from pathlib import Path

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from hauberk.store.errors import Fault, StoreError

DEFAULT = "sqlite:///hauberk.db"
_DRIVERS = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+asyncpg", "postgres": "postgresql+asyncpg"}


def parse(text: str) -> URL:
    """The address with the driver that Hauberk uses. Raises `StoreError` (invalid)."""
    try:
        url = make_url(text)
    except ArgumentError:
        raise StoreError(Fault.INVALID, f"this is no address of a database: write {DEFAULT} or postgresql://user@host/name") from None
    driver = _DRIVERS.get(url.drivername.partition("+")[0])
    if driver is None:
        raise StoreError(Fault.INVALID, f"{url.drivername} is not supported: only sqlite and postgresql are")
    if driver.startswith("sqlite") and url.database in (None, "", ":memory:"):
        raise StoreError(Fault.INVALID, f"a database in a file is wanted, as in {DEFAULT}")
    return url.set(drivername=driver)


def is_sqlite(url: URL) -> bool:
    return url.drivername.startswith("sqlite")


def file_of(url: URL) -> Path:
    """The file of an SQLite database."""
    return Path(url.database or "")
