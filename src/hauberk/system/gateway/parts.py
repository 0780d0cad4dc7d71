"""The parts of a message (RFC 2045, RFC 2046), each decoded, with every name that some program might show for it.

Where programs differ in what they read (two Content-Type fields, say), the part is called ambiguous: what a scanner sees must be what the
reader gets.
"""

import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email import errors, message_from_bytes
from email.message import Message as Part
from email.policy import Compat32
from email.utils import collapse_rfc2231_value
from typing import Final, TypeAlias, cast

from hauberk.system.gateway import encoded_words
from hauberk.system.gateway.cms import signed_content
from hauberk.system.gateway.encoded_words import decoded

_MOST_PARTS: Final = 2000
_DEEPEST: Final = 50
_MOST_FIELDS: Final = 1000
_LONGEST_FIELD: Final = 4000
_MOST_SIGNS: Final = ((";", 100, "parameters"), ("=?", encoded_words.MOST, "encoded words"))
_SINGLE: Final = ("content-type", "content-transfer-encoding", "content-disposition")
_ENCODINGS: Final = frozenset(("", "7bit", "8bit", "binary", "base64", "quoted-printable", "x-uuencode", "uuencode", "x-uue", "uue"))
_DEFECTS: Final = (
    (errors.InvalidMultipartContentTransferEncodingDefect, "a part of several parts is encoded as a whole"),
    (errors.MultipartInvariantViolationDefect, "a part that should have parts has none"),
    (errors.MissingHeaderBodySeparatorDefect, "a part has a line in its header that is no field"),
    (errors.FirstHeaderLineIsContinuationDefect, "a part begins with half a field"),
)
_UNREADABLE: Final = "a part has a field that programs cannot read"
_UU_BEGIN: Final = re.compile(rb"begin [0-7]{3,4} (.{1,255})")
_SMIME: Final = ("application/pkcs7-mime", "application/x-pkcs7-mime")

Mail: TypeAlias = "Part[str, str]"


class Ambiguous(Exception):
    """Programs would read this message in different ways; the message says how."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """Something that is no container of MIME: its names (perhaps none), its media type in lower case, its octets."""

    names: tuple[str, ...]
    media_type: str
    octets: bytes


@dataclass(frozen=True, slots=True)
class Opaque:
    """A part that is encrypted for its reader, so that nobody on the way can look inside."""

    media_type: str


def walk(message: bytes) -> Iterator[Leaf | Opaque]:
    """All leaves, those of forwarded messages included, and what is opaque; raises `Ambiguous`."""
    waiting: list[tuple[Mail, int, frozenset[str]]] = [(_parsed(message), 0, frozenset())]
    seen = 0
    while waiting:
        part, depth, around = waiting.pop()
        seen += 1
        if seen > _MOST_PARTS or depth > _DEEPEST:
            raise Ambiguous("the message has too many parts, or parts within parts")
        _check_fields(part)
        boundaries = around | _boundaries(part)
        _check_lines(part, boundaries)
        kind = part.get_content_type()
        if kind == "multipart/encrypted":
            yield Opaque(kind)
        inner = _inner(part)
        if inner is not None:
            waiting += [(one, depth + 1, boundaries) for one in reversed(inner)]
            continue
        leaf = Leaf(_names(part), kind, _decoded(part))
        yield leaf
        if kind in _SMIME or any(name.lower().endswith(".p7m") for name in leaf.names):
            signed = signed_content(leaf.octets)
            if signed is None:
                yield Opaque(kind)
            else:
                waiting.append((_parsed(signed), depth + 1, boundaries))
        rest = _after_padding(part)
        if rest:
            yield Leaf(leaf.names, kind, rest)
        if leaf.media_type.startswith("text/"):
            yield from _uuencoded(leaf.octets)


class _Bounded(Compat32):
    """The library's plain way to read, with an end to what it takes apart: its effort grows with the square of a field's length."""

    def header_source_parse(self, sourcelines: list[str]) -> tuple[str, str]:
        name, value = super().header_source_parse(sourcelines)
        if name.lower() in _SINGLE:
            if len(value) > _LONGEST_FIELD:
                raise Ambiguous(f"a part has a {name.title()} field of {len(value):,} characters")
            for sign, most, words in _MOST_SIGNS:
                if value.count(sign) > most:
                    raise Ambiguous(f"a part has a {name.title()} field with more than {most} {words}")
        return name, value


_POLICY: Final = _Bounded()


def _parsed(octets: bytes) -> Mail:
    if octets.count(b"\r") != octets.count(b"\r\n"):
        raise Ambiguous("the message has half a line end (CR without LF)")
    try:
        return message_from_bytes(octets, policy=_POLICY)
    except RecursionError as error:
        raise Ambiguous("the message has too many parts within parts") from error
    except (TypeError, ValueError) as error:  # the library stumbles over boundaries that are written in several ways at once
        raise Ambiguous(_UNREADABLE) from error


def _inner(part: Mail) -> list[Mail] | None:
    """The parts inside, or None for a leaf. A forwarded message that is encoded (against RFC 2046, 5.2.1) is decoded as some readers do."""
    payload = _raw(part)
    if isinstance(payload, str):
        return None
    encoded = _encoding(part) in ("base64", "quoted-printable")
    if part.get_content_maintype() == "message" and encoded and len(payload) == 1:
        carrier = message_from_bytes(b"")
        carrier["Content-Transfer-Encoding"] = _encoding(part)
        carrier.set_payload(payload[0].as_bytes().lstrip(b"\n").decode("latin-1"))
        return [_parsed(_decoded(carrier)), *payload]
    return payload


def _check_fields(part: Mail) -> None:
    if len(part) > _MOST_FIELDS:
        raise Ambiguous(f"a part has more than {_MOST_FIELDS:,} fields")
    for name in _SINGLE:
        if len(part.get_all(name, [])) > 1:
            raise Ambiguous(f"a part has several {name.title()} fields")
    encoding = _encoding(part)
    for kind, words in _DEFECTS:
        if any(isinstance(defect, kind) for defect in part.defects):
            raise Ambiguous(words)
    if encoding not in _ENCODINGS:
        raise Ambiguous(f"a part has the unknown Content-Transfer-Encoding {encoding[:40]!r}")
    if "(" in _type_written(part):
        raise Ambiguous("a part has a comment in its type")
    if part.get_content_type() == "message/partial":
        raise Ambiguous("it is a piece of a message (message/partial), and the whole is seen by nobody on the way")


def _type_written(part: Mail) -> str:
    return str(part.get("Content-Type", "")).lower().partition(";")[0]


def _boundaries(part: Mail) -> frozenset[str]:
    """The boundary that a part gives for the parts inside it, if any."""
    found = _parameters(part, "Content-Type", "boundary")
    if len(found) > 1:
        raise Ambiguous("a part has several boundaries")
    return frozenset(one.rstrip() for one in found)


def _check_lines(part: Mail, boundaries: frozenset[str]) -> None:
    """Programs differ in what they take for a boundary, where it ends and whether anything counts before the first and after the last."""
    payload = _raw(part)
    texts = [payload] if isinstance(payload, str) else [part.preamble or "", part.epilogue or ""]
    written = _type_written(part)
    if isinstance(payload, str) and ("multipart" in written or "boundary" in written or part.get_boundary() is not None):
        boundaries |= {""}  # it should have parts and has none: whatever looks like a boundary may be one to somebody
    for text in texts:
        lines = f"\n{text}"
        if any(rest.rstrip() != "--" for boundary in boundaries for rest in _after(f"\n--{boundary}", lines)):
            raise Ambiguous("a line looks like the beginning of a part, where programs differ")


def _after(mark: str, text: str) -> Iterator[str]:
    """The rest of each line that begins with the mark."""
    at = text.find(mark)
    while at >= 0:
        start = at + len(mark)
        end = text.find("\n", start)
        yield text[start:] if end < 0 else text[start:end]
        at = text.find(mark, start)


def _encoding(part: Mail) -> str:
    """The encoding in lower case, without comments (RFC 2045, 6.1)."""
    return re.sub(r"\([^()]*\)", "", str(part.get("Content-Transfer-Encoding", ""))).strip().lower()


def _raw(part: Mail) -> list[Mail] | str:
    """The parts inside, or the text as it came: `get_payload` would decode it by the character set that the part claims."""
    return cast("list[Mail] | str | None", vars(part)["_payload"]) or ""


def _decoded(part: Mail) -> bytes:
    if "Content-Transfer-Encoding" in part:
        part.replace_header("Content-Transfer-Encoding", _encoding(part))  # else a comment keeps the library from decoding
    found = cast("bytes | str | None", part.get_payload(decode=True))
    if isinstance(found, bytes):
        return found
    return b"" if found is None else found.encode("utf-8", "surrogateescape")


def _after_padding(part: Mail) -> bytes:
    """All of a base64 text with padding in its middle, which some readers decode and others (Python's) stop at; empty for other texts."""
    payload = _raw(part)
    if _encoding(part) != "base64" or not isinstance(payload, str) or "=" not in payload.rstrip("= \t\r\n"):
        return b""
    blocks = re.split("=+", re.sub("[^A-Za-z0-9+/=]", "", payload))
    return b"".join(binascii.a2b_base64(block + "=" * (-len(block) % 4)) for block in blocks if len(block) % 4 != 1)


def _names(part: Mail) -> tuple[str, ...]:
    """`filename` and `name`, each as it stands, decoded, and cut at quotes and zero octets: programs differ in which they show and save."""
    found: list[str] = []
    for field, parameter in (("Content-Disposition", "filename"), ("Content-Type", "name")):
        for text in _parameters(part, field, parameter):
            found += (text, decoded(text) or text, *re.split('["\0]', text))
    return tuple(dict.fromkeys(name for name in found if name))


def _parameters(part: Mail, field: str, wanted: str) -> list[str]:
    """All values of a parameter, those in the forms of RFC 2231 included: programs differ in which of several counts."""
    try:
        parameters = part.get_params([], field)
    except (TypeError, ValueError) as error:
        raise Ambiguous(_UNREADABLE) from error
    return [_collapsed(value).strip() for name, value in parameters if name.lower() == wanted]


def _collapsed(value: str | tuple[str | None, str | None, str]) -> str:
    try:
        return collapse_rfc2231_value(value)
    except ValueError:  # a character set that does not decode: the octets as they stand
        return value if isinstance(value, str) else value[2]


def _uuencoded(text: bytes) -> Iterator[Leaf]:
    """Files in the old manner inside a text, which Outlook still shows as attachments."""
    name: str | None = None
    made = bytearray()
    for line in text.splitlines():
        begun = _UU_BEGIN.match(line)
        if begun:
            name, made = begun[1].decode("utf-8", "replace").strip(), bytearray()
        elif name is not None and line.rstrip() == b"end":
            yield Leaf((name,), "application/octet-stream", bytes(made))
            name = None
        elif name is not None and line:
            try:
                made += binascii.a2b_uu(line)
            except binascii.Error:
                made += line  # no encoded line: looked at as it stands
