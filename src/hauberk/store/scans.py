"""Scans and their tapes. A tape is kept compressed, once for each tenant, and never changed."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from hauberk.model.observation import Observation
from hauberk.store import chain
from hauberk.store.domains import Domain
from hauberk.store.errors import Fault, StoreError, missing
from hauberk.store.session import TenantSession
from hauberk.store.tables.evidence import domains, scans, tapes
from hauberk.world import tape


@dataclass(frozen=True, slots=True)
class Scan:
    """`key` is what makes storing it again harmless; `finished` is false when the time limit cut the survey short."""

    id: int
    domain_id: int
    evidence_id: str
    key: str
    observed_at: datetime
    stored_at: datetime
    finished: bool


@dataclass(frozen=True, slots=True)
class Stored:
    """`new` is false when a scan with that key was there already; then that one stands and nothing was written."""

    scan: Scan
    new: bool


async def store(session: TenantSession, observation: Observation, at: datetime, *, key: str = "") -> Stored:
    """Keep a scan of one of the tenant's domains, and write it into the chain. Raises `StoreError` (missing: no such domain).

    Two scans with the same `key` (by default the evidence id) are one scan.
    """
    encoded = tape.encode(observation)
    evidence_id = tape.evidence_id(observation)
    named = key or evidence_id
    if len(named) > 200:
        raise StoreError(Fault.INVALID, "a scan's key has at most 200 characters")
    domain = await session.record(Domain, session.select(Domain, domains).where(domains.c.name == observation.domain))
    if domain is None:
        raise missing(f"domain {observation.domain}")
    await chain.hold(session)
    if (there := await by_key(session, named)) is not None:
        return Stored(there, new=False)
    tape_id = await _keep_tape(session, evidence_id, encoded)
    id = await session.insert_unless_there(
        scans, ("tenant_id", "key"), tenant_id=session.tenant, domain_id=domain.id, tape_id=tape_id, evidence_id=evidence_id, key=named,
        observed_at=observation.at, stored_at=at, finished=observation.finished,
    )  # fmt: skip
    if id is None:  # another session was first, a moment ago
        there = await by_key(session, named)
        if there is None:
            raise StoreError(Fault.BUSY, "the same scan is being stored by another session")
        return Stored(there, new=False)
    await chain.append(session, chain.ScanStored(domain.name, evidence_id, chain.moment(observation.at)), id, at)
    return Stored(Scan(id, domain.id, evidence_id, named, observation.at, at, observation.finished), new=True)


async def _keep_tape(session: TenantSession, evidence_id: str, encoded: bytes) -> int:
    content = tape.compress(encoded)
    id = await session.insert_unless_there(
        tapes, ("tenant_id", "evidence_id"), tenant_id=session.tenant, evidence_id=evidence_id, content=content
    )
    if id is not None:
        return id
    row = await session.first(select(tapes.c.id).where(session.own(tapes), tapes.c.evidence_id == evidence_id))
    if row is None:
        raise StoreError(Fault.BUSY, "the same tape is being stored by another session")
    return int(row[0])


async def by_id(session: TenantSession, id: int) -> Scan | None:
    return await session.by_id(Scan, scans, id)


async def by_key(session: TenantSession, key: str) -> Scan | None:
    return await session.record(Scan, session.select(Scan, scans).where(scans.c.key == key))


async def tape_of(session: TenantSession, id: int) -> bytes | None:
    """The scan's tape as it is kept: gzip."""
    joined = select(tapes.c.content).join_from(scans, tapes, (tapes.c.tenant_id == scans.c.tenant_id) & (tapes.c.id == scans.c.tape_id))
    row = await session.first(joined.where(session.own(scans), scans.c.id == id))
    return None if row is None else bytes(row[0])


async def observation_of(session: TenantSession, id: int) -> Observation | None:
    """The scan's tape, read back. Raises `StoreError` (damaged)."""
    content = await tape_of(session, id)
    if content is None:
        return None
    try:
        return tape.decode(content)
    except tape.TapeError as error:
        raise StoreError(Fault.DAMAGED, f"the tape of scan {id} cannot be read: {error}") from error


async def history(session: TenantSession, domain_id: int, *, before: Scan | None = None, limit: int = 100) -> tuple[Scan, ...]:
    """A domain's scans, newest first, from the one before `before`."""
    statement = session.select(Scan, scans).where(scans.c.domain_id == domain_id)
    if before is not None:
        older = scans.c.observed_at < before.observed_at
        statement = statement.where(older | ((scans.c.observed_at == before.observed_at) & (scans.c.id < before.id)))
    return await session.records(Scan, statement.order_by(scans.c.observed_at.desc(), scans.c.id.desc()).limit(limit))
