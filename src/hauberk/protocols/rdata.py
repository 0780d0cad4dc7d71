"""Reading record data in presentation format (RFC 1035, 5.1) into typed values."""

import re
from functools import lru_cache

from msgspec import Struct

from hauberk.model.dns import Record
from hauberk.protocols.names import absolute

_STRING = re.compile(r'"((?:[^"\\]|\\.)*)"|([^\s"]+)')
_ESCAPE = re.compile(r"\\(\d{3}|.)", re.DOTALL)


class Mx(Struct, frozen=True):
    preference: int
    exchange: str


def unescape(text: str) -> bytes:
    """The octets that a character-string stands for."""
    if "\\" not in text:
        return text.encode("utf-8", "surrogatepass")

    def octet(match: re.Match[str]) -> str:
        code = match.group(1)
        return chr(int(code)) if len(code) == 3 and int(code) < 256 else code

    return _ESCAPE.sub(octet, text).encode("latin-1", "replace")


def escape(octets: bytes) -> str:
    """A quoted character-string for octets; the inverse of `unescape`."""
    return (
        '"'
        + "".join(chr(b) if 32 <= b < 127 and b not in (34, 92) else f"\\{chr(b)}" if b in (34, 92) else f"\\{b:03d}" for b in octets)
        + '"'
    )


@lru_cache(maxsize=4096)
def txt_strings(data: str) -> tuple[bytes, ...]:
    """The character-strings of a TXT record."""
    return tuple(unescape(quoted or bare) for quoted, bare in _STRING.findall(data))


def txt(record: Record) -> str:
    """The strings of a TXT record joined without spaces (RFC 7208, 3.3; RFC 6376, 3.6.2.2), octets that are not UTF-8 as `\\xNN`."""
    return b"".join(txt_strings(record.data)).decode("utf-8", "backslashreplace")


def render_txt(text: str) -> str:
    """TXT data for `text`, cut into strings of at most 255 octets."""
    octets = text.encode()
    return " ".join(escape(octets[at : at + 255]) for at in range(0, max(len(octets), 1), 255))


def mx(record: Record) -> Mx:
    """The preference and exchange of an MX record; the null MX (RFC 7505) has the exchange `.`."""
    return _mx(record.data)


@lru_cache(maxsize=8192)
def _mx(data: str) -> Mx:
    preference, _, exchange = data.partition(" ")
    return Mx(int(preference), absolute(exchange))


def target(record: Record) -> str:
    """The name that a CNAME, NS, PTR or DNAME record points at."""
    return absolute(record.data)
