"""Closing an account for the whole installation: nothing that its owner knows or has opens a door afterwards. What it did stays."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Table, delete, or_, select
from sqlalchemy.sql import ColumnElement

from hauberk.store import members
from hauberk.store.errors import Fault, StoreError
from hauberk.store.members import Role
from hauberk.store.session import SystemSession
from hauberk.store.tables.people import invitations, memberships, passkeys, sessions, shares, tokens, users
from hauberk.store.tenants import Tenant
from hauberk.store.users import User


@dataclass(frozen=True, slots=True)
class Closed:
    """How many tokens, share links and open invitations hold no longer, and the tenants that `by` administers now, as nobody else did."""

    tokens: int
    shares: int
    invitations: int
    inherited: tuple[Tenant, ...]


async def close(session: SystemSession, user: User, by: User, at: datetime) -> Closed:
    """Sessions end; password, passkeys and memberships go; tokens and share links that the user made are revoked. Linked identities
    stay, so that a provider which lets all its people in cannot bring the closed one back under another address.

    Open invitations of the tenants that the user administered are withdrawn, since their links were shown there. A tenant that would be
    left without an administrator gets `by`. Raises `StoreError`: invalid for one's own account; conflict where one of the two is closed.
    """
    if user.id == by.id:
        raise StoreError(Fault.INVALID, "you cannot close your own account: another administrator can")
    both = select(users.c.disabled_at).where(users.c.id.in_((user.id, by.id))).order_by(users.c.id).with_for_update()
    if any(row.disabled_at is not None for row in await session.rows(both)):  # two may close each other at the same moment
        raise StoreError(Fault.CONFLICT, "this account, or your own, was closed in the meantime")
    seats = await members.seats_of(session, user.id)
    administered = [seat.tenant for seat in seats if seat.role is Role.ADMINISTRATOR]
    ids = [tenant.id for tenant in administered]
    # Of two administrators who are closed at the same moment, the second is seen to have been the last.
    await session.rows(select(memberships.c.user_id).where(memberships.c.tenant_id.in_(ids)).with_for_update())
    await session.run(users.update().where(users.c.id == user.id).values(disabled_at=at, disabled_by=by.known_as, password_hash=""))
    for table in (sessions, passkeys, memberships):
        await session.run(delete(table).where(table.c.user_id == user.id))
    inherited = [tenant for tenant in administered if not await _is_administered(session, tenant.id)]
    for tenant in inherited:
        await members.enrol(session, tenant.id, by.id, Role.ADMINISTRATOR, at)
    withdrawn = delete(invitations).where(invitations.c.tenant_id.in_(ids), invitations.c.used_at.is_(None), invitations.c.expires_at > at)
    return Closed(
        await _revoke(session, tokens, user, at), await _revoke(session, shares, user, at), await session.run(withdrawn), tuple(inherited)
    )


async def _is_administered(session: SystemSession, tenant: int) -> bool:
    held = select(memberships.c.user_id).where(memberships.c.tenant_id == tenant, memberships.c.role == Role.ADMINISTRATOR.value)
    return await session.first(held.limit(1)) is not None


async def _revoke(session: SystemSession, table: Table, user: User, at: datetime) -> int:
    return await session.run(table.update().where(_made_by(table, user), table.c.revoked_at.is_(None)).values(revoked_at=at))


def _made_by(table: Table, user: User) -> ColumnElement[bool]:
    """By the address in it (see `User.known_as`): names change."""
    return or_(table.c.created_by == user.email, table.c.created_by.endswith(f" <{user.email}>", autoescape=True))
