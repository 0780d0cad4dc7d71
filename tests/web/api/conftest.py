"""An API for each test."""

import asyncio
from pathlib import Path

import pytest

from web.api.calling import Play, Scenario, calling, migrated_copy


@pytest.fixture
def play(tmp_path: Path) -> Play:
    """Runs a scenario against a new API over an empty database."""
    url = migrated_copy(tmp_path)

    async def run(scenario: Scenario) -> None:
        async with calling(url, tmp_path) as here:
            await scenario(here)

    return lambda scenario: asyncio.run(run(scenario))
