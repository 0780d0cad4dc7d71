"""The stage that tests of the mail system share: one a test process, set up when the first test wants it."""

import fcntl
import tempfile
from collections.abc import Generator
from pathlib import Path

import pytest

from hauberk.system.stage import namespaces
from system.playing import Playing, played


@pytest.fixture(scope="session")
def playing() -> Generator[Playing]:
    """Skips with a plain sentence where there can be none. Whoever changes something on it puts it back."""
    if reason := namespaces.obstacle():
        pytest.skip(reason)
    # One after the other: the first stage of a machine compiles what the next ones only load.
    with (Path(tempfile.gettempdir()) / "hauberk-stage.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        held = played()
        made = held.__enter__()
        fcntl.flock(lock, fcntl.LOCK_UN)
    try:
        yield made
    finally:
        held.__exit__(None, None, None)
