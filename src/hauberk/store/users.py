"""Users of the installation, who may be members of several tenants, and how they sign in."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, func, or_, select

from hauberk.store.columns import columns
from hauberk.store.errors import Fault, StoreError, missing
from hauberk.store.session import SystemSession
from hauberk.store.tables.people import identities, sessions, sign_in_failures, users


@dataclass(frozen=True, slots=True)
class User:
    """`email` in lower case; `password_hash` is argon2's, empty without a password; `disabled_at` and `disabled_by` of a closed account."""

    id: int
    email: str
    name: str
    password_hash: str
    created_at: datetime
    disabled_at: datetime | None
    disabled_by: str | None = None

    @property
    def known_as(self) -> str:
        """As it stands in records and reports: who did it."""
        return f"{self.name} <{self.email}>" if self.name else self.email


async def add(session: SystemSession, email: str, name: str, at: datetime, *, password_hash: str = "") -> User:
    """Raises `StoreError` (conflict) when the address is known."""
    address = email.strip().lower()
    id = await session.insert_unless_there(users, ("email",), email=address, name=name, password_hash=password_hash, created_at=at)
    if id is None:
        raise StoreError(Fault.CONFLICT, f"there is a user {address} already")
    return User(id, address, name, password_hash, at, None)


async def by_id(session: SystemSession, id: int) -> User | None:
    return await session.record(User, select(*columns(users, User)).where(users.c.id == id))


async def by_email(session: SystemSession, email: str) -> User | None:
    return await session.record(User, select(*columns(users, User)).where(users.c.email == email.strip().lower()))


async def count(session: SystemSession) -> int:
    row = await session.first(select(func.count()).select_from(users))
    return 0 if row is None else int(row[0])


async def set_password(session: SystemSession, id: int, password_hash: str) -> None:
    """A new password ends all sessions. Raises `StoreError` (missing)."""
    if not await session.run(users.update().where(users.c.id == id).values(password_hash=password_hash)):
        raise missing("user")
    await session.run(delete(sessions).where(sessions.c.user_id == id))


async def renew_hash(session: SystemSession, id: int, password_hash: str) -> None:
    """The same password, kept another way."""
    await session.run(users.update().where(users.c.id == id).values(password_hash=password_hash))


async def page(session: SystemSession, *, holding: str = "", limit: int = 100) -> tuple[User, ...]:
    """Those whose address or name holds the text, by address."""
    found = or_(users.c.email.icontains(holding, autoescape=True), users.c.name.icontains(holding, autoescape=True))
    return await session.records(User, select(*columns(users, User)).where(found).order_by(users.c.email).limit(limit))


async def open_again(session: SystemSession, id: int, name: str, password_hash: str) -> None:
    """A closed account as if it were new. Raises `StoreError` (missing) where there is none, or it is open."""
    closed = users.update().where(users.c.id == id, users.c.disabled_at.is_not(None))
    if not await session.run(closed.values(name=name, password_hash=password_hash, disabled_at=None, disabled_by=None)):
        raise missing("closed account")
    await session.run(delete(identities).where(identities.c.user_id == id))


async def link_identity(session: SystemSession, user_id: int, issuer: str, subject: str, at: datetime) -> None:
    """Let an identity of an OpenID provider sign in as the user. Raises `StoreError` (conflict) when it is another's."""
    new = await session.insert_unless_there(
        identities, ("issuer", "subject"), user_id=user_id, issuer=issuer, subject=subject, linked_at=at
    )
    found = await by_identity(session, issuer, subject)
    if new is None and (found is None or found.id != user_id):
        raise StoreError(Fault.CONFLICT, "this identity belongs to another user")


async def by_identity(session: SystemSession, issuer: str, subject: str) -> User | None:
    same = (identities.c.issuer == issuer) & (identities.c.subject == subject)
    return await session.record(User, select(*columns(users, User)).join(identities, identities.c.user_id == users.c.id).where(same))


async def note_failure(session: SystemSession, key: str, at: datetime) -> None:
    """A sign-in that failed; `key` is an address or an account, as the caller limits them."""
    await session.run(sign_in_failures.insert().values(key=key[:320], at=at))


async def failures(session: SystemSession, key: str, since: datetime) -> int:
    counted = select(func.count()).select_from(sign_in_failures)
    row = await session.first(counted.where(sign_in_failures.c.key == key[:320], sign_in_failures.c.at >= since))
    return 0 if row is None else int(row[0])


async def forget_failures(session: SystemSession, before: datetime, *, key: str = "") -> None:
    """Forget those before a moment; with a key, all of that key's (it signed in)."""
    old = sign_in_failures.c.key == key[:320] if key else sign_in_failures.c.at < before
    await session.run(delete(sign_in_failures).where(old))
