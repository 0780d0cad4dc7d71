"""Reports that were issued: the very octets that were handed out, never changed."""

import hashlib
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from hauberk.store import assessments, chain, domains
from hauberk.store.errors import missing
from hauberk.store.session import TenantSession
from hauberk.store.tables.evidence import reports


@dataclass(frozen=True, slots=True)
class Report:
    """`format` is pdf, png, jpg ...; `size` in octets; `sha256` (hex) over the content."""

    id: int
    domain_id: int
    assessment_id: int
    name: str
    format: str
    created_at: datetime
    created_by: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Rendered:
    """A file to be kept."""

    name: str
    format: str
    content: bytes


async def issue(session: TenantSession, assessment_id: int, rendered: Rendered, by: str, at: datetime) -> Report:
    """Keep a report on one of the tenant's assessments. Raises `StoreError` (missing)."""
    assessed = await assessments.by_id(session, assessment_id)
    domain = None if assessed is None else await domains.by_id(session, assessed.domain_id)
    if assessed is None or domain is None:
        raise missing("assessment")
    sha256 = hashlib.sha256(rendered.content).hexdigest()
    id = await session.add(
        reports,
        domain_id=domain.id,
        assessment_id=assessed.id,
        name=rendered.name,
        format=rendered.format,
        created_at=at,
        created_by=by,
        size=len(rendered.content),
        sha256=sha256,
        content=rendered.content,
    )
    await chain.append(session, chain.ReportIssued(domain.name, rendered.name, assessed.sha256, by, sha256), id, at)
    return Report(id, domain.id, assessed.id, rendered.name, rendered.format, at, by, len(rendered.content), sha256)


async def by_id(session: TenantSession, id: int) -> Report | None:
    return await session.by_id(Report, reports, id)


async def content(session: TenantSession, id: int) -> bytes | None:
    row = await session.first(select(reports.c.content).where(session.own(reports), reports.c.id == id))
    return None if row is None else bytes(row[0])


async def page(session: TenantSession, *, domain_id: int | None = None, before: int | None = None, limit: int = 100) -> tuple[Report, ...]:
    """Reports, newest first, from the one before the id `before`; of one domain where it is named."""
    statement = session.select(Report, reports)
    if domain_id is not None:
        statement = statement.where(reports.c.domain_id == domain_id)
    if before is not None:
        statement = statement.where(reports.c.id < before)
    return await session.records(Report, statement.order_by(reports.c.id.desc()).limit(limit))
