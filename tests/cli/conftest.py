"""The command line as a user has it: a process of its own, scanning a lab that runs in another."""

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.command import Hauberk


@pytest.fixture(scope="session")
def network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The network file of a running lab."""
    file = tmp_path_factory.mktemp("lab") / "lab.json"
    lab = subprocess.Popen([sys.executable, "-m", "hauberk.cli.main", "lab", str(file)])
    try:
        for _ in range(300):
            if file.exists():
                break
            assert lab.poll() is None, "the lab ended at once"
            time.sleep(0.1)
        yield file
    finally:
        lab.terminate()
        lab.wait(10)


@pytest.fixture
def hauberk(tmp_path: Path) -> Hauberk:
    """Runs the command in an empty folder."""
    return Hauberk(tmp_path)
