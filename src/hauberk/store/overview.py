"""Every domain of a tenant with its latest result and the one before: one query, answered out of an index."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import FromClause, Interval, and_, func, literal, select, true
from sqlalchemy.sql import ColumnElement

from hauberk.store.columns import read
from hauberk.store.session import TenantSession
from hauberk.store.tables.evidence import assessments, domains


@dataclass(frozen=True, slots=True)
class DomainState:
    """A domain and where it stands. Without a result the fields of the assessment are `None`.

    `previous_*` is by the same rubric, from at least an hour before: a scan and the one that makes sure of it are one look.
    """

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


@dataclass(frozen=True, slots=True)
class TrendPoint:
    """One result of a domain on its line over time."""

    observed_at: datetime
    points: float
    band: str
    incomplete: bool


_LATEST = ("scan_id", "observed_at", "rubric", "points", "grade", "band", "coverage", "incomplete")
_Conditions = list[ColumnElement[bool]]


async def overview(
    session: TenantSession, at: datetime, *, rubric: str = "", after: str = "", limit: int = 1000
) -> tuple[DomainState, ...]:
    """The domains in the order of their names, from the one after `after`; results up to `at`, by one rubric where it is named."""
    newest, before = assessments.alias("newest"), assessments.alias("before")
    conditions = [newest.c.observed_at <= at, *([newest.c.rubric == rubric] if rubric else [])]
    latest, is_latest = _newest(session, "latest", newest, conditions)
    earlier = [before.c.observed_at <= _an_hour_before(session, latest.c.observed_at), before.c.rubric == latest.c.rubric]
    previous, is_previous = _newest(session, "previous", before, earlier)
    found = [domains.c.id.label("domain_id"), domains.c.name, domains.c.note, latest.c.id.label("assessment_id")]
    found += [latest.c[name] for name in _LATEST]
    found += [previous.c[name].label(f"previous_{name}") for name in ("id", "points", "grade", "band")]
    statement = (
        select(*found)
        .select_from(domains.outerjoin(latest, is_latest).outerjoin(previous, is_previous))
        .where(session.own(domains), domains.c.removed_at.is_(None), domains.c.name > after)
        .order_by(domains.c.name)
        .limit(limit)
    )
    return tuple(read(DomainState, row) for row in await session.rows(statement))


def _an_hour_before(session: TenantSession, moment: ColumnElement[datetime]) -> ColumnElement[datetime]:
    """SQLite keeps times as text, in the form that `Instant` writes."""
    if session.is_postgresql:
        return moment - literal(timedelta(hours=1), Interval)
    return func.strftime("%Y-%m-%d %H:%M:%S.000000", moment, "-1 hour", type_=moment.type)


def _newest(session: TenantSession, name: str, among: FromClause, conditions: _Conditions) -> tuple[FromClause, ColumnElement[bool]]:
    """The newest assessment of each domain, as something to join and the condition to join it on.

    PostgreSQL has lateral joins, without which it would read all assessments; SQLite has none, and looks each row up by its number.
    """
    mine = [among.c.tenant_id == session.tenant, among.c.domain_id == domains.c.id, *conditions]
    order = (among.c.observed_at.desc(), among.c.id.desc())
    if session.is_postgresql:
        wanted = [among.c[column] for column in ("id", *_LATEST)]
        return select(*wanted).where(*mine).order_by(*order).limit(1).lateral(name), true()
    joined = assessments.alias(name)
    newest = select(among.c.id).where(*mine).order_by(*order).limit(1).scalar_subquery()
    return joined, and_(joined.c.tenant_id == session.tenant, joined.c.id == newest)


async def trends(
    session: TenantSession, domain_ids: Iterable[int], since: datetime, until: datetime, *, rubric: str = ""
) -> dict[int, tuple[TrendPoint, ...]]:
    """The results of some domains over a time, oldest first: of each scan the newest assessment, by one rubric where it is named."""
    table = assessments.c
    statement = (
        select(table.domain_id, table.scan_id, table.observed_at, table.points, table.band, table.incomplete)
        .where(session.own(assessments), table.domain_id.in_(list(domain_ids)), table.observed_at >= since, table.observed_at <= until)
        .order_by(table.domain_id, table.observed_at, table.id)
    )
    if rubric:
        statement = statement.where(table.rubric == rubric)
    found: dict[int, dict[int, TrendPoint]] = {}
    for domain, scan, *point in await session.rows(statement):  # by place: a row's names are slow to look up, and there are thousands
        found.setdefault(domain, {})[scan] = TrendPoint(*point)
    return {domain: tuple(by_scan.values()) for domain, by_scan in found.items()}
