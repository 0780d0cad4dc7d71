"""Vectors as TLS writes them: a length in front, which is never trusted (RFC 8446, 3.4)."""

import struct
from collections.abc import Iterator

_EXTENSION = struct.Struct(">HH")  # kind and length


class CutError(Exception):
    """A vector is longer than what is left."""


def vector(data: bytes, width: int) -> bytes:
    """`data` behind its length in `width` octets; raises OverflowError where that does not fit."""
    return len(data).to_bytes(width) + data


def take(data: bytes, position: int, width: int) -> tuple[bytes, int]:
    """The vector whose length is written in `width` octets at `position`, and where it ends. Raises `CutError`."""
    start = position + width
    end = start + int.from_bytes(data[position:start])
    if end > len(data) or start > len(data):
        raise CutError
    return data[start:end], end


def numbers(data: bytes, width: int = 2) -> tuple[int, ...]:
    """Numbers of `width` octets each; what is left over at the end is dropped."""
    return tuple(int.from_bytes(data[at : at + width]) for at in range(0, len(data) - width + 1, width))


def listed(values: tuple[int, ...], width: int = 2) -> bytes:
    """Raises OverflowError, or `struct.error` for pairs of octets, where a value does not fit."""
    if width == 2:
        return struct.pack(f">{len(values)}H", *values)
    return b"".join(value.to_bytes(width) for value in values)


def extensions(data: bytes, position: int) -> Iterator[tuple[int, bytes]]:
    """The extension block that begins at `position`, or nothing where the message ends there. Raises `CutError`."""
    if position >= len(data):
        return
    block, _ = take(data, position, 2)
    at, length = 0, len(block)
    while at < length:
        try:
            kind, size = _EXTENSION.unpack_from(block, at)
        except struct.error:
            raise CutError from None
        start, at = at + 4, at + 4 + size
        if at > length:
            raise CutError
        yield kind, block[start:at]


def messages(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Whole handshake messages: kind and body; a cut one at the end is left out."""
    position = 0
    while position + 4 <= len(data):
        end = position + 4 + int.from_bytes(data[position + 1 : position + 4])
        if end > len(data):
            return
        yield data[position], data[position + 4 : end]
        position = end
