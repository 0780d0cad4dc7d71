"""Domain names between their wire form (RFC 1035, 3.1 and 4.1.4) and their text.

In text, every octet that is not a letter, digit, `-`, `_`, `*` or `/` is written `\\DDD`, the dot inside a label included, so that a
text may always be cut at its dots.
"""

import re
from collections.abc import Callable
from functools import lru_cache
from struct import Struct
from typing import TypeAlias

_PLAIN = re.compile(rb"[A-Za-z0-9_*/-]*")
_ESCAPE = re.compile(rb"\\(\d{3}|.)", re.DOTALL)
_MOST_POINTERS = 127  # a name has no more labels than that

Known: TypeAlias = dict[int, tuple[str, int]]
"""Names met in one message: the offset of each, its text with the final dot, its length in octets on the wire."""


class Garbled(Exception):
    """The octets are no DNS message; the text says why."""


def encode_name(name: str) -> bytes | None:
    """The wire form of a name as questions spell it; None when it is no name (empty label, over 63 or 255 octets, not ASCII)."""
    try:
        labels = name.encode("ascii").split(b".")
    except UnicodeEncodeError:
        return None
    if "\\" in name:
        labels = [_unescape(label) for label in labels]
    pack = _packer(*map(len, labels))
    if pack is None:
        return b"\0" if name == "." else None
    return pack(*labels)


@lru_cache(maxsize=4096)
def _packer(*lengths: int) -> Callable[..., bytes] | None:
    """What joins labels of these lengths to a name; `p` is a string after its length. None when the DNS has no such names."""
    if not all(0 < length < 64 for length in lengths) or sum(lengths) + len(lengths) > 254:
        return None
    return Struct(f"{''.join(f'{length + 1}p' for length in lengths)}x").pack


def read_name(wire: bytes, at: int, known: Known) -> tuple[str, int]:
    """The name at an offset, with its final dot, and the offset behind it. Raises `Garbled` or `IndexError`.

    A pointer must point before everything this name has used so far, so that there are no loops.
    """
    first = wire[at]
    if first >= 0xC0:  # most names are a pointer to a name met before
        met = known.get((first & 0x3F) << 8 | wire[at + 1])
        if met is not None:
            return met[0], at + 2
    elif 0 < first < 64 and wire[behind := at + 1 + first] >= 0xC0:  # or one label before such a pointer
        met = known.get((wire[behind] & 0x3F) << 8 | wire[behind + 1])
        label = wire[at + 1 : behind]
        if met is not None and label.isalnum() and met[0] != "." and met[1] + first < 255:
            text = f"{label.decode()}.{met[0]}"
            known[at] = (text, met[1] + first + 1)
            return text, behind + 2
    labels: list[str] = []
    octets, position, floor, behind, pointers, tail = 1, at, at, 0, 0, ""
    while length := wire[position]:
        if length < 64:
            stop = position + 1 + length
            label = wire[position + 1 : stop]
            octets += length + 1
            if octets > 255 or stop >= len(wire):
                raise Garbled("a name is too long or runs over the end")
            labels.append(label.decode() if label.isalnum() or _PLAIN.fullmatch(label) else _escape(label))
            position = stop
        elif length >= 0xC0:
            target = (length & 0x3F) << 8 | wire[position + 1]
            behind = behind or position + 2
            pointers += 1
            if target >= floor or pointers > _MOST_POINTERS:
                raise Garbled("a name points forward, at itself or too often")
            met = known.get(target)
            if met is not None:
                tail, octets = met[0], octets + met[1] - 1
                break
            position = floor = target
        else:
            raise Garbled("a label of unknown kind")
    if octets > 255:
        raise Garbled("a name is too long")
    text = f"{'.'.join(labels)}.{'' if tail == '.' else tail}" if labels else tail or "."
    known[at] = (text, octets)
    if behind == at + 2:
        known[(wire[at] & 0x3F) << 8 | wire[at + 1]] = (text, octets)
    return text, behind or position + 1


def owner_text(text: str) -> str:
    """A name as questions spell it: lower case, no final dot; the root is `.`."""
    return text.lower()[:-1] or "."


def _escape(label: bytes) -> str:
    return "".join(chr(b) if _PLAIN.fullmatch(bytes((b,))) else f"\\{b:03d}" for b in label)


def _unescape(label: bytes) -> bytes:
    def octet(match: re.Match[bytes]) -> bytes:
        code = match.group(1)
        return bytes((int(code),)) if len(code) == 3 and int(code) < 256 else code

    return _ESCAPE.sub(octet, label)
