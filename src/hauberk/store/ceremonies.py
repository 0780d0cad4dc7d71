"""Ceremonies of signing in: begun by one request, ended by another, once. What the browser brings back is a secret."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import delete, select

from hauberk.store.secret import digest_of, new_secret
from hauberk.store.session import SystemSession
from hauberk.store.tables.people import ceremonies


class Kind(StrEnum):
    """Making the first administrator; registering a passkey and signing in with one (the secret is the challenge, W3C WebAuthn 13.4.3);
    a visit to an OpenID provider (the secret is the state, RFC 6749, 10.12)."""

    SET_UP = "set-up"
    REGISTER = "register"
    AUTHENTICATE = "authenticate"
    OPENID = "openid"


async def begin(session: SystemSession, kind: Kind, content: str, at: datetime, expires_at: datetime) -> str:
    """A ceremony and its secret; `content` is the caller's to have again at the end. Those whose time is over are forgotten."""
    await session.run(delete(ceremonies).where(ceremonies.c.expires_at <= at))
    secret = new_secret()
    await session.run(ceremonies.insert().values(digest=digest_of(secret), kind=kind.value, content=content, expires_at=expires_at))
    return secret


async def find(session: SystemSession, kind: Kind, secret: str, at: datetime) -> str | None:
    """The content of one that goes on."""
    mine = (ceremonies.c.digest == digest_of(secret)) & (ceremonies.c.kind == kind.value) & (ceremonies.c.expires_at > at)
    row = await session.first(select(ceremonies.c.content).where(mine))
    return None if row is None else str(row[0])


async def end(session: SystemSession, kind: Kind, secret: str, at: datetime) -> str | None:
    """The content of one that goes on; it has ended with this. Of two who end it at the same moment, one gets `None`."""
    mine = (ceremonies.c.digest == digest_of(secret)) & (ceremonies.c.kind == kind.value) & (ceremonies.c.expires_at > at)
    row = await session.first(delete(ceremonies).where(mine).returning(ceremonies.c.content))
    return None if row is None else str(row[0])


async def end_all(session: SystemSession, kind: Kind) -> None:
    await session.run(delete(ceremonies).where(ceremonies.c.kind == kind.value))
