"""One domain judged and scored: what the report, the JSON and the store hold."""

from dataclasses import dataclass
from datetime import datetime

from hauberk.model.score import Score
from hauberk.model.verdict import CheckVerdict, Verdict


@dataclass(frozen=True, slots=True)
class Remedy:
    """How to mend one finding: DNS records to publish (`name TYPE data` in presentation format) or settings to make.

    `replaces` lists `name TYPE` sets that the records take the place of; an empty `records` with `replaces` means removal.
    """

    check: str
    what: str
    records: tuple[str, ...] = ()
    replaces: tuple[str, ...] = ()
    settings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FixStep:
    """A remedy with what it brings: points if this alone, and points and grade if it and all before it, were done.

    `remove` and `publish` are the records (`name. TYPE data`) that the step takes away and adds, given all steps before it; what stays
    is in neither. `assumed` is true when the gain was not computed from records but by taking the check as passed (a server setting).
    """

    remedy: Remedy
    verdict: Verdict
    gain: float
    points_after: float
    grade_after: str
    assumed: bool = False
    remove: tuple[str, ...] = ()
    publish: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Assessment:
    """`observation` is the evidence id of the tape that was judged."""

    domain: str
    observed_at: datetime
    observation: str
    catalogue: str
    rubric: str
    score: Score
    verdicts: tuple[CheckVerdict, ...]
    fix_plan: tuple[FixStep, ...] = ()
