"""Exceptions: findings that somebody answers for, with a reason and until a day."""

from dataclasses import dataclass
from datetime import datetime

from hauberk.store import chain, domains
from hauberk.store.errors import Fault, StoreError, missing
from hauberk.store.session import TenantSession
from hauberk.store.tables.evidence import exceptions


@dataclass(frozen=True, slots=True)
class Exemption:
    """`check` is accepted as it is on `domain_id` (for `subject` only, where one is named), from `granted_at` until `expires_at`."""

    id: int
    domain_id: int
    check: str
    subject: str
    reason: str
    approver: str
    granted_at: datetime
    expires_at: datetime
    revoked_at: datetime | None
    revoked_by: str

    def holds(self, at: datetime) -> bool:
        return self.granted_at <= at < self.expires_at and (self.revoked_at is None or at < self.revoked_at)


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked for; `approver` is who answers for it."""

    domain_id: int
    check: str
    reason: str
    approver: str
    expires_at: datetime
    subject: str = ""


async def grant(session: TenantSession, request: Request, at: datetime) -> Exemption:
    """Raises `StoreError`: missing domain; invalid without a reason or an approver, or when it would have ended already."""
    if not request.reason.strip() or not request.approver.strip():
        raise StoreError(Fault.INVALID, "an exception needs a reason and somebody who approves it")
    if request.expires_at <= at:
        raise StoreError(Fault.INVALID, "an exception has to end in the future")
    domain = await domains.by_id(session, request.domain_id)
    if domain is None:
        raise missing("domain")
    id = await session.add(
        exceptions,
        domain_id=domain.id,
        check=request.check,
        subject=request.subject,
        reason=request.reason,
        approver=request.approver,
        granted_at=at,
        expires_at=request.expires_at,
    )
    event = chain.ExceptionGranted(
        domain.name, request.check, request.subject, request.reason, request.approver, chain.moment(request.expires_at)
    )
    await chain.append(session, event, id, at)
    found = await by_id(session, id)
    if found is None:
        raise missing("exception")
    return found


async def revoke(session: TenantSession, id: int, by: str, at: datetime) -> None:
    """End it now; revoking it again changes nothing. Raises `StoreError` (missing)."""
    found = await by_id(session, id)
    domain = None if found is None else await domains.by_id(session, found.domain_id)
    if found is None or domain is None:
        raise missing("exception")
    ended = exceptions.update().where(session.own(exceptions), exceptions.c.id == id, exceptions.c.revoked_at.is_(None))
    if await session.run(ended.values(revoked_at=at, revoked_by=by)):
        await chain.append(session, chain.ExceptionRevoked(domain.name, found.check, by), id, at)


async def by_id(session: TenantSession, id: int) -> Exemption | None:
    return await session.by_id(Exemption, exceptions, id)


async def of_domain(session: TenantSession, domain_id: int, *, holding_at: datetime | None = None) -> tuple[Exemption, ...]:
    """A domain's exceptions, newest first; only those that hold at a moment where one is given."""
    statement = session.select(Exemption, exceptions).where(exceptions.c.domain_id == domain_id).order_by(exceptions.c.id.desc())
    found = await session.records(Exemption, statement)
    return found if holding_at is None else tuple(one for one in found if one.holds(holding_at))
