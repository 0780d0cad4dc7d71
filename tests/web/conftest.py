"""Fixtures of the tests of the pages."""

import asyncio
from pathlib import Path

import pytest

from web.site import Play, Scenario, site


@pytest.fixture
def play(tmp_path: Path, migrated_file: Path) -> Play:
    """Run a scenario on a new server."""

    def run(scenario: Scenario, **settings: object) -> None:
        async def whole() -> None:
            async with site(tmp_path, migrated_file, **settings) as opened:
                await scenario(opened)

        asyncio.run(whole())

    return run
