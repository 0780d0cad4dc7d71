"""The overview: every domain with where it stands, filtered, sorted and cut into pages."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from hauberk.model.score import INCOMPLETE, Band, standing
from hauberk.protocols.names import to_unicode
from hauberk.report.content import Mark
from hauberk.report.wording import points
from hauberk.store.overview import DomainState, TrendPoint
from hauberk.web.charts import Dot
from hauberk.web.views.asked import PAGE, pages_of, query
from hauberk.web.views.words import NO_RESULT, Freshness, ago, expires_soon, freshness, result_mark, signed

STATES = ("red", "amber", "green", "incomplete", "unscanned", "changed", "expiring")
SORTS = ("name", "score", "change", "fresh")
_LONG_AGO = datetime(1, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the reader asked to see; `page` counts from 1."""

    search: str = ""
    state: str = ""
    sort: str = "name"
    down: bool = False
    page: int = 1

    def query(self, **changed: str | int | bool) -> str:
        """The address's query for this, with some of it changed; what is as usual is left out."""
        return query(self, changed)


@dataclass(frozen=True, slots=True)
class Row:
    """One domain. `change` compares with the result before, by the same rubric; `direction` is up, down, same or nothing."""

    id: int
    name: str
    note: str
    mark: Mark
    points: str = ""
    grade: str = ""
    change: str = ""
    direction: str = ""
    scanned: str = ""
    observed_at: datetime | None = None
    fresh: Freshness | None = None
    trend: tuple[Dot, ...] = ()


@dataclass(frozen=True, slots=True)
class Tally:
    state: str
    mark: Mark
    count: int


@dataclass(frozen=True, slots=True)
class Overview:
    """`found` of all `total` domains match; `rows` are those of this page, from number `first` on; `pages` is at least 1."""

    wanted: Wanted
    rows: tuple[Row, ...]
    tallies: tuple[Tally, ...]
    found: int
    total: int
    first: int
    pages: int


def wanted(search: str, state: str, sort: str, *, down: bool, page: int) -> Wanted:
    """What an address asks for, as far as it makes sense."""
    return Wanted(search.strip()[:253], state if state in STATES else "", sort if sort in SORTS else "name", down, max(1, min(page, 10**6)))


def chosen(states: Iterable[DomainState], asked: Wanted, now: datetime) -> tuple[DomainState, ...]:
    """All that match, in the order asked for."""
    needle = asked.search.casefold()
    matches = _MATCHES.get(asked.state, _any)
    found = [one for one in states if matches(one, now) and (not needle or _mentions(one, needle))]
    return tuple(sorted(found, key=_SORT_KEYS[asked.sort], reverse=asked.down))


def page_of(found: tuple[DomainState, ...], asked: Wanted) -> tuple[DomainState, ...]:
    first = (_page_number(len(found), asked) - 1) * PAGE
    return found[first : first + PAGE]


def overview(
    every: tuple[DomainState, ...],
    found: tuple[DomainState, ...],
    asked: Wanted,
    trends: Mapping[int, tuple[TrendPoint, ...]],
    now: datetime,
) -> Overview:
    """`trends` by domain, oldest first, for the domains of this page."""
    number = _page_number(len(found), asked)
    shown = page_of(found, asked)
    rows = tuple(_row(one, trends.get(one.domain_id, ()), now) for one in shown)
    first = (number - 1) * PAGE + 1
    return Overview(replace(asked, page=number), rows, _tallies(every, now), len(found), len(every), first, pages_of(len(found)))


def _page_number(found: int, asked: Wanted) -> int:
    return min(asked.page, pages_of(found))


def _row(state: DomainState, trend: tuple[TrendPoint, ...], now: datetime) -> Row:
    name = to_unicode(state.name)
    if state.observed_at is None or state.band is None or state.points is None or state.grade is None:
        return Row(state.domain_id, name, state.note, NO_RESULT)
    difference = _difference(state)
    direction = "" if difference is None else "up" if difference > 0 else "down" if difference < 0 else "same"
    return Row(
        state.domain_id,
        name,
        state.note,
        result_mark(state.band, incomplete=bool(state.incomplete)),
        points(state.points) if state.coverage else "",
        state.grade,
        "" if difference is None else signed(difference),
        direction,
        ago(state.observed_at, now),
        state.observed_at,
        freshness(state.observed_at, now),
        tuple(Dot(one.observed_at, one.points, result_mark(one.band, incomplete=one.incomplete).state) for one in trend),
    )


def _difference(state: DomainState) -> float | None:
    if state.points is None or state.previous_points is None:
        return None
    return round(state.points - state.previous_points, 1)


def _mentions(state: DomainState, needle: str) -> bool:
    return needle in state.name or needle in state.note.casefold() or ("xn--" in state.name and needle in to_unicode(state.name))


def _any(_state: DomainState, _now: datetime) -> bool:
    return True


def _stands(at: str) -> Callable[[DomainState, datetime], bool]:
    def matches(state: DomainState, _now: datetime) -> bool:
        return state.band is not None and standing(state.band, incomplete=bool(state.incomplete)) == at

    return matches


def _unscanned(state: DomainState, _now: datetime) -> bool:
    return state.observed_at is None


def _changed(state: DomainState, _now: datetime) -> bool:
    return state.previous_points is not None and (state.points, state.band) != (state.previous_points, state.previous_band)


def _expiring(state: DomainState, now: datetime) -> bool:
    return state.observed_at is not None and expires_soon(state.observed_at, now)


_MATCHES: dict[str, Callable[[DomainState, datetime], bool]] = {
    **{at: _stands(at) for at in (*Band, INCOMPLETE)},
    "unscanned": _unscanned,
    "changed": _changed,
    "expiring": _expiring,
}
_SORT_KEYS: dict[str, Callable[[DomainState], tuple[float | str | datetime, str]]] = {
    "name": lambda one: ("", one.name),
    "score": lambda one: (-1.0 if one.points is None else one.points, one.name),
    "change": lambda one: (_difference(one) or 0.0, one.name),
    "fresh": lambda one: (one.observed_at or _LONG_AGO, one.name),
}
_TALLIES = (
    ("red", Mark("fail", "Red")),
    ("amber", Mark("warn", "Amber")),
    ("green", Mark("pass", "Green")),
    ("incomplete", Mark("unknown", "Incomplete")),
    ("unscanned", Mark("none", "Not scanned yet")),
    ("changed", Mark("info", "Changed")),
    ("expiring", Mark("warn", "Evidence expiring")),
)


def _tallies(every: tuple[DomainState, ...], now: datetime) -> tuple[Tally, ...]:
    """How many domains are in each state; states that none is in are left out."""
    counts = ((state, mark, sum(1 for one in every if _MATCHES[state](one, now))) for state, mark in _TALLIES)
    return tuple(Tally(state, mark, count) for state, mark, count in counts if count)
