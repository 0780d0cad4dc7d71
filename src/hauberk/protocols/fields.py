"""The `v=...; name=value; ...` records of MTA-STS and TLS-RPT, whose grammars are one (RFC 8461, 3.1; RFC 8460, 3)."""

import re
from dataclasses import dataclass

from hauberk.protocols.malformed import Malformed

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,31}")
_SPACE = " \t"
_EXTENSION = re.compile(r"[\x21-\x3a\x3c\x3e-\x7e]+")


@dataclass(frozen=True, slots=True)
class Field:
    """`position` is the offset of the value in the record."""

    name: str
    value: str
    position: int


def parse(text: str, version: str) -> tuple[Field, ...] | Malformed:
    """The fields after `version` (`v=STSv1`), the first of each name (RFC 8461, 3.1: others are ignored), values unjudged."""
    if not text.startswith(version):
        return Malformed(text, 0, f"the record has to start with {version}, in exactly this spelling", min(len(version), len(text)))
    pieces = text[len(version) :].split(";")
    if pieces[0].strip(_SPACE) or len(pieces) == 1:
        return Malformed(text, min(len(version), len(text) - 1), "a semicolon belongs after the version")
    found = dict[str, Field]()
    at = len(version) + len(pieces[0]) + 1
    for index, piece in enumerate(pieces[1:], 1):
        last = index == len(pieces) - 1
        if last and index > 1 and not piece.strip(_SPACE):
            break
        field = _parse_field(text, piece, at, last)
        if isinstance(field, Malformed):
            return field
        found.setdefault(field.name, field)
        at += len(piece) + 1
    return tuple(found.values())


def _parse_field(text: str, piece: str, at: int, last: bool) -> Field | Malformed:
    inside = piece.strip(_SPACE)
    start = at + len(piece) - len(piece.lstrip(_SPACE))
    name, equals, value = inside.partition("=")
    if not equals or not _NAME.fullmatch(name):
        return Malformed(text, min(start, len(text) - 1), "this is no name=value pair", len(inside) or 1)
    if last and piece != piece.rstrip(_SPACE):
        return Malformed(text, start + len(inside), "the record ends in white space", len(piece) - len(piece.rstrip(_SPACE)))
    return Field(name, value, start + len(name) + 1)


def wrong_extension(text: str, field: Field) -> Malformed | None:
    """What is wrong with a field that the RFC does not name: its value is visible ASCII without `;` and `=`."""
    if _EXTENSION.fullmatch(field.value):
        return None
    return Malformed(
        text, field.position, f"the value of {field.name}= may hold only visible ASCII without = and spaces", len(field.value) or 1
    )


def candidates(texts: tuple[str, ...], version: str) -> tuple[str, ...]:
    """The TXT records that senders look at: those that begin with the version and a semicolon."""
    return tuple(text for text in texts if text.startswith(f"{version};"))


def near_misses(texts: tuple[str, ...], version: str) -> tuple[str, ...]:
    """Records that were meant, but that senders discard for the spelling of their start."""
    wanted = version.lower().replace("=", "")

    def start(text: str) -> str:
        return re.sub(r"[^a-z0-9]", "", text[:40].lower())

    return tuple(text for text in texts if not text.startswith(f"{version};") and start(text).startswith(wanted))
