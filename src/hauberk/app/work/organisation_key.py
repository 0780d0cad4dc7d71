"""The key that an organisation's reports are signed with."""

import asyncio
from datetime import datetime
from pathlib import Path

from hauberk.app.work.work_settings import WorkSettings
from hauberk.report.signature import keyfile
from hauberk.report.signature.key import KeyUnusableError, SigningKey
from hauberk.store import reports
from hauberk.store.store import Store


class KeyLostError(KeyUnusableError):
    """The key that signed earlier reports is not there any more."""


async def organisation_key(settings: WorkSettings, store: Store, tenant: int, name: str, at: datetime) -> SigningKey:
    """The key that was supplied for all, or the organisation's own, made at first use in its `name`.

    Where something was signed before, no key is made in silence: whoever trusts the earlier one would take the new one for a stranger's.
    Raises `OSError`, `KeyLostError` and `KeyUnusableError`.
    """
    if settings.key is not None:
        return await asyncio.to_thread(keyfile.load, settings.key, settings.key_password)
    async with store.tenant(tenant, writing=False) as session:
        signed_before = bool(await reports.page(session, limit=1))
    path = key_path(settings, tenant)
    try:
        if signed_before:
            return await asyncio.to_thread(keyfile.load, path)
        return (await asyncio.to_thread(keyfile.load_or_create, path, name, at))[0]
    except FileNotFoundError:
        raise KeyLostError(
            f"{path.name}, which signed the reports so far, is not in the data folder: put it back from a backup, or have an administrator "
            "make a new one (Settings, Signing key)"
        ) from None


def replace_key(settings: WorkSettings, tenant: int, name: str, at: datetime) -> SigningKey:
    """A new key in the place of one that is lost; one that is there stays. Raises `OSError` and `KeyUnusableError`."""
    return keyfile.load_or_create(key_path(settings, tenant), name, at)[0]


def key_path(settings: WorkSettings, tenant: int) -> Path:
    return settings.data / "keys" / f"organisation-{tenant}.pem"
