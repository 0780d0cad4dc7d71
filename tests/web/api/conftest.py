"""An API for each test."""

import asyncio
from pathlib import Path

import pytest

from web.api.calling import Play, Scenario, calling, migrated_copy


@pytest.fixture
def play(tmp_path: Path) -> Play:
    """Runs a scenario against a new API over an empty database."""
    return _player(migrated_copy(tmp_path), tmp_path)


@pytest.fixture
def play_on_each(url: str, tmp_path: Path) -> Play:
    """The same, once on SQLite and once on PostgreSQL."""
    return _player(url, tmp_path)


def _player(url: str, folder: Path) -> Play:
    async def run(scenario: Scenario) -> None:
        async with calling(url, folder) as here:
            await scenario(here)

    return lambda scenario: asyncio.run(run(scenario))
