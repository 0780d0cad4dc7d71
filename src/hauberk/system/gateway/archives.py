"""Archives unpacked in memory, with an end to it: members, octets and ratio of expansion are bounded for a message as a whole.

Read here: zip (stored, deflate, bzip2, LZMA), gzip, bzip2, xz and tar. Other formats are recognised and called unreadable.
"""

import bz2
import io
import lzma
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, Protocol

from hauberk.system.gateway.config import Attachments
from hauberk.system.gateway.sniffing import Format

_STEP: Final = 262_144
_RATIO_FROM: Final = 10_000_000  # below this many octets no ratio is held against a file: logs and empty tables shrink well
PACKED: Final = frozenset(
    (
        *(Format.ZIP, Format.GZIP, Format.BZIP2, Format.XZ, Format.TAR, Format.SEVEN_ZIP, Format.RAR, Format.CABINET, Format.ARJ),
        *(Format.ACE, Format.LZH, Format.ZSTANDARD, Format.TNEF),
    )
)


class Encrypted(Exception):
    """It wants a password."""


class Unreadable(Exception):
    """Nothing can be said of what is inside; the message says why."""


class Bomb(Exception):
    """It unpacks to more than a message may hold; the message says what of."""


@dataclass(frozen=True, slots=True)
class Member:
    """A file inside an archive; `octets` is None where it is encrypted, so that only its name is known."""

    name: str
    octets: bytes | None


class Allowance:
    """What may still be unpacked for this message."""

    def __init__(self, policy: Attachments) -> None:
        self._members = policy.archive_members
        self._octets = policy.unpacked_octets
        self._ratio = policy.unpacked_ratio

    def count_member(self) -> None:
        self._members -= 1
        if self._members < 0:
            raise Bomb("too many files in archives")

    def count(self, octets: int, so_far: int, packed: int) -> None:
        """`octets` more of a file that gave `so_far` in all and takes `packed` in its archive."""
        self._octets -= octets
        if self._octets < 0:
            raise Bomb("it unpacks to too many octets")
        if so_far > _RATIO_FROM and so_far > self._ratio * max(packed, 1):
            raise Bomb(f"it unpacks to more than {self._ratio} times its size")


def unpack(found: Format, name: str, octets: bytes, allowance: Allowance) -> Iterator[Member]:
    """The files in an archive, one after the other; raises `Encrypted`, `Unreadable` or `Bomb`."""
    match found:
        case Format.ZIP:
            yield from _zip(octets, allowance)
        case Format.TAR:
            yield from _tar(octets, allowance)
        case Format.GZIP:
            yield _stream(_shortened(name, (".gz", ".tgz")), octets, lambda: zlib.decompressobj(31), allowance)
        case Format.BZIP2:
            yield _stream(_shortened(name, (".bz2", ".tbz2")), octets, bz2.BZ2Decompressor, allowance)
        case Format.XZ:
            yield _stream(_shortened(name, (".xz", ".txz")), octets, _lzma, allowance)
        case _:
            raise Unreadable(f"archives of the kind {found.value} cannot be looked into")


def _shortened(name: str, endings: tuple[str, str]) -> str:
    short, combined = endings
    lower = name.lower()
    if lower.endswith(combined):
        return name[: -len(combined)] + ".tar"
    return name[: -len(short)] if lower.endswith(short) else name


def _zip(octets: bytes, allowance: Allowance) -> Iterator[Member]:
    try:
        with zipfile.ZipFile(io.BytesIO(octets)) as archive:
            listed = archive.infolist()
            # Programs that read from the front would see another archive than those that read the directory at the end.
            if octets.startswith(b"PK\x03\x04") and listed and min(info.header_offset for info in listed) > 0:
                raise Unreadable("it is two archives in one")
            for info in listed:
                allowance.count_member()
                if info.filename.endswith("/") and not info.file_size:
                    continue
                yield Member(info.filename, None if info.flag_bits & 0x41 else _zip_member(archive, info, allowance))
    except (zipfile.BadZipFile, NotImplementedError, zlib.error, lzma.LZMAError, EOFError, OSError, ValueError, RuntimeError) as error:
        raise Unreadable(f"the zip archive is damaged or of a rare kind ({error})") from error


def _zip_member(archive: zipfile.ZipFile, info: zipfile.ZipInfo, allowance: Allowance) -> bytes:
    made = bytearray()
    with archive.open(info) as stream:
        while chunk := stream.read(_STEP):
            made += chunk
            allowance.count(len(chunk), len(made), info.compress_size)
    return bytes(made)


def _tar(octets: bytes, allowance: Allowance) -> Iterator[Member]:
    try:
        with tarfile.open(fileobj=io.BytesIO(octets), mode="r:") as archive:
            for info in archive:
                allowance.count_member()
                if info.isfile() and (stream := archive.extractfile(info)) is not None:
                    made = bytearray()
                    while chunk := stream.read(_STEP):
                        made += chunk
                        allowance.count(len(chunk), len(made), len(octets))
                    yield Member(info.name, bytes(made))
    except (tarfile.TarError, OSError, ValueError, EOFError) as error:
        raise Unreadable(f"the tar archive is damaged ({error})") from error


class _Decompressor(Protocol):
    def decompress(self, data: bytes, max_length: int, /) -> bytes: ...
    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...


def _lzma() -> lzma.LZMADecompressor:
    return lzma.LZMADecompressor(memlimit=100_000_000)


def _stream(name: str, octets: bytes, begin: Callable[[], _Decompressor], allowance: Allowance) -> Member:
    """One compressed file; several streams in a row are one file, as gzip, bzip2 and xz have it.

    It is fed in steps: what an engine has not used is copied each time it is asked for.
    """
    made = bytearray()
    at = 0
    while at < len(octets):
        allowance.count_member()
        engine, start = begin(), at
        try:
            while not engine.eof:
                data: bytes = getattr(engine, "unconsumed_tail", b"")
                if not data and getattr(engine, "needs_input", True):
                    data = octets[at : at + _STEP]
                    at += len(data)
                chunk = engine.decompress(data, _STEP)
                if not chunk and not data and at >= len(octets):
                    raise Unreadable("the compressed file is cut off")
                made += chunk
                allowance.count(len(chunk), len(made), len(octets))
        except (zlib.error, lzma.LZMAError, OSError, EOFError, ValueError) as error:
            if not made:
                raise Unreadable(f"the compressed file is damaged ({error})") from error
            made += octets[start:]  # what follows a complete stream and is none: kept, so that it is looked at
            break
        at -= len(engine.unused_data)
        while octets[at : at + 1] == b"\0":
            at += 1
    return Member(name, bytes(made))
