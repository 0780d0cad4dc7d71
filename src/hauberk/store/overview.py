"""Every domain of a tenant with its latest result and the one before: one query, answered out of an index."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import FromClause, and_, select
from sqlalchemy.sql import ColumnElement

from hauberk.store.columns import read
from hauberk.store.session import TenantSession
from hauberk.store.tables.evidence import assessments, domains


@dataclass(frozen=True, slots=True)
class DomainState:
    """A domain and where it stands. Without a result the fields of the assessment are `None`; `previous_*` is by the same rubric."""

    domain_id: int
    name: str
    note: str
    assessment_id: int | None
    scan_id: int | None
    observed_at: datetime | None
    rubric: str | None
    points: float | None
    grade: str | None
    band: str | None
    coverage: float | None
    incomplete: bool | None
    previous_id: int | None
    previous_points: float | None
    previous_grade: str | None
    previous_band: str | None


_LATEST = ("scan_id", "observed_at", "rubric", "points", "grade", "band", "coverage", "incomplete")


async def overview(
    session: TenantSession, at: datetime, *, rubric: str = "", after: str = "", limit: int = 1000
) -> tuple[DomainState, ...]:
    """The domains in the order of their names, from the one after `after`; results up to `at`, by one rubric where it is named."""
    latest, previous = assessments.alias("latest"), assessments.alias("previous")
    newest, before = assessments.alias("newest"), assessments.alias("before")
    conditions = [newest.c.observed_at <= at, *([newest.c.rubric == rubric] if rubric else [])]
    earlier = [before.c.observed_at < latest.c.observed_at, before.c.rubric == latest.c.rubric]
    found = [domains.c.id.label("domain_id"), domains.c.name, domains.c.note, latest.c.id.label("assessment_id")]
    found += [latest.c[name] for name in _LATEST]
    found += [previous.c[name].label(f"previous_{name}") for name in ("id", "points", "grade", "band")]
    statement = (
        select(*found)
        .select_from(
            domains.outerjoin(latest, _is_newest(session, latest, newest, conditions)).outerjoin(
                previous, _is_newest(session, previous, before, earlier)
            )
        )
        .where(session.own(domains), domains.c.removed_at.is_(None), domains.c.name > after)
        .order_by(domains.c.name)
        .limit(limit)
    )
    return tuple(read(DomainState, row) for row in await session.rows(statement))


def _is_newest(session: TenantSession, joined: FromClause, among: FromClause, conditions: list[ColumnElement[bool]]) -> ColumnElement[bool]:
    newest = (
        select(among.c.id)
        .where(among.c.tenant_id == session.tenant, among.c.domain_id == domains.c.id, *conditions)
        .order_by(among.c.observed_at.desc(), among.c.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    return and_(joined.c.tenant_id == session.tenant, joined.c.id == newest)
