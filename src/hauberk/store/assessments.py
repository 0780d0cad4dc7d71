"""Assessments: what a catalogue and a rubric made of a tape. A newer rubric adds one beside the old, which stays as it was."""

import gzip
import hashlib
import zlib
from dataclasses import dataclass
from datetime import datetime

import msgspec
from sqlalchemy import select

from hauberk.model import json
from hauberk.model.assessment import Assessment
from hauberk.store import chain, scans
from hauberk.store.columns import Query
from hauberk.store.errors import Fault, StoreError, missing
from hauberk.store.session import TenantSession
from hauberk.store.tables.evidence import assessments


@dataclass(frozen=True, slots=True)
class Assessed:
    """An assessment without its verdicts: enough for lists and trends. `points` 0-100, `coverage` 0-1, `sha256` over the kept JSON."""

    id: int
    scan_id: int
    domain_id: int
    observed_at: datetime
    assessed_at: datetime
    catalogue: str
    rubric: str
    points: float
    grade: str
    band: str
    coverage: float
    incomplete: bool
    sha256: str


async def add(session: TenantSession, scan_id: int, assessment: Assessment, at: datetime) -> Assessed:
    """Keep an assessment of a kept scan; the same one twice is one. Raises `StoreError` (missing, or invalid: of another tape)."""
    scan = await scans.by_id(session, scan_id)
    if scan is None:
        raise missing("scan")
    if scan.evidence_id != assessment.observation:
        raise StoreError(Fault.INVALID, f"the assessment is of {assessment.observation}, but the scan's tape is {scan.evidence_id}")
    await chain.hold(session)
    encoded = json.encode(assessment)
    sha256 = hashlib.sha256(encoded).hexdigest()
    score = assessment.score
    id = await session.insert_unless_there(
        assessments, ("tenant_id", "scan_id", "sha256"), tenant_id=session.tenant, scan_id=scan_id, domain_id=scan.domain_id,
        observed_at=scan.observed_at, assessed_at=at, catalogue=assessment.catalogue, rubric=assessment.rubric, points=score.points,
        grade=score.grade, band=score.band.value, coverage=score.coverage, incomplete=score.incomplete, sha256=sha256,
        content=gzip.compress(encoded, mtime=0),
    )  # fmt: skip
    if id is not None:
        result = result_of(score.points, score.grade, score.band.value, score.incomplete)
        event = chain.Assessed(assessment.domain, scan.evidence_id, assessment.catalogue, assessment.rubric, result, sha256)
        await chain.append(session, event, id, at)
    same = session.select(Assessed, assessments).where(assessments.c.scan_id == scan_id, assessments.c.sha256 == sha256)
    found = await session.record(Assessed, same)
    if found is None:
        raise StoreError(Fault.BUSY, "the same assessment is being stored by another session")
    return found


def result_of(points: float, grade: str, band: str, incomplete: bool) -> str:
    """The result as the chain speaks of it: `87.5 B amber`."""
    return f"{points:.1f} {grade} {band}{' incomplete' if incomplete else ''}"


async def by_id(session: TenantSession, id: int) -> Assessed | None:
    return await session.by_id(Assessed, assessments, id)


async def of_scan(session: TenantSession, scan_id: int) -> tuple[Assessed, ...]:
    """All assessments of a scan, in the order in which they were made."""
    return await session.records(
        Assessed, session.select(Assessed, assessments).where(assessments.c.scan_id == scan_id).order_by(assessments.c.id)
    )


async def content(session: TenantSession, id: int) -> Assessment | None:
    """The whole assessment with its verdicts. Raises `StoreError` (damaged)."""
    kept = await document(session, id)
    if kept is None:
        return None
    try:
        return json.decode(kept)
    except msgspec.MsgspecError as error:
        raise StoreError(Fault.DAMAGED, f"assessment {id} cannot be read: {error}") from error


async def document(session: TenantSession, id: int) -> bytes | None:
    """The assessment as it is kept: the JSON that `sha256` is over. Raises `StoreError` (damaged)."""
    row = await session.first(select(assessments.c.content).where(session.own(assessments), assessments.c.id == id))
    if row is None:
        return None
    try:
        return gzip.decompress(bytes(row[0]))
    except (OSError, EOFError, zlib.error) as error:
        raise StoreError(Fault.DAMAGED, f"assessment {id} cannot be read: {error}") from error


async def latest(session: TenantSession, domain_id: int, at: datetime, *, rubric: str = "") -> Assessed | None:
    """The newest assessment of the newest scan up to `at`: a tape from a clock that ran ahead waits until its time has come."""
    return await session.record(Assessed, _newest_first(session, domain_id, at, rubric).limit(1))


async def history(
    session: TenantSession, domain_id: int, at: datetime, *, rubric: str = "", before: Assessed | None = None, limit: int = 100
) -> tuple[Assessed, ...]:
    """Assessments of a domain's scans up to `at`, newest first, from the one before `before`; by one rubric where it is named."""
    statement = _newest_first(session, domain_id, at, rubric)
    if before is not None:
        table = assessments.c
        older = table.observed_at < before.observed_at
        statement = statement.where(older | ((table.observed_at == before.observed_at) & (table.id < before.id)))
    return await session.records(Assessed, statement.limit(limit))


def _newest_first(session: TenantSession, domain_id: int, at: datetime, rubric: str) -> Query:
    table = assessments.c
    statement = session.select(Assessed, assessments).where(table.domain_id == domain_id, table.observed_at <= at)
    if rubric:
        statement = statement.where(table.rubric == rubric)
    return statement.order_by(table.observed_at.desc(), table.id.desc())
