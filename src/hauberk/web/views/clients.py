"""How each organisation stands: found by name, sorted, and cut into pages; the worst come first unless something else is asked for."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from hauberk.report.content import Mark
from hauberk.report.wording import INCOMPLETE
from hauberk.store.standings import Standing
from hauberk.store.tenants import Tenant
from hauberk.web.views.asked import PAGE, pages_of, query
from hauberk.web.views.words import NO_RESULT, Freshness, freshness, result_mark

_ORDER = (result_mark("red", incomplete=False), result_mark("amber", incomplete=False), INCOMPLETE, result_mark("green", incomplete=False))
_LAST = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class ClientState:
    """`worst` is the state of the worst domain; `fresh` that of the oldest evidence; `counts` are domains by state, worst first."""

    tenant: Tenant
    domains: int
    unscanned: int
    worst: Mark
    rank: int
    lowest: float | None
    fresh: Freshness | None
    counts: tuple[tuple[Mark, int], ...]


@dataclass(frozen=True, slots=True)
class Sought:
    """What the reader asked to see; `page` counts from 1."""

    search: str = ""
    sort: str = "worst"
    down: bool = False
    page: int = 1

    def query(self, **changed: str | int | bool) -> str:
        """The address's query for this, with some of it changed; what is as usual is left out."""
        return query(self, changed)


@dataclass(frozen=True, slots=True)
class Clients:
    """`found` of all `total` organisations match; `rows` are those of this page, from number `first` on; `pages` is at least 1."""

    sought: Sought
    rows: tuple[ClientState, ...]
    found: int
    total: int
    first: int
    pages: int


def client_state(tenant: Tenant, standing: Standing | None, now: datetime) -> ClientState:
    """`standing` is `None` for a tenant without domains."""
    if standing is None:
        return ClientState(tenant, 0, 0, NO_RESULT, len(_ORDER), None, None, ())
    numbers = (standing.red, standing.amber, standing.incomplete, standing.green)
    counts = tuple((mark, number) for mark, number in zip(_ORDER, numbers, strict=True) if number)
    worst = counts[0][0] if counts else NO_RESULT
    return ClientState(
        tenant,
        standing.domains,
        standing.domains - standing.scanned,
        worst,
        (*_ORDER, NO_RESULT).index(worst),
        standing.lowest,
        None if standing.oldest is None else freshness(standing.oldest, now),
        counts,
    )


def sought(search: str, sort: str, *, down: bool, page: int) -> Sought:
    """What an address asks for, as far as it makes sense."""
    return Sought(search.strip()[:120], sort if sort in _SORT_KEYS else "worst", down, max(1, page))


def clients(states: Iterable[ClientState], asked: Sought) -> Clients:
    every, needle = tuple(states), asked.search.casefold()
    found = [one for one in every if needle in one.tenant.name.casefold() or needle in one.tenant.slug]
    found.sort(key=lambda one: one.tenant.name.casefold())
    found.sort(key=_SORT_KEYS[asked.sort], reverse=asked.down)
    pages = pages_of(len(found))
    number = min(asked.page, pages)
    first = (number - 1) * PAGE
    return Clients(replace(asked, page=number), tuple(found[first : first + PAGE]), len(found), len(every), first + 1, pages)


# By the worst domain, then by the lowest score; those without a result come last.
_SORT_KEYS: dict[str, Callable[[ClientState], tuple[float | str | datetime, ...]]] = {
    "worst": lambda one: (one.rank, 101.0 if one.lowest is None else one.lowest),
    "name": lambda one: (one.tenant.name.casefold(),),
    "domains": lambda one: (one.domains,),
    "score": lambda one: (101.0 if one.lowest is None else one.lowest,),
    "fresh": lambda one: (_LAST if one.fresh is None else one.fresh.until,),
}
