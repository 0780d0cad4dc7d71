"""Members of a tenant, their roles, and invitations to become one."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import delete, func, select

from hauberk.store.columns import columns, read, returning
from hauberk.store.errors import missing
from hauberk.store.secret import digest_of, new_secret
from hauberk.store.session import SystemSession, TenantSession
from hauberk.store.tables.evidence import tenants
from hauberk.store.tables.people import invitations, memberships, users
from hauberk.store.tenants import Tenant


class Role(StrEnum):
    """An auditor reads; a member scans and reports; an administrator does everything in the tenant."""

    ADMINISTRATOR = "administrator"
    MEMBER = "member"
    AUDITOR = "auditor"


@dataclass(frozen=True, slots=True)
class Member:
    user_id: int
    email: str
    name: str
    role: Role
    since: datetime


@dataclass(frozen=True, slots=True)
class Membership:
    tenant_id: int
    user_id: int
    role: Role
    since: datetime


@dataclass(frozen=True, slots=True)
class Seat:
    """A tenant and what somebody is there. `founding`: it is the first of the installation, which set the server up."""

    tenant: Tenant
    role: Role
    founding: bool


@dataclass(frozen=True, slots=True)
class Invitation:
    id: int
    tenant_id: int
    email: str
    role: Role
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None


_MEMBER = (memberships.c.user_id, users.c.email, users.c.name, memberships.c.role, memberships.c.since)


async def of_user(session: SystemSession, user_id: int) -> tuple[Membership, ...]:
    """Which tenants a user is a member of."""
    mine = select(*columns(memberships, Membership)).where(memberships.c.user_id == user_id)
    return await session.records(Membership, mine.order_by(memberships.c.tenant_id))


async def seats_of(session: SystemSession, user_id: int) -> tuple[Seat, ...]:
    """The tenants in service that a user is a member of, by name."""
    return (await seats_of_all(session, (user_id,)))[user_id]


async def seats_of_all(session: SystemSession, user_ids: Collection[int]) -> dict[int, tuple[Seat, ...]]:
    """The same of many users, by their ids."""
    first = select(func.min(tenants.c.id)).scalar_subquery()
    shown = select(*columns(tenants, Tenant), memberships.c.role, memberships.c.user_id, first.label("first_id"))
    theirs = shown.join_from(memberships, tenants).where(memberships.c.user_id.in_(user_ids), tenants.c.archived_at.is_(None))
    seats: dict[int, list[Seat]] = {id: [] for id in user_ids}
    for row in await session.rows(theirs.order_by(tenants.c.name, tenants.c.id)):
        seats[row.user_id].append(Seat(read(Tenant, row), Role(row.role), row.id == row.first_id))
    return {id: tuple(found) for id, found in seats.items()}


async def enrol(session: SystemSession, tenant: int, user_id: int, role: Role, at: datetime) -> None:
    """Make a user a member, or give a member another role."""
    mine = (memberships.c.tenant_id == tenant) & (memberships.c.user_id == user_id)
    if not await session.run(memberships.update().where(mine).values(role=role.value)):
        await session.run(memberships.insert().values(tenant_id=tenant, user_id=user_id, role=role.value, since=at))


async def all_members(session: TenantSession) -> tuple[Member, ...]:
    joined = select(*_MEMBER).join_from(memberships, users, memberships.c.user_id == users.c.id)
    return await session.records(Member, joined.where(session.own(memberships)).order_by(users.c.email))


async def change_role(session: TenantSession, user_id: int, role: Role) -> None:
    """Raises `StoreError` (missing)."""
    mine = memberships.update().where(session.own(memberships), memberships.c.user_id == user_id)
    if not await session.run(mine.values(role=role.value)):
        raise missing("member")


async def leave(session: TenantSession, user_id: int) -> None:
    """Raises `StoreError` (missing)."""
    if not await session.run(delete(memberships).where(session.own(memberships), memberships.c.user_id == user_id)):
        raise missing("member")


async def invite(session: TenantSession, email: str, role: Role, at: datetime, expires_at: datetime) -> tuple[Invitation, str]:
    """An invitation and its secret, which is told this once."""
    secret, address = new_secret(), email.strip().lower()
    id = await session.add(invitations, digest=digest_of(secret), email=address, role=role.value, created_at=at, expires_at=expires_at)
    return Invitation(id, session.tenant, address, role, at, expires_at, None), secret


async def invited(session: TenantSession) -> tuple[Invitation, ...]:
    return await session.records(Invitation, session.select(Invitation, invitations).order_by(invitations.c.id.desc()))


async def withdraw(session: TenantSession, id: int) -> None:
    """Raises `StoreError` (missing)."""
    if not await session.run(delete(invitations).where(session.own(invitations), invitations.c.id == id)):
        raise missing("invitation")


async def pending(session: SystemSession, secret: str, at: datetime) -> Invitation | None:
    """The invitation behind a secret, if it can be accepted."""
    mine = (invitations.c.digest == digest_of(secret)) & invitations.c.used_at.is_(None) & (invitations.c.expires_at > at)
    return await session.record(Invitation, select(*columns(invitations, Invitation)).where(mine))


async def accept_all(session: SystemSession, email: str, at: datetime) -> tuple[Invitation, ...]:
    """The invitations of an address, used up by this call; that the address is the user's is for the caller to see to."""
    mine = (invitations.c.email == email.strip().lower()) & invitations.c.used_at.is_(None) & (invitations.c.expires_at > at)
    rows = await session.rows(returning(invitations.update().where(mine).values(used_at=at), invitations, Invitation))
    return tuple(read(Invitation, row) for row in rows)


async def accept(session: SystemSession, secret: str, at: datetime) -> Invitation | None:
    """The invitation behind a secret, used up by this call; `None` when there is none, it has expired, or it was used."""
    mine = (invitations.c.digest == digest_of(secret)) & invitations.c.used_at.is_(None) & (invitations.c.expires_at > at)
    used = invitations.update().where(mine).values(used_at=at)
    row = await session.first(returning(used, invitations, Invitation))
    return None if row is None else read(Invitation, row)
