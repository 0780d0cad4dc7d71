"""The key that an organisation's reports are signed with."""

from datetime import datetime
from pathlib import Path

from hauberk.app.work.work_settings import WorkSettings
from hauberk.report.signature import keyfile
from hauberk.report.signature.key import SigningKey


def organisation_key(settings: WorkSettings, tenant: int, name: str, at: datetime) -> SigningKey:
    """The key that was supplied for all, or the organisation's own, made at first use in its `name`.

    Raises `OSError` and `KeyUnusableError`. It reads files: call it off the event loop.
    """
    if settings.key is not None:
        return keyfile.load(settings.key, settings.key_password)
    key, _ = keyfile.load_or_create(key_path(settings, tenant), name, at)
    return key


def key_path(settings: WorkSettings, tenant: int) -> Path:
    return settings.data / "keys" / f"organisation-{tenant}.pem"
