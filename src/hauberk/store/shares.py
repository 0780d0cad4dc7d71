"""Share links: somebody outside (an auditor) reads one domain, or all of a tenant's, until a day."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from hauberk.store import domains
from hauberk.store.columns import columns
from hauberk.store.errors import missing
from hauberk.store.secret import digest_of, new_secret
from hauberk.store.session import SystemSession, TenantSession
from hauberk.store.tables.people import shares


@dataclass(frozen=True, slots=True)
class Share:
    """`domain_id` is the only domain that it shows, unless it shows the `whole_tenant`."""

    id: int
    tenant_id: int
    domain_id: int | None
    whole_tenant: bool
    label: str
    created_by: str
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None


async def create(
    session: TenantSession, label: str, by: str, at: datetime, expires_at: datetime, *, domain_id: int | None = None
) -> tuple[Share, str]:
    """A link to one domain (or to everything) and its secret, which is told this once. Raises `StoreError` (missing)."""
    if domain_id is not None and await domains.by_id(session, domain_id) is None:
        raise missing("domain")
    secret, whole = new_secret(), domain_id is None
    id = await session.add(
        shares,
        domain_id=domain_id,
        whole_tenant=whole,
        digest=digest_of(secret),
        label=label,
        created_by=by,
        created_at=at,
        expires_at=expires_at,
    )
    return Share(id, session.tenant, domain_id, whole, label, by, at, expires_at, None), secret


async def all_shares(session: TenantSession) -> tuple[Share, ...]:
    return await session.records(Share, session.select(Share, shares).order_by(shares.c.id.desc()))


async def revoke(session: TenantSession, id: int, at: datetime) -> None:
    """Raises `StoreError` (missing)."""
    if not await session.change(shares, id, revoked_at=at):
        raise missing("share link")


async def find(session: SystemSession, secret: str, at: datetime) -> Share | None:
    """The share behind a secret, unless it was revoked or has expired."""
    holds = shares.c.revoked_at.is_(None) & (shares.c.expires_at > at)
    return await session.record(Share, select(*columns(shares, Share)).where(shares.c.digest == digest_of(secret), holds))
