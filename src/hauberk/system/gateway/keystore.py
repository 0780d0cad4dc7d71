"""The folder of public keys: `openpgp/FINGERPRINT.asc` and `smime/SHA256.pem`. Read again whenever it changes, so a new key counts at once.

A file that cannot be read is said in the log and passed over: then its owner has no key, and confidential mail to them is refused.
"""

import logging
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Generic, TypeVar

from hauberk.system.gateway.openpgp import BadKey, OpenPgpKey, armoured, read_keys
from hauberk.system.gateway.smime import SmimeCertificate, read_certificate

T = TypeVar("T", OpenPgpKey, SmimeCertificate)
_MOST_OCTETS: Final = 5_000_000
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Kept(Generic[T]):
    stamp: tuple[int, int, int]
    keys: tuple[T, ...]
    flaw: str = ""


class _Shelf(Generic[T]):
    """One kind of key: a folder, and what was read of it."""

    def __init__(self, folder: Path, suffix: str, read: Callable[[bytes], tuple[T, ...]]) -> None:
        self.folder = folder
        self._suffix = suffix
        self._read = read
        self._kept: dict[str, _Kept[T]] = {}

    def all(self) -> Iterator[T]:
        found: dict[str, _Kept[T]] = {}
        for path, stamp in self._listed():
            kept = self._kept.get(path)
            found[path] = kept if kept is not None and kept.stamp == stamp else self._load(path, stamp)
        self._kept = found
        for path in sorted(found):
            yield from found[path].keys

    def unreadable(self) -> Iterator[tuple[str, str]]:
        """The files that were passed over, and why."""
        tuple(self.all())
        yield from ((path, kept.flaw) for path, kept in sorted(self._kept.items()) if kept.flaw)

    def _listed(self) -> Iterator[tuple[str, tuple[int, int, int]]]:
        try:
            with os.scandir(self.folder) as entries:
                for entry in entries:
                    if entry.name.endswith(self._suffix) and entry.is_file():
                        seen = entry.stat()
                        yield entry.path, (seen.st_mtime_ns, seen.st_size, seen.st_ino)
        except FileNotFoundError:
            return

    def _load(self, path: str, stamp: tuple[int, int, int]) -> _Kept[T]:
        try:
            octets = Path(path).read_bytes()
            if len(octets) > _MOST_OCTETS:
                raise BadKey("it is too long")
            return _Kept(stamp, self._read(octets))
        except (BadKey, OSError) as error:
            _log.warning("%s is passed over: %s", path, error)
            return _Kept(stamp, (), str(error))


@dataclass(frozen=True, slots=True)
class Keys:
    """What is known for one address."""

    openpgp: tuple[OpenPgpKey, ...] = ()
    smime: tuple[SmimeCertificate, ...] = ()


class KeyStore:
    """The keys in a folder. All of it reads files, and a large folder takes a while: not for an event loop."""

    def __init__(self, folder: Path) -> None:
        self._openpgp = _Shelf(folder / "openpgp", ".asc", read_keys)
        self._smime = _Shelf(folder / "smime", ".pem", lambda octets: (read_certificate(octets),))

    def of(self, addresses: Iterable[str]) -> dict[str, Keys]:
        """The keys of each address (lower case), out of one look at the folder."""
        openpgp, smime = self.openpgp(), self.smime()
        return {
            address: Keys(
                openpgp=tuple(key for key in openpgp if address in key.addresses),
                smime=tuple(one for one in smime if address in one.addresses),
            )
            for address in addresses
        }

    def openpgp(self) -> tuple[OpenPgpKey, ...]:
        return tuple(self._openpgp.all())

    def smime(self) -> tuple[SmimeCertificate, ...]:
        return tuple(self._smime.all())

    def unreadable(self) -> tuple[tuple[str, str], ...]:
        """Files that are no key, and why: their owners have none."""
        return (*self._openpgp.unreadable(), *self._smime.unreadable())

    def add_openpgp(self, key: OpenPgpKey) -> Path:
        """Keep it under its fingerprint; what was there of the same key is replaced."""
        return _put(self._openpgp.folder / f"{key.fingerprint}.asc", armoured(key).encode())

    def add_smime(self, one: SmimeCertificate, octets: bytes) -> Path:
        return _put(self._smime.folder / f"{one.fingerprint}.pem", octets)

    def remove(self, fingerprint: str) -> Path | None:
        """Take a key out by its whole fingerprint; the file that is gone, or None."""
        for path in (self._openpgp.folder / f"{fingerprint}.asc", self._smime.folder / f"{fingerprint}.pem"):
            if path.parent.name in ("openpgp", "smime") and path.is_file():
                path.unlink()
                return path
        return None


def _put(path: Path, octets: bytes) -> Path:
    """Written whole or not at all: the gateway may read at any moment."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
        file.write(octets)
        Path(file.name).chmod(0o644)
    Path(file.name).replace(path)
    return path
