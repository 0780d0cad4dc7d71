"""The TLSA record (RFC 6698, 2) and which of them mean something to an SMTP sender (RFC 7672, 3.1)."""

import re
from dataclasses import dataclass
from hashlib import sha256, sha512

from hauberk.protocols.malformed import Malformed

_FIELD = re.compile(r"\S+")
_DIGEST_OCTETS = {1: 32, 2: 64}
USAGES = {0: "PKIX-TA", 1: "PKIX-EE", 2: "DANE-TA", 3: "DANE-EE"}


@dataclass(frozen=True, slots=True)
class Tlsa:
    """Certificate usage, selector, matching type (0-255 each) and the certificate association data."""

    usage: int
    selector: int
    matching: int
    data: bytes

    @property
    def kind(self) -> str:
        """The three numbers, as people name a record: `3 1 1`."""
        return f"{self.usage} {self.selector} {self.matching}"


def owner_name(host: str, port: int = 25) -> str:
    """Where the TLSA records of a server stand (RFC 6698, 3)."""
    return f"_{port}._tcp.{host}"


def parse(text: str) -> Tlsa | Malformed:
    """Record data in presentation format: three numbers, then hex with optional spaces (RFC 6698, 2.2); or RFC 3597's `\\# N hex`."""
    fields = list(_FIELD.finditer(text))
    if fields and fields[0].group() == "\\#":
        return _parse_generic(text, fields[1:])
    numbers: list[int] = []
    for field in fields[:3]:
        word = field.group()
        if not (word.isascii() and word.isdigit() and int(word[:4]) <= 255 and len(word) <= 3):
            return Malformed(text, field.start(), "a number from 0 to 255 stands here (RFC 6698, 2.2)", len(word))
        numbers.append(int(word))
    if len(numbers) < 3:
        return Malformed(text, len(text), "usage, selector and matching type are not all there (RFC 6698, 2.2)")
    data = _hex(text, fields[3:])
    return data if isinstance(data, Malformed) else Tlsa(numbers[0], numbers[1], numbers[2], data)


def render(record: Tlsa) -> str:
    """Record data in presentation format; the inverse of `parse`."""
    return f"{record.kind} {record.data.hex()}".rstrip()


def tlsa_for(spki: bytes) -> Tlsa:
    """The record that RFC 7671, 5.1 recommends for a server's own key: 3 1 1."""
    return Tlsa(3, 1, 1, sha256(spki).digest())


def unusable(record: Tlsa) -> str:
    """Why an SMTP sender takes no notice of the record (RFC 6698, 4.1; RFC 7672, 3.1); empty when it is usable."""
    if record.usage not in USAGES:
        return f"certificate usage {record.usage} does not exist"
    if record.usage in (0, 1):
        return f"certificate usage {record.usage} ({USAGES[record.usage]}) is not for SMTP: senders do not use it (RFC 7672, 3.1.3)"
    if record.selector not in (0, 1):
        return f"selector {record.selector} does not exist"
    if record.matching not in (0, 1, 2):
        return f"matching type {record.matching} does not exist"
    wanted = _DIGEST_OCTETS.get(record.matching)
    if wanted is not None and len(record.data) != wanted:
        return f"matching type {record.matching} needs {wanted} octets, there are {len(record.data)}"
    if not record.data:
        return "there is no data"
    return ""


def associated(record: Tlsa, presented: bytes) -> bool:
    """Does the association data stand for these octets (a certificate or a public key, DER)?"""
    match record.matching:
        case 0:
            return record.data == presented
        case 1:
            return record.data == sha256(presented).digest()
        case 2:
            return record.data == sha512(presented).digest()
        case _:
            return False


def _parse_generic(text: str, fields: list[re.Match[str]]) -> Tlsa | Malformed:
    """RFC 3597, 5: a length, then all the octets."""
    octets = _hex(text, fields[1:])
    if isinstance(octets, Malformed):
        return octets
    if not fields or fields[0].group() != str(len(octets)) or len(octets) < 3:
        return Malformed(text, 0, "the length does not fit the octets (RFC 3597, 5)", 2)
    return Tlsa(octets[0], octets[1], octets[2], octets[3:])


def _hex(text: str, fields: list[re.Match[str]]) -> bytes | Malformed:
    for field in fields:
        wrong = re.search(r"[^0-9A-Fa-f]", field.group())
        if wrong:
            return Malformed(text, field.start() + wrong.start(), "the association data is hexadecimal (RFC 6698, 2.2)")
    joined = "".join(field.group() for field in fields)
    if len(joined) % 2:
        return Malformed(text, fields[-1].start(), "the association data has half an octet too much", len(fields[-1].group()))
    return bytes.fromhex(joined)
