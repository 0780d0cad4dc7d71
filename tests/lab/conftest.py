"""One lab for the tests of this folder, on each kind of event loop."""

import asyncio
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest
import uvloop

from hauberk.lab.background import in_background
from hauberk.lab.internet import Lab


@pytest.fixture(scope="session", params=[asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
def lab(request: pytest.FixtureRequest) -> Iterator[Lab]:
    new_loop: Callable[[], asyncio.AbstractEventLoop] = request.param
    with in_background(Lab(at=datetime.now(UTC)), new_loop) as running:
        yield running
