"""Other people's scanners, each in an environment of its own below the user's cache folder, made at first use."""

import os
import shutil
import subprocess
import sys
from pathlib import Path


def folder_of(peer: str) -> Path:
    """Where this peer is kept."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "hauberk-benchmarks" / peer.replace("==", "-")


def python_with(peer: str) -> Path:
    """The Python that has this package (`name==version`). Raises `RuntimeError` when it cannot be installed."""
    folder = folder_of(peer)
    python = folder / "bin" / "python"
    if not (folder / "complete").exists():
        shutil.rmtree(folder, ignore_errors=True)
        for command in ((sys.executable, "-m", "venv", str(folder)), (str(python), "-m", "pip", "install", "--quiet", peer)):
            done = subprocess.run(command, capture_output=True, text=True)
            if done.returncode:
                raise RuntimeError(f"{peer} cannot be installed: {done.stderr.strip()[-300:]}")
        (folder / "complete").touch()
    return python
