"""A process that outlives a killed run just long enough to remove it: `python -m hauberk.system.stage.keeper RECORD`.

Its standard input is a pipe whose other end only the owner holds. When the owner closes it or dies, however it dies, the keeper
reads the end of the file and removes the run.
"""

import os
import signal
import subprocess
import sys
from pathlib import Path

from hauberk.system.stage import leftovers


class Keeper:
    """The owner's side. `release` has the run removed and waits for it."""

    def __init__(self, record: leftovers.Record) -> None:
        self._record = record
        self._process = subprocess.Popen(  # noqa: S603 - this very program
            [sys.executable, "-m", "hauberk.system.stage.keeper", str(record.path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C in a terminal goes to the whole foreground group
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        )

    def release(self) -> None:
        if self._process.stdin:
            self._process.stdin.close()
        try:
            self._process.wait(30)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        leftovers.remove(self._record)  # where the keeper could not


def keep(path: Path) -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    record = leftovers.read(path)
    while sys.stdin.buffer.read(4096):
        pass
    if record:
        leftovers.remove(record)


if __name__ == "__main__":
    keep(Path(sys.argv[1]))
