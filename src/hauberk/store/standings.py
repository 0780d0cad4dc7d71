"""How tenants stand as a whole, of all those that somebody looks after: one query, however many they are."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import case, func, select

from hauberk.store.columns import read
from hauberk.store.session import SystemSession
from hauberk.store.tables.evidence import assessments, domains


@dataclass(frozen=True, slots=True)
class Standing:
    """Over the latest results of a tenant's domains: how many are in which band, or `incomplete` and not red, the lowest points of those
    of which something could be judged, and the oldest evidence."""

    tenant_id: int
    domains: int
    scanned: int
    red: int
    amber: int
    green: int
    incomplete: int
    lowest: float | None
    oldest: datetime | None


async def standings(session: SystemSession, tenants: Iterable[int], at: datetime) -> dict[int, Standing]:
    """By tenant; whoever asks has seen to it that these may be shown. Results up to `at`; a tenant without domains is left out."""
    among, latest = assessments.alias("among"), assessments.alias("latest")
    newest = (
        select(among.c.id)
        .where(among.c.tenant_id == domains.c.tenant_id, among.c.domain_id == domains.c.id, among.c.observed_at <= at)
        .order_by(among.c.observed_at.desc(), among.c.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    red, incomplete = latest.c.band == "red", latest.c.incomplete
    states = {"red": red, "incomplete": incomplete & ~red} | {band: (latest.c.band == band) & ~incomplete for band in ("amber", "green")}
    statement = (
        select(
            domains.c.tenant_id,
            func.count().label("domains"),
            func.count(latest.c.id).label("scanned"),
            *(func.coalesce(func.sum(case((is_so, 1), else_=0)), 0).label(state) for state, is_so in states.items()),
            func.min(case((latest.c.coverage > 0, latest.c.points))).label("lowest"),
            func.min(latest.c.observed_at).label("oldest"),
        )
        .select_from(domains.outerjoin(latest, (latest.c.tenant_id == domains.c.tenant_id) & (latest.c.id == newest)))
        .where(domains.c.tenant_id.in_(list(tenants)), domains.c.removed_at.is_(None))
        .group_by(domains.c.tenant_id)
    )
    return {row.tenant_id: read(Standing, row) for row in await session.rows(statement)}
