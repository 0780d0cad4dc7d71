"""DNS messages as octets, only what a server needs (RFC 1035, 4.1; RFC 6891; RFC 8914).

Written out by hand instead of with dnspython's messages because the lab answers a scanner in the same process: it must cost less
than the scan. Record data goes through dnspython, once.
"""

import struct
from dataclasses import dataclass
from functools import lru_cache

import dns.exception
import dns.name
import dns.rcode
import dns.rdata
import dns.rdataclass
import dns.rdatatype

from hauberk.model.dns import Record

QR, AA, TC, RD, RA, AD, CD = 0x8000, 0x0400, 0x0200, 0x0100, 0x0080, 0x0020, 0x0010
LARGEST_UDP = 1232  # what servers send at most since the DNS flag day of 2020
_OPT = 41
# How each octet of a label is written: letters in lower case, what no host name has as \\DDD (RFC 1035, 5.1).
_SPELLED = tuple(
    chr(octet).lower() if chr(octet) in "-_*" or (octet < 128 and chr(octet).isalnum()) else f"\\{octet:03d}" for octet in range(256)
)


@dataclass(frozen=True, slots=True)
class Query:
    """A question as it came. `asked` is its octets, to be echoed as they are; `payload` is 0 without EDNS."""

    id: int
    flags: int
    name: str
    type: str
    asked: bytes
    payload: int = 0
    dnssec_ok: bool = False

    @property
    def recursion_desired(self) -> bool:
        return bool(self.flags & RD)

    @property
    def checking_disabled(self) -> bool:
        return bool(self.flags & CD)

    @property
    def wants_ad(self) -> bool:
        """The client understands AD (RFC 6840, 5.7)."""
        return self.dnssec_ok or bool(self.flags & AD)


@dataclass(frozen=True, slots=True)
class Reply:
    """`flags` are those to set beside QR and what the query brings; `extended_error` is -1 for none (RFC 8914)."""

    rcode: str
    answer: tuple[Record, ...] = ()
    authority: tuple[Record, ...] = ()
    flags: int = 0
    extended_error: int = -1


def parse_query(message: bytes) -> Query | None:
    """The query in a message; None for what is not one standard question of class IN (a server drops it)."""
    if len(message) < 17:
        return None
    number, flags, questions, _answers, _authority, additional = struct.unpack_from("!6H", message)
    if flags & QR or flags & 0x7800 or questions != 1:
        return None
    named = _read_name(message, 12)
    if named is None or named[1] + 4 > len(message):
        return None
    name, end = named
    type_number, klass = struct.unpack_from("!2H", message, end)
    if klass != 1:
        return None
    end += 4
    payload, dnssec_ok = _edns(message, end) if additional else (0, False)
    return Query(number, flags, name, _mnemonic(type_number), message[12:end], payload, dnssec_ok)


def render_reply(query: Query, reply: Reply, *, stream: bool) -> bytes:
    """The reply's octets; over UDP cut down to a header with TC where the client's buffer is too small."""
    body = b"".join(_record(record, query.name) for record in (*reply.answer, *reply.authority))
    options = b""
    if query.payload:
        error = struct.pack("!3H", 15, 2, reply.extended_error) if reply.extended_error >= 0 else b""
        options = b"\0" + struct.pack("!2HIH", _OPT, LARGEST_UDP, 0x8000 if query.dnssec_ok else 0, len(error)) + error
    limit = 65_535 if stream else min(max(query.payload, 512), LARGEST_UDP)
    flags = QR | (query.flags & (RD | CD)) | reply.flags | _rcode(reply.rcode)
    counts = (1, len(reply.answer), len(reply.authority), 1 if options else 0)
    if 12 + len(query.asked) + len(body) + len(options) > limit:
        flags, counts, body = flags | TC, (1, 0, 0, counts[3]), b""
    return struct.pack("!6H", query.id, flags, *counts) + query.asked + body + options


def _read_name(message: bytes, at: int) -> tuple[str, int] | None:
    """A name in lower case with where it ends; None for one that is cut off, compressed or longer than RFC 1035, 2.3.4 allows."""
    labels: list[str] = []
    began = at
    while at < len(message) and (length := message[at]):
        if length > 63 or at + length >= len(message) or at + length - began > 253:
            return None
        labels.append("".join(_SPELLED[octet] for octet in message[at + 1 : at + 1 + length]))
        at += 1 + length
    return (".".join(labels) or ".", at + 1) if at < len(message) else None


def _edns(message: bytes, at: int) -> tuple[int, bool]:
    if len(message) < at + 11 or message[at] != 0:
        return 0, False
    kind, payload, ttl = struct.unpack_from("!2HI", message, at + 1)
    return (max(payload, 512), bool(ttl & 0x8000)) if kind == _OPT else (0, False)


def _record(record: Record, asked: str) -> bytes:
    data = _data(record.type, record.data)
    owner = b"\xc0\x0c" if record.name == asked else _name(record.name)
    return owner + struct.pack("!2HIH", _type_number(record.type), 1, record.ttl, len(data)) + data


@lru_cache(maxsize=65_536)
def _data(type: str, text: str) -> bytes:
    """Raises `dns.exception.DNSException` for data that is none: the lab's zones are checked when they are read."""
    rdata = dns.rdata.from_text(dns.rdataclass.IN, type, text)
    return rdata.to_wire() or b""


@lru_cache(maxsize=65_536)
def _name(text: str) -> bytes:
    return dns.name.from_text(text).to_wire() or b""


def check_data(record: Record) -> None:
    """Raises ValueError for a record that cannot be put on the wire."""
    try:
        _data(record.type, record.data)
        _name(record.name)
    except (dns.exception.DNSException, ValueError) as error:
        raise ValueError(f"{record.name} {record.type} {record.data[:80]}: {error}") from error


@lru_cache(maxsize=256)
def _mnemonic(number: int) -> str:
    return dns.rdatatype.to_text(dns.rdatatype.RdataType.make(number))


@lru_cache(maxsize=256)
def _type_number(mnemonic: str) -> int:
    return int(dns.rdatatype.from_text(mnemonic))


@lru_cache(maxsize=32)
def _rcode(mnemonic: str) -> int:
    return int(dns.rcode.from_text(mnemonic))
