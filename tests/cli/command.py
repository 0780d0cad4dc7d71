"""Running `hauberk` in a process of its own."""

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Outcome:
    code: int
    out: str
    err: str


@dataclass(frozen=True)
class Hauberk:
    folder: Path

    def __call__(
        self, *arguments: str | Path, given: bytes = b"", shell: str = 'exec "$@"', environment: Mapping[str, str] | None = None
    ) -> Outcome:
        """`shell` is how a shell runs the command `$@`; `environment` adds to the variables."""
        command = ["sh", "-c", shell, "sh", sys.executable, "-m", "hauberk.cli.main", *map(str, arguments)]
        done = subprocess.run(
            command, cwd=self.folder, input=given, capture_output=True, timeout=120, env={**os.environ, **(environment or {})}
        )
        outcome = Outcome(done.returncode, done.stdout.decode(), done.stderr.decode())
        assert "Traceback" not in outcome.err, outcome.err
        return outcome
