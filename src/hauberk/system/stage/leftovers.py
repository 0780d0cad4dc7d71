"""What a run leaves on the machine, and its removal: processes, namespaces, their files in /etc/netns, the scratch folder.

A run writes its record before it makes anything. Whoever finds a record whose owner has died removes that run: the keeper at once
(`keeper.py`), else the next stage when it starts. Only namespaces named in a record are ever touched.
"""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import msgspec

RECORDS = Path("/run/hauberk-stages")
MOUNTED = Path("/run/netns")  # where ip-netns(8) keeps namespaces that have a name
NETNS_ETC = Path("/etc/netns")
_GRACE = 1.5  # seconds between asking to stop and killing


@dataclass(frozen=True, slots=True)
class Record:
    """One run. `owner` and `started` (clock ticks since boot) tell the process that made it from a later one with the same number.

    `scratch` is a folder that goes with the run; empty where the caller keeps it.
    """

    run: str
    owner: int
    started: int
    namespaces: tuple[str, ...]
    scratch: str = ""
    folder: str = str(RECORDS)

    @property
    def path(self) -> Path:
        return Path(self.folder) / f"{self.run}.json"


def write(run: str, namespaces: tuple[str, ...], scratch: str = "", records: Path = RECORDS) -> Record:
    """Record a run that this process owns."""
    record = Record(run, os.getpid(), started(os.getpid()), namespaces, scratch, str(records))
    records.mkdir(mode=0o700, parents=True, exist_ok=True)
    partial = records / f".{run}.partial"
    partial.write_bytes(msgspec.json.encode(record))
    partial.replace(record.path)
    return record


def read(path: Path) -> Record | None:
    """None for a file that is gone or no record."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Record)
    except (OSError, msgspec.DecodeError):
        return None


def started(process: int) -> int:
    """When a process began (proc(5), stat, field 22); 0 where there is none."""
    try:
        text = Path(f"/proc/{process}/stat").read_text()
    except OSError:
        return 0
    return int(text.rpartition(")")[2].split()[19])


def owned(record: Record) -> bool:
    return started(record.owner) == record.started


def sweep(records: Path = RECORDS) -> tuple[str, ...]:
    """Remove every run whose owner has died; the names of the runs."""
    found = [one for path in sorted(records.glob("*.json")) if (one := read(path)) and not owned(one)]
    for record in found:
        remove(record)
    return tuple(record.run for record in found)


def remove(record: Record) -> None:
    """End everything inside the run's namespaces, then take the namespaces and files away. Safe to call twice, or by two at once."""
    _end_all(record.namespaces)
    for name in record.namespaces:
        if (MOUNTED / name).exists():
            subprocess.run(["ip", "netns", "del", name], check=False, capture_output=True)  # noqa: S603, S607
        shutil.rmtree(NETNS_ETC / name, ignore_errors=True)
    if record.scratch:
        shutil.rmtree(record.scratch, ignore_errors=True)
    record.path.unlink(missing_ok=True)


def inhabitants(namespaces: Iterable[str]) -> tuple[int, ...]:
    """The processes whose network namespace is one of these."""
    wanted: set[tuple[int, int]] = set()
    for name in namespaces:
        with suppress(OSError):
            status = (MOUNTED / name).stat()
            wanted.add((status.st_dev, status.st_ino))
    if not wanted:
        return ()
    found: list[int] = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        with suppress(OSError):
            status = (entry / "ns" / "net").stat()
            if (status.st_dev, status.st_ino) in wanted:
                found.append(int(entry.name))
    return tuple(found)


def _end_all(namespaces: tuple[str, ...]) -> None:
    """SIGTERM, a moment to stop in, then SIGKILL until nobody is left."""
    end = time.monotonic() + _GRACE
    _signal(inhabitants(namespaces), signal.SIGTERM)
    while time.monotonic() < end and inhabitants(namespaces):
        time.sleep(0.05)
    while (left := inhabitants(namespaces)) and time.monotonic() < end + _GRACE:
        _signal(left, signal.SIGKILL)
        time.sleep(0.05)


def _signal(processes: Iterable[int], number: signal.Signals) -> None:
    for process in processes:
        with suppress(ProcessLookupError):
            os.kill(process, number)
