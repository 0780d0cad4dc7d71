"""Times, sizes and results in the words of the pages."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from math import ceil

from hauberk.model.score import Band, standing
from hauberk.model.verdict import Verdict
from hauberk.report.compose import FRESH
from hauberk.report.content import Mark
from hauberk.report.wording import BANDS, INCOMPLETE, MARKS, counted

NO_RESULT = Mark("none", "Not scanned yet")
_DAY = timedelta(days=1)
_SOON = 30 * _DAY
_SHORT = {Band.GREEN: "Green", Band.AMBER: "Amber", Band.RED: "Red"}


@dataclass(frozen=True, slots=True)
class Freshness:
    """How long evidence still counts: `share` 0-1 of the ninety days is left."""

    state: str
    share: float
    words: str
    until: datetime


def expires_soon(observed_at: datetime, now: datetime) -> bool:
    """Whether `freshness` is no more a pass."""
    return observed_at + FRESH - now <= _SOON


def freshness(observed_at: datetime, now: datetime) -> Freshness:
    """An auditor takes evidence of the last ninety days."""
    until = observed_at + FRESH
    left = until - now
    share = min(1.0, max(0.0, left / FRESH))
    if left <= timedelta():
        days = -left // _DAY
        return Freshness("fail", 0.0, "expired today" if days == 0 else f"expired {counted(days, 'day')} ago", until)
    days = min(ceil(left / _DAY), FRESH // _DAY)
    return Freshness("pass" if left > _SOON else "warn" if days > 7 else "fail", share, f"{counted(days, 'day')} left", until)


@cache
def result_mark(band: str, *, incomplete: bool) -> Mark:
    """The band as it stands on the report: an incomplete result says so, unless it is red."""
    known = Band(band)
    return Mark(BANDS[known].state, _SHORT[known]) if standing(known, incomplete=incomplete) == known else INCOMPLETE


def verdict_mark(verdict: Verdict) -> Mark:
    return MARKS[verdict]


def ago(moment: datetime, now: datetime) -> str:
    """`just now`, `5 minutes ago`, `3 days ago`; for what is ahead `in 5 minutes`."""
    seconds = (now - moment).total_seconds()
    said = _span(abs(seconds))
    if not said:
        return "just now"
    return f"{said} ago" if seconds > 0 else f"in {said}"


def _span(seconds: float) -> str:
    for size, name in ((86400 * 365, "year"), (86400 * 30, "month"), (86400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= size:
            return counted(int(seconds // size), name)
    return ""


def octets(size: int) -> str:
    """`812 B`, `41 KB`, `1.3 MB`."""
    if size < 1000:
        return f"{size} B"
    if size < 1_000_000:
        return f"{size / 1000:.0f} KB"
    return f"{size / 1_000_000:.1f} MB"


def sentence(text: object) -> str:
    """What a message of the program says, as a sentence of a page: names in it stay as they are written."""
    said = str(text)
    return f"{said[:1].upper()}{said[1:]}."


def signed(change: float) -> str:
    """`+4`, `−12.5`, `±0` with a real minus sign."""
    shown = f"{abs(change):.1f}".removesuffix(".0")
    if shown == "0":
        return "±0"
    return f"{'+' if change > 0 else '−'}{shown}"
