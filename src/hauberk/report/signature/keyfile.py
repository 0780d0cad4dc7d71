"""Where the organisation's key lies: one PEM file in the user's configuration folder that only its owner may read."""

import os
import secrets
from datetime import datetime
from pathlib import Path

from hauberk.report.signature.key import KeyUnusableError, SigningKey, make, read

LARGEST = 1024 * 1024


def default_path() -> Path:
    """`$XDG_CONFIG_HOME/hauberk/signing-key.pem`, by default under `~/.config`."""
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "hauberk" / "signing-key.pem"


def load(path: Path, password: bytes | None = None) -> SigningKey:
    """Raises `OSError` and `KeyUnusableError`."""
    with path.open("rb") as file:
        data = file.read(LARGEST + 1)
    if len(data) > LARGEST:
        raise KeyUnusableError("the file is too large for a key")
    return read(data, password)


def create(path: Path, name: str, at: datetime) -> SigningKey:
    """Make a key in a new file with mode 0600. Raises `FileExistsError` when there is one, and other `OSError`."""
    key = make(name, at)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(key.pem())
            file.flush()
            os.fsync(file.fileno())
        os.link(temporary, path)  # of two that come at once, one makes the key, whole, and the other is told
    finally:
        temporary.unlink()
    return key


def load_or_create(path: Path, name: str, at: datetime) -> tuple[SigningKey, bool]:
    """The key in the file, made at first use; and whether it was made. Raises `OSError` and `KeyUnusableError`."""
    try:
        return load(path), False
    except FileNotFoundError:
        pass
    try:
        return create(path, name, at), True
    except FileExistsError:
        return load(path), False


def readable_by_others(path: Path) -> bool:
    return bool(path.stat().st_mode & 0o077)
