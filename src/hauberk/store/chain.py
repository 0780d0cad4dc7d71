"""The chain of evidence: what happened to a tenant's evidence, in order, each link bound to the one before.

A link's record is canonical JSON (RFC 8785: sorted keys, no spaces; it holds strings, whole numbers and nothing else); its digest is
SHA-256 over the previous link's digest (32 octets; zeros before the first) followed by the record. The record names the tenant and the
link's number, so that a link fits in one place of one chain. Whoever may write to the database could forge a whole chain anew: keep
the head elsewhere (a time stamp, a signed report) and have `verify_chain` look for it.
"""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime

import msgspec
from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite

from hauberk.store.session import TenantSession
from hauberk.store.tables.evidence import chain_heads, chain_links

FORMAT = "hauberk-chain-1"
NOTHING = "0" * 64


@dataclass(frozen=True, slots=True)
class ScanStored:
    domain: str
    evidence_id: str
    observed_at: str


@dataclass(frozen=True, slots=True)
class Assessed:
    """`sha256` is over the assessment's JSON as it is kept."""

    domain: str
    evidence_id: str
    catalogue: str
    rubric: str
    result: str
    sha256: str


@dataclass(frozen=True, slots=True)
class ReportIssued:
    domain: str
    name: str
    assessment: str
    created_by: str
    sha256: str


@dataclass(frozen=True, slots=True)
class AttachmentAdded:
    domain: str
    kind: str
    name: str
    added_by: str
    sha256: str


@dataclass(frozen=True, slots=True)
class ExceptionGranted:
    domain: str
    check: str
    subject: str
    reason: str
    approver: str
    expires_at: str


@dataclass(frozen=True, slots=True)
class ExceptionRevoked:
    domain: str
    check: str
    revoked_by: str


Event = ScanStored | Assessed | ReportIssued | AttachmentAdded | ExceptionGranted | ExceptionRevoked
KINDS: dict[type[Event], str] = {
    ScanStored: "scan-stored",
    Assessed: "assessed",
    ReportIssued: "report-issued",
    AttachmentAdded: "attachment-added",
    ExceptionGranted: "exception-granted",
    ExceptionRevoked: "exception-revoked",
}


@dataclass(frozen=True, slots=True)
class Head:
    """The last link: its number and digest (hex). Number 0 is the chain before its first link."""

    sequence: int
    digest: str


@dataclass(frozen=True, slots=True)
class Link:
    """`subject_id` is the row that the link is about, in the table that `kind` belongs to."""

    sequence: int
    kind: str
    subject_id: int
    at: datetime
    digest: str
    record: bytes


class Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A link's record, decoded as far as every kind has it in common."""

    format: str
    tenant: int
    sequence: int
    kind: str
    subject: int
    at: str
    event: dict[str, str]


_encoder = msgspec.json.Encoder(order="sorted")


def moment(at: datetime) -> str:
    """ISO 8601 in UTC, whole seconds or microseconds."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def canonical(entry: Entry) -> bytes:
    return _encoder.encode(entry)


def digest_of(previous: str, record: bytes) -> str:
    return hashlib.sha256(bytes.fromhex(previous) + record).hexdigest()


async def head(session: TenantSession) -> Head:
    """The end of the tenant's chain."""
    found = await session.record(Head, select(chain_heads.c.sequence, chain_heads.c.digest).where(session.own(chain_heads)))
    return found or Head(0, NOTHING)


async def append(session: TenantSession, event: Event, subject: int, at: datetime) -> Head:
    """Add a link; the new head. Of two sessions at the same moment, the second waits until the first is through."""
    last = await hold(session)
    sequence = last.sequence + 1
    told = {name: _sound(value) for name, value in msgspec.to_builtins(event).items()}
    record = canonical(Entry(FORMAT, session.tenant, sequence, KINDS[type(event)], subject, moment(at), told))
    new = Head(sequence, digest_of(last.digest, record))
    values = {"sequence": sequence, "kind": KINDS[type(event)], "subject_id": subject, "at": at, "digest": new.digest, "record": record}
    await session.run(chain_links.insert().values(tenant_id=session.tenant, **values))
    await session.run(chain_heads.update().where(session.own(chain_heads)).values(sequence=new.sequence, digest=new.digest))
    return new


async def hold(session: TenantSession) -> Head:
    """The end of the chain, which nobody else of this tenant moves before this transaction ends.

    Whoever inserts what others might insert at the same moment holds it first, so that no two wait for each other.
    """
    wanted = select(chain_heads.c.sequence, chain_heads.c.digest).where(session.own(chain_heads))
    if session.is_postgresql:
        wanted = wanted.with_for_update()
    found = await session.record(Head, wanted)
    if found is not None:
        return found
    first = {"tenant_id": session.tenant, "sequence": 0, "digest": NOTHING}
    make = postgresql.insert if session.is_postgresql else sqlite.insert
    await session.run(make(chain_heads).values(first).on_conflict_do_nothing())
    return await session.record(Head, wanted) or Head(0, NOTHING)


def _sound(text: str) -> str:
    """Without lone surrogates, which UTF-8 cannot hold."""
    return text.encode(errors="backslashreplace").decode()


async def links(session: TenantSession, *, after: int = 0, limit: int = 1000) -> tuple[Link, ...]:
    """Links in their order, from the one after number `after`."""
    return await session.records(
        Link, session.select(Link, chain_links).where(chain_links.c.sequence > after).order_by(chain_links.c.sequence).limit(limit)
    )
