"""One domain's result on a page: what the report says, with what a page can do besides."""

from dataclasses import dataclass
from datetime import datetime

from hauberk.model.assessment import Assessment
from hauberk.model.verdict import SEVERITY
from hauberk.report.content import CheckPart, Fix, Mark, ReportContent
from hauberk.report.wording import MARKS
from hauberk.store.assessments import Assessed
from hauberk.store.exceptions import Exemption
from hauberk.web.charts import Dot
from hauberk.web.views.words import Freshness, freshness, result_mark, signed

_WORST_FIRST = [MARKS[verdict] for verdict in SEVERITY]


@dataclass(frozen=True, slots=True)
class FixShown:
    """A step of the fix plan, the check that it mends, and the exceptions that accept it as it is."""

    number: int
    check: str
    fix: Fix
    accepted: tuple[Exemption, ...]


@dataclass(frozen=True, slots=True)
class CheckShown:
    part: CheckPart
    accepted: tuple[Exemption, ...]


@dataclass(frozen=True, slots=True)
class AreaShown:
    """An area with how many checks are in each state, the worst first."""

    name: str
    tally: tuple[tuple[Mark, int], ...]
    checks: tuple[CheckShown, ...]


@dataclass(frozen=True, slots=True)
class Change:
    """Against the result before: its id, when it was, and the difference in points."""

    id: int
    observed_at: datetime
    points: str
    direction: str


@dataclass(frozen=True, slots=True)
class Result:
    """Everything on the page of one result. `content` is that of the printed report."""

    assessed: Assessed
    content: ReportContent
    mark: Mark
    fresh: Freshness
    change: Change | None
    fixes: tuple[FixShown, ...]
    areas: tuple[AreaShown, ...]


def result(
    assessed: Assessed,
    assessment: Assessment,
    content: ReportContent,
    before: Assessed | None,
    holding: tuple[Exemption, ...],
    now: datetime,
) -> Result:
    """`before` is the result before this one by the same rubric, `holding` are the exceptions in force."""
    fixes = tuple(
        FixShown(number, step.remedy.check, fix, _accepting(holding, step.remedy.check))
        for number, (step, fix) in enumerate(zip(assessment.fix_plan, content.fixes, strict=False), 1)
    )
    return Result(
        assessed=assessed,
        content=content,
        mark=result_mark(assessed.band, incomplete=assessed.incomplete),
        fresh=freshness(assessed.observed_at, now),
        change=None if before is None else _change(before, assessed),
        fixes=fixes,
        areas=tuple(area_shown(area.name, area.checks, holding) for area in content.areas),
    )


def before(history: tuple[Assessed, ...], assessed: Assessed) -> Assessed | None:
    """The newest result of an earlier scan by the same rubric; `history` is newest first."""
    return next((one for one in history if one.observed_at < assessed.observed_at and one.rubric == assessed.rubric), None)


def dots(history: tuple[Assessed, ...], link: str = "") -> tuple[Dot, ...]:
    """Results, newest first, as dots of a trend line, oldest first: one a scan, the newest judgement of it.

    `link` is where the page of a result is, with `{}` for its id.
    """
    by_scan: dict[int, Assessed] = {}
    for one in sorted(history, key=lambda each: (each.observed_at, each.id)):
        by_scan[one.scan_id] = one
    return tuple(_dot(one, link) for one in by_scan.values())


def _dot(one: Assessed, link: str) -> Dot:
    mark = result_mark(one.band, incomplete=one.incomplete)
    label = f"{one.observed_at:%Y-%m-%d %H:%M} UTC: {one.points:g} points, grade {one.grade}, {mark.word}"
    return Dot(one.observed_at, one.points, mark.state, label, link.format(one.id))


def _accepting(holding: tuple[Exemption, ...], check: str) -> tuple[Exemption, ...]:
    return tuple(one for one in holding if one.check == check)


def _change(before: Assessed, now: Assessed) -> Change:
    gained = round(now.points - before.points, 1)
    return Change(before.id, before.observed_at, signed(gained), "up" if gained > 0 else "down" if gained < 0 else "same")


def area_shown(name: str, checks: tuple[CheckPart, ...], holding: tuple[Exemption, ...]) -> AreaShown:
    marks = [check.mark for check in checks]
    counts = tuple((mark, marks.count(mark)) for mark in dict.fromkeys(sorted(marks, key=_WORST_FIRST.index)))
    shown = tuple(CheckShown(check, _accepting(holding, check.id)) for check in checks)
    return AreaShown(name, counts, shown)
