"""What a signed message of S/MIME holds (RFC 5652, 5; RFC 8551, 3.5.2): the signature covers it, and any reader shows what is inside.

BER, not DER: programs that sign a long message write lengths that are not known beforehand. Signatures are not verified here.
"""

from collections.abc import Iterator
from typing import Final

_SIGNED_DATA: Final = bytes.fromhex("06092a864886f70d010702")
_SEQUENCE, _OCTETS, _OCTETS_IN_PARTS, _EXPLICIT = 0x30, 0x04, 0x24, 0xA0
_MOST_LENGTH_OCTETS: Final = 8


def signed_content(octets: bytes) -> bytes | None:
    """The content of signed data; empty where the signature stands alone; None for what is no signed data, or damaged."""
    try:
        at = _inside(octets, 0, _SEQUENCE)
        if not octets.startswith(_SIGNED_DATA, at):
            return None
        at = _inside(octets, _inside(octets, at + len(_SIGNED_DATA), _EXPLICIT), _SEQUENCE)
        at = _end(octets, _end(octets, at))  # version, digest algorithms
        at = _end(octets, _inside(octets, at, _SEQUENCE))  # the type of the content
        if octets[at] != _EXPLICIT:
            return b""
        return b"".join(_strings(octets, _inside(octets, at, _EXPLICIT)))
    except (IndexError, ValueError, RecursionError):
        return None


def _head(octets: bytes, at: int) -> tuple[int, int, int | None]:
    """Tag, where the content begins, and where it ends (None: at two zero octets)."""
    length = octets[at + 1]
    if length == 0x80:
        return octets[at], at + 2, None
    start = at + 2
    if length > 0x80:
        count = length & 0x7F
        if count > _MOST_LENGTH_OCTETS:
            raise ValueError("a length of too many octets")
        start += count
        length = int.from_bytes(octets[at + 2 : start], "big")
    if start + length > len(octets):
        raise ValueError("cut off")
    return octets[at], start, start + length


def _inside(octets: bytes, at: int, wanted: int) -> int:
    tag, start, _ = _head(octets, at)
    if tag != wanted:
        raise ValueError("another element is wanted here")
    return start


def _end(octets: bytes, at: int) -> int:
    """Where the element that begins here ends."""
    _, at, end = _head(octets, at)
    if end is not None:
        return end
    while octets[at : at + 2] != b"\0\0":
        at = _end(octets, at)
    return at + 2


def _strings(octets: bytes, at: int) -> Iterator[bytes]:
    """The pieces of an octet string, in one or in parts (X.690, 8.7); parts in parts, which nobody writes, are refused."""
    tag, at, end = _head(octets, at)
    if tag == _OCTETS and end is not None:
        yield octets[at:end]
        return
    if tag != _OCTETS_IN_PARTS:
        raise ValueError("no octet string")
    while at < end if end is not None else octets[at : at + 2] != b"\0\0":
        tag, start, stop = _head(octets, at)
        if tag != _OCTETS or stop is None:
            raise ValueError("no octet string")
        yield octets[start:stop]
        at = stop
