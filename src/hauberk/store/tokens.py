"""API tokens of a tenant, with scopes."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import or_, select

from hauberk.store.columns import columns
from hauberk.store.errors import missing
from hauberk.store.secret import digest_of, new_secret
from hauberk.store.session import SystemSession, TenantSession
from hauberk.store.tables.evidence import tenants
from hauberk.store.tables.people import tokens


@dataclass(frozen=True, slots=True)
class Token:
    """`scopes` by spaces; without `expires_at` it holds until it is revoked."""

    id: int
    tenant_id: int
    name: str
    scopes: str
    created_by: str
    created_at: datetime
    expires_at: datetime | None
    used_at: datetime | None
    revoked_at: datetime | None


async def issue(
    session: TenantSession, name: str, scopes: str, by: str, at: datetime, *, expires_at: datetime | None = None
) -> tuple[Token, str]:
    """A token and its secret, which is told this once."""
    secret = "hbk_" + new_secret()
    id = await session.add(tokens, digest=digest_of(secret), name=name, scopes=scopes, created_by=by, created_at=at, expires_at=expires_at)
    return Token(id, session.tenant, name, scopes, by, at, expires_at, None, None), secret


async def all_tokens(session: TenantSession) -> tuple[Token, ...]:
    return await session.records(Token, session.select(Token, tokens).order_by(tokens.c.id.desc()))


async def revoke(session: TenantSession, id: int, at: datetime) -> None:
    """Raises `StoreError` (missing)."""
    if not await session.change(tokens, id, revoked_at=at):
        raise missing("token")


async def find(session: SystemSession, secret: str, at: datetime) -> Token | None:
    """The token behind a secret, unless it was revoked, has expired, or its tenant is out of service."""
    holds = tokens.c.revoked_at.is_(None) & or_(tokens.c.expires_at.is_(None), tokens.c.expires_at > at)
    of_tenant = select(*columns(tokens, Token)).join(tenants, tenants.c.id == tokens.c.tenant_id).where(tenants.c.archived_at.is_(None))
    return await session.record(Token, of_tenant.where(tokens.c.digest == digest_of(secret), holds))


async def used(session: SystemSession, id: int, at: datetime) -> None:
    await session.run(tokens.update().where(tokens.c.id == id).values(used_at=at))
