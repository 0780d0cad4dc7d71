"""Passkeys (WebAuthn credentials) of users."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select

from hauberk.store.columns import columns
from hauberk.store.errors import Fault, StoreError, missing
from hauberk.store.session import SystemSession
from hauberk.store.tables.people import passkeys


@dataclass(frozen=True, slots=True)
class Passkey:
    """`public_key` is COSE; `sign_count` is the authenticator's counter when it was last used."""

    id: int
    user_id: int
    credential_id: bytes
    public_key: bytes
    sign_count: int
    name: str
    created_at: datetime
    used_at: datetime | None


async def add(session: SystemSession, user_id: int, credential_id: bytes, public_key: bytes, name: str, at: datetime) -> Passkey:
    """Raises `StoreError` (conflict) when the credential is registered already."""
    id = await session.insert_unless_there(
        passkeys, ("credential_id",), user_id=user_id, credential_id=credential_id, public_key=public_key, sign_count=0, name=name,
        created_at=at,
    )  # fmt: skip
    if id is None:
        raise StoreError(Fault.CONFLICT, "this passkey is registered already")
    return Passkey(id, user_id, credential_id, public_key, 0, name, at, None)


async def of_user(session: SystemSession, user_id: int) -> tuple[Passkey, ...]:
    return await session.records(Passkey, select(*columns(passkeys, Passkey)).where(passkeys.c.user_id == user_id).order_by(passkeys.c.id))


async def by_credential(session: SystemSession, credential_id: bytes) -> Passkey | None:
    return await session.record(Passkey, select(*columns(passkeys, Passkey)).where(passkeys.c.credential_id == credential_id))


async def used(session: SystemSession, id: int, sign_count: int, at: datetime) -> None:
    await session.run(passkeys.update().where(passkeys.c.id == id).values(sign_count=sign_count, used_at=at))


async def remove(session: SystemSession, user_id: int, id: int) -> None:
    """Raises `StoreError` (missing) unless it is the user's."""
    if not await session.run(delete(passkeys).where(passkeys.c.id == id, passkeys.c.user_id == user_id)):
        raise missing("passkey")
