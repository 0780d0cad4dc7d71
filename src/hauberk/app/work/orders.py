"""What a job is asked to do (its payload) and what came of it (its outcome), as they stand in the store: JSON."""

from dataclasses import dataclass
from typing import TypeVar

import msgspec

T = TypeVar("T")

SCAN = "scan"  # the payload is the domain's name alone, as the schedule writes it
REPORT = "report"
REJUDGE = "rejudge"
DELIVER = "deliver"
DIGEST = "digest"
WATCH = "watch"

# Whoever looks at a progress bar goes before what somebody ordered by the thousand, and that before the schedule.
WAITED_FOR = 10
IN_BULK = 5
SCHEDULED = 0

KINDS = ("pdf", "png", "jpg", "zip")


@dataclass(frozen=True, slots=True)
class ReportWanted:
    """`fresh` asks for a new scan in any case."""

    domain_id: int
    kinds: tuple[str, ...]
    by: str
    fresh: bool = False

    def same(self, other: "ReportWanted") -> bool:
        """Whether it asks for the same, whoever asks."""
        return (self.domain_id, self.kinds, self.fresh) == (other.domain_id, other.kinds, other.fresh)


@dataclass(frozen=True, slots=True)
class Note:
    """A message that no alert stands behind."""

    event: str
    text: str


@dataclass(frozen=True, slots=True)
class DeliveryWanted:
    """Over one channel: deliveries of alerts by their ids, or a note. A `test` is not tried again."""

    channel_id: int
    deliveries: tuple[int, ...] = ()
    note: Note | None = None
    test: bool = False


@dataclass(frozen=True, slots=True)
class RejudgingWanted:
    """`rubric` by its name."""

    rubric: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a job that is done has left: the ids of a scan, its assessment and reports, or in words what it did."""

    scan: int | None = None
    assessment: int | None = None
    reports: tuple[int, ...] = ()
    said: str = ""


@dataclass(frozen=True, slots=True)
class Stage:
    """How far a running job is: a few words, and a fraction of 1."""

    words: str
    fraction: float


def payload(order: object) -> bytes:
    return msgspec.json.encode(order)


def read_payload(content: bytes, order: type[T]) -> T:
    """Raises `msgspec.MsgspecError`."""
    return msgspec.json.decode(content, type=order)


def outcome(done: Outcome) -> str:
    return msgspec.json.encode(done).decode()


def outcome_of(text: str) -> Outcome:
    """The outcome; a text of another kind (the reason of a failure) is what was said."""
    try:
        return msgspec.json.decode(text.encode(), type=Outcome)
    except (msgspec.MsgspecError, UnicodeError):
        return Outcome(said=text)


def stage(told: Stage) -> str:
    return msgspec.json.encode(told).decode()


def stage_of(text: str) -> Stage:
    try:
        return msgspec.json.decode(text.encode(), type=Stage)
    except (msgspec.MsgspecError, UnicodeError):
        return Stage(text, 0.0)
