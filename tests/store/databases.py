"""Databases for the tests: each on SQLite and on a real PostgreSQL. For all tests, by tests/conftest.py.

What it takes to have one is imported when a test wants one.
"""

import asyncio
import shutil
from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from store.real_postgresql import Server


@pytest.fixture(scope="session")
def postgresql() -> Generator["Server"]:
    from hauberk.store.migration import migrate
    from store import real_postgresql
    from store.real_postgresql import OWNER

    if reason := real_postgresql.why_not():
        pytest.skip(reason)
    with real_postgresql.server() as running:
        running.sql(f"CREATE DATABASE store OWNER {OWNER}")
        asyncio.run(migrate(running.url("store")))
        yield running


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from hauberk.store.migration import migrate

    file = tmp_path_factory.mktemp("migrated") / "hauberk.db"
    asyncio.run(migrate(f"sqlite:///{file}"))
    return file


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Generator[str]:
    """An empty database with all tables."""
    if request.param == "sqlite":
        migrated: Path = request.getfixturevalue("migrated_file")
        shutil.copy(migrated, tmp_path / "hauberk.db")
        yield f"sqlite:///{tmp_path / 'hauberk.db'}"
        return
    yield request.getfixturevalue("postgresql_url")


@pytest.fixture
def postgresql_url(postgresql: "Server") -> str:
    """A database that is emptied for each test: a new one for each would take a second."""
    from hauberk.store.columns import METADATA

    names = ", ".join(METADATA.tables)
    postgresql.sql(f"SET session_replication_role = replica; TRUNCATE {names} RESTART IDENTITY CASCADE", "store")
    return postgresql.url("store")


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Generator[str]:
    """A place for a database without any table."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'empty.db'}"
        return
    from store.real_postgresql import OWNER

    server: Server = request.getfixturevalue("postgresql")
    server.sql(f"CREATE DATABASE empty OWNER {OWNER}")
    yield server.url("empty")
    server.sql("DROP DATABASE empty WITH (FORCE)")
