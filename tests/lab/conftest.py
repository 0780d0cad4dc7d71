"""One lab for the tests of this folder."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from hauberk.lab.background import in_background
from hauberk.lab.internet import Lab


@pytest.fixture(scope="session")
def lab() -> Iterator[Lab]:
    with in_background(Lab(at=datetime.now(UTC))) as running:
        yield running
