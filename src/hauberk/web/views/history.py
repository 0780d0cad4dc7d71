"""A domain's results one by one, each with what it changed."""

from dataclasses import dataclass
from datetime import datetime

from hauberk.report.content import Mark
from hauberk.report.wording import scored
from hauberk.store.assessments import Assessed
from hauberk.web.views.words import result_mark, signed


@dataclass(frozen=True, slots=True)
class Entry:
    """`before` is the id of the result before by the same rubric; 0 for the first."""

    id: int
    scan_id: int
    observed_at: datetime
    mark: Mark
    points: str
    grade: str
    rubric: str
    change: str
    direction: str
    before: int


def entries(results: tuple[Assessed, ...]) -> tuple[Entry, ...]:
    """`results` and the entries are newest first."""
    return tuple(_entry(one, _earlier(results[number + 1 :], one)) for number, one in enumerate(results))


def _earlier(older: tuple[Assessed, ...], one: Assessed) -> Assessed | None:
    return next((each for each in older if each.rubric == one.rubric and each.scan_id != one.scan_id), None)


def _entry(one: Assessed, before: Assessed | None) -> Entry:
    gained = 0.0 if before is None else round(one.points - before.points, 1)
    direction = "" if before is None else "up" if gained > 0 else "down" if gained < 0 else "same"
    return Entry(
        one.id,
        one.scan_id,
        one.observed_at,
        result_mark(one.band, incomplete=one.incomplete),
        scored(one.points, one.coverage),
        one.grade,
        one.rubric,
        "" if before is None else signed(gained),
        direction,
        0 if before is None else before.id,
    )
