"""How each organisation stands, from the states of its domains; the worst come first."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from hauberk.model.score import Band
from hauberk.report.content import Mark
from hauberk.store.overview import DomainState
from hauberk.store.tenants import Tenant
from hauberk.web.views.words import NO_RESULT, Freshness, freshness, result_mark

_ORDER = (Band.RED, Band.AMBER, Band.GREEN)


@dataclass(frozen=True, slots=True)
class ClientState:
    """`worst` is the state of the worst domain; `fresh` that of the oldest evidence; `counts` are domains by band, worst first."""

    tenant: Tenant
    domains: int
    unscanned: int
    worst: Mark
    rank: int
    lowest: float | None
    fresh: Freshness | None
    counts: tuple[tuple[Mark, int], ...]


def client_state(tenant: Tenant, states: Iterable[DomainState], now: datetime) -> ClientState:
    every = tuple(states)
    judged = [one for one in every if one.band is not None]
    bands = [Band(one.band) for one in judged if one.band is not None]
    worst = next((band for band in _ORDER if band in bands), None)
    incomplete = any(one.incomplete for one in judged)
    oldest = min((one.observed_at for one in judged if one.observed_at is not None), default=None)
    return ClientState(
        tenant,
        len(every),
        len(every) - len(judged),
        NO_RESULT if worst is None else result_mark(worst.value, incomplete=incomplete),
        len(_ORDER) if worst is None else _ORDER.index(worst),
        min((one.points for one in judged if one.points is not None), default=None),
        None if oldest is None else freshness(oldest, now),
        tuple((result_mark(band.value, incomplete=False), bands.count(band)) for band in _ORDER if band in bands),
    )


def worst_first(states: Iterable[ClientState]) -> list[ClientState]:
    """By the worst domain, then by the lowest score, then by name; those without a result come last."""
    return sorted(states, key=lambda one: (one.rank, one.lowest if one.lowest is not None else 101.0, one.tenant.name.casefold()))
