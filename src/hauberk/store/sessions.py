"""Sessions of signed-in users (not to be confused with `hauberk.store.session`): kept here, known to the browser by a secret only."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select

from hauberk.store.columns import columns
from hauberk.store.errors import missing
from hauberk.store.secret import digest_of, new_secret
from hauberk.store.session import SystemSession
from hauberk.store.tables.people import sessions, users


@dataclass(frozen=True, slots=True)
class SignedIn:
    """`tenant_id` is the tenant the user works in at the moment; `digest`, that of the secret, tells one from another."""

    digest: str
    user_id: int
    tenant_id: int | None
    created_at: datetime
    seen_at: datetime
    expires_at: datetime


async def begin(session: SystemSession, user_id: int, tenant_id: int | None, at: datetime, expires_at: datetime) -> str:
    """A new session; its secret, which is told this once."""
    secret = new_secret()
    values = {"user_id": user_id, "tenant_id": tenant_id, "created_at": at, "seen_at": at, "expires_at": expires_at}
    await session.run(sessions.insert().values(digest=digest_of(secret), **values))
    return secret


async def find(session: SystemSession, secret: str, at: datetime) -> SignedIn | None:
    """The session behind a secret, unless it has expired or the user was disabled."""
    mine = select(*columns(sessions, SignedIn)).join(users, users.c.id == sessions.c.user_id)
    return await session.record(
        SignedIn, mine.where(sessions.c.digest == digest_of(secret), sessions.c.expires_at > at, users.c.disabled_at.is_(None))
    )


async def seen(session: SystemSession, secret: str, at: datetime, expires_at: datetime) -> None:
    """Keep a session alive."""
    await session.run(sessions.update().where(sessions.c.digest == digest_of(secret)).values(seen_at=at, expires_at=expires_at))


async def work_in(session: SystemSession, secret: str, tenant_id: int) -> None:
    """Turn to another tenant; that the user is a member of it is for the caller to see to."""
    await session.run(sessions.update().where(sessions.c.digest == digest_of(secret)).values(tenant_id=tenant_id))


async def end(session: SystemSession, secret: str) -> None:
    await session.run(delete(sessions).where(sessions.c.digest == digest_of(secret)))


async def of_user(session: SystemSession, user_id: int, at: datetime) -> tuple[SignedIn, ...]:
    """A user's sessions that hold, the one used last first."""
    mine = select(*columns(sessions, SignedIn)).where(sessions.c.user_id == user_id, sessions.c.expires_at > at)
    return await session.records(SignedIn, mine.order_by(sessions.c.seen_at.desc()))


async def end_one(session: SystemSession, user_id: int, digest: str) -> None:
    """Raises `StoreError` (missing) unless it is the user's."""
    if not await session.run(delete(sessions).where(sessions.c.user_id == user_id, sessions.c.digest == digest)):
        raise missing("session")


async def end_all(session: SystemSession, user_id: int) -> None:
    await session.run(delete(sessions).where(sessions.c.user_id == user_id))


async def forget_expired(session: SystemSession, at: datetime) -> int:
    """How many there were."""
    return await session.run(delete(sessions).where(sessions.c.expires_at <= at))
