"""Secrets that have to be read again (those of webhooks) are encrypted before they go into the database.

AES-256-GCM with a key out of the data folder; the tenant is authenticated with it, so that a secret copied to another tenant's row cannot
be opened there. Whoever has the database alone, or a backup of it, has no secret.
"""

import asyncio
import hmac
import os
import secrets
from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from contextlib import suppress
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from hauberk.app.work.work_settings import WorkSettings
from hauberk.store import milestones
from hauberk.store.milestones import Milestone
from hauberk.store.store import Store

_MARK = "sealed1:"
_NONCE = 12


class SealError(Exception):
    """The key file or a sealed secret cannot be used; the message says why, for people."""


class Sealer:
    """Seals and opens short texts."""

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)

    def seal(self, text: str, tenant: int) -> str:
        nonce = secrets.token_bytes(_NONCE)
        return _MARK + b64encode(nonce + self._cipher.encrypt(nonce, text.encode(), _owner(tenant))).decode()

    def open(self, sealed: str, tenant: int) -> str:
        """The text; one that was never sealed is given back as it is. Raises `SealError`."""
        if not sealed.startswith(_MARK):
            return sealed
        try:
            octets = b64decode(sealed.removeprefix(_MARK), validate=True)
            return self._cipher.decrypt(octets[:_NONCE], octets[_NONCE:], _owner(tenant)).decode()
        except (NotBase64, ValueError, InvalidTag):
            raise SealError("the secret was sealed with another key than that in the data folder: set a new one") from None


def _owner(tenant: int) -> bytes:
    return f"hauberk tenant {tenant}".encode()


async def sealer(settings: WorkSettings, store: Store) -> Sealer:
    """With the key in the data folder. Raises `SealError` and `StoreError`. Not inside a session that writes."""
    return Sealer(await _key(settings, store))


async def derived_key(settings: WorkSettings, store: Store, purpose: str) -> bytes:
    """32 octets for one purpose, always the same ones, from which nobody can tell the key in the data folder. Raises as `sealer` does."""
    return hmac.digest(await _key(settings, store), f"hauberk {purpose}".encode(), "sha256")


async def _key(settings: WorkSettings, store: Store) -> bytes:
    """Made at first use with mode 0600, and never again in silence: what was sealed could not be opened, and all badges would move."""
    path = settings.data / "keys" / "sealing.key"
    try:
        key = await asyncio.to_thread(_read, path)
        async with store.system(writing=False) as session:
            used = await milestones.reached(session, Milestone.SEALING_KEY)
        if not used:
            async with store.system() as session:
                await milestones.reach(session, Milestone.SEALING_KEY)
                key = key or await asyncio.to_thread(_make, path)
    except OSError as error:
        raise SealError(f"the key {path} cannot be made or read: {error.strerror or error}") from None
    if not key:
        raise SealError(
            f"{path}, from which badges have their addresses and with which webhooks' secrets are sealed, is gone: put it back from a copy "
            "of the data folder, or start the server with the right one (--data). If it is gone for good, make a new one: (umask 077; head "
            "-c 32 /dev/urandom > sealing.key). Then set up the webhooks again and hand out the badges' new addresses"
        )
    if len(key) != 32:
        raise SealError(f"{path} is no sealing key: it has to hold 32 octets")
    return key


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return b""


def _make(path: Path) -> bytes:
    """Of two that come at once, one makes the key, whole, and both have it."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(secrets.token_bytes(32))
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):
            os.link(temporary, path)
    finally:
        temporary.unlink()
    return _read(path)
