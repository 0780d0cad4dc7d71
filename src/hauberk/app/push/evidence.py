"""What is handed over, to whom, and what comes back."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Protocol

LARGEST = 100 * 1024 * 1024
_MEDIA_TYPES = {
    ".pdf": "application/pdf",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".zip": "application/zip",
    ".json": "application/json",
    ".csv": "text/csv",
}
_DATED = re.compile(r"_(\d{4}-\d\d-\d\d)(?=[._])")


class PushError(Exception):
    """The evidence was not handed over, or nobody knows whether it was; the message says why, for people, and never holds a secret."""


@dataclass(frozen=True, slots=True)
class EvidenceFile:
    """A report or a pack; `on` is the day of the scan."""

    name: str
    data: bytes
    media_type: str
    on: date


@dataclass(frozen=True, slots=True)
class Receipt:
    """Where the file went: the platform's id of what now holds it, and a sentence for people."""

    id: str
    said: str


class Destination(Protocol):
    """A platform that takes evidence."""

    async def push(self, file: EvidenceFile) -> Receipt:
        """Hand the file over. Raises `PushError`."""
        ...


def read_evidence(path: Path, on: date | None = None) -> EvidenceFile:
    """The file; its day is `on`, else the one in its name, else that of its last change. Raises `PushError`."""
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST + 1)
        changed = datetime.fromtimestamp(path.stat().st_mtime, UTC).date()
    except OSError as error:
        raise PushError(f"{path} cannot be read: {error.strerror}") from None
    if not data or len(data) > LARGEST:
        raise PushError(f"{path} is empty" if not data else f"{path} is larger than {LARGEST // 1024 // 1024} MiB")
    return EvidenceFile(
        path.name, data, _MEDIA_TYPES.get(path.suffix.lower(), "application/octet-stream"), on or _day_in(path.name) or changed
    )


def series_name(name: str) -> str:
    """What the file of every scan has in common: its name without the day and the extension."""
    dated = _DATED.search(name)
    return name[: dated.start()] if dated and dated.start() else name.partition(".")[0] or name


def _day_in(name: str) -> date | None:
    found = _DATED.search(name)
    try:
        return date.fromisoformat(found[1]) if found else None
    except ValueError:
        return None
