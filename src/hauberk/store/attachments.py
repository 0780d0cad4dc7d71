"""Attachments: what others said about a domain (an official test result), kept beside our evidence and never changed."""

import hashlib
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from hauberk.store import chain, domains, scans
from hauberk.store.errors import missing
from hauberk.store.session import TenantSession
from hauberk.store.tables.evidence import attachments


@dataclass(frozen=True, slots=True)
class Attachment:
    """`kind` says what it is (`ihp-result`, `letter`); `size` in octets; `sha256` (hex) over the content."""

    id: int
    domain_id: int
    scan_id: int | None
    kind: str
    name: str
    media_type: str
    added_at: datetime
    added_by: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Upload:
    kind: str
    name: str
    media_type: str
    content: bytes


async def add(session: TenantSession, domain_id: int, upload: Upload, by: str, at: datetime, *, scan_id: int | None = None) -> Attachment:
    """Attach a file to a domain, or to one of its scans. Raises `StoreError` (missing)."""
    domain = await domains.by_id(session, domain_id)
    if domain is None:
        raise missing("domain")
    if scan_id is not None:
        scan = await scans.by_id(session, scan_id)
        if scan is None or scan.domain_id != domain_id:
            raise missing("scan")
    sha256, size = hashlib.sha256(upload.content).hexdigest(), len(upload.content)
    id = await session.add(
        attachments,
        domain_id=domain_id,
        scan_id=scan_id,
        kind=upload.kind,
        name=upload.name,
        media_type=upload.media_type,
        added_at=at,
        added_by=by,
        size=size,
        sha256=sha256,
        content=upload.content,
    )
    await chain.append(session, chain.AttachmentAdded(domain.name, upload.kind, upload.name, by, sha256), id, at)
    return Attachment(id, domain_id, scan_id, upload.kind, upload.name, upload.media_type, at, by, size, sha256)


async def by_id(session: TenantSession, id: int) -> Attachment | None:
    return await session.by_id(Attachment, attachments, id)


async def content(session: TenantSession, id: int) -> bytes | None:
    row = await session.first(select(attachments.c.content).where(session.own(attachments), attachments.c.id == id))
    return None if row is None else bytes(row[0])


async def of_domain(session: TenantSession, domain_id: int) -> tuple[Attachment, ...]:
    """Newest first."""
    mine = session.select(Attachment, attachments).where(attachments.c.domain_id == domain_id)
    return await session.records(Attachment, mine.order_by(attachments.c.id.desc()))
