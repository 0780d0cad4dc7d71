"""Record data from its wire form into presentation format; types without a format of their own in the generic one (RFC 3597, 5).

Each reader takes the message, where the data starts and ends, and the names met so far. It raises `Garbled`, `IndexError`,
`ValueError` or `struct.error` on data that breaks the type's form.
"""

import base64
import re
import struct
from collections.abc import Callable
from datetime import UTC, datetime
from socket import AF_INET6, inet_ntoa, inet_ntop
from typing import TypeAlias

from hauberk.protocols.rdata import escape
from hauberk.world.dns.registry import MNEMONICS, type_mnemonic
from hauberk.world.dns.wire_names import Garbled, Known, read_name

Reader: TypeAlias = Callable[[bytes, int, int, Known], str]

_TAG = re.compile(rb"[A-Za-z0-9]+")
_SOA_NUMBERS = struct.Struct("!IIIII")
_RRSIG = struct.Struct("!HBBIIIH")
_DNSKEY = struct.Struct("!HBB")
_NSEC3PARAM = struct.Struct("!BBHB")


def generic(wire: bytes, start: int, end: int, known: Known) -> str:
    return f"\\# {end - start} {wire[start:end].hex()}".rstrip()


def _address4(wire: bytes, start: int, end: int, known: Known) -> str:
    if end - start != 4:
        raise Garbled("an A record has four octets")
    return inet_ntoa(wire[start:end])


def _address6(wire: bytes, start: int, end: int, known: Known) -> str:
    if end - start != 16:
        raise Garbled("an AAAA record has sixteen octets")
    return inet_ntop(AF_INET6, wire[start:end])


def _target(wire: bytes, start: int, end: int, known: Known) -> str:
    name, behind = read_name(wire, start, known)
    _exactly(behind, end)
    return name


def _mx(wire: bytes, start: int, end: int, known: Known) -> str:
    name, behind = read_name(wire, start + 2, known)
    _exactly(behind, end)
    return f"{wire[start] << 8 | wire[start + 1]} {name}"


def _srv(wire: bytes, start: int, end: int, known: Known) -> str:
    priority, weight, port = struct.unpack_from("!HHH", wire, start)
    name, behind = read_name(wire, start + 6, known)
    _exactly(behind, end)
    return f"{priority} {weight} {port} {name}"


def _soa(wire: bytes, start: int, end: int, known: Known) -> str:
    primary, at = read_name(wire, start, known)
    mailbox, at = read_name(wire, at, known)
    _exactly(at + 20, end)
    serial, refresh, retry, expire, minimum = _SOA_NUMBERS.unpack_from(wire, at)
    return f"{primary} {mailbox} {serial} {refresh} {retry} {expire} {minimum}"


def _txt(wire: bytes, start: int, end: int, known: Known) -> str:
    if start == end:
        raise Garbled("a TXT record has at least one string")
    strings: list[str] = []
    while start < end:
        stop = start + 1 + wire[start]
        if stop > end:
            raise Garbled("a string runs over the end of its record")
        strings.append(_quoted(wire[start + 1 : stop]))
        start = stop
    return strings[0] if len(strings) == 1 else " ".join(strings)


def _quoted(octets: bytes) -> str:
    if octets.isascii():
        text = octets.decode()
        if text.isprintable() and '"' not in text and "\\" not in text:
            return f'"{text}"'
    return escape(octets)


def _caa(wire: bytes, start: int, end: int, known: Known) -> str:
    value = start + 2 + wire[start + 1]
    tag = wire[start + 2 : value]
    if value > end:
        raise Garbled("a CAA tag runs over the end of its record")
    if _TAG.fullmatch(tag) is None:
        return generic(wire, start, end, known)  # such a tag has no presentation format (RFC 8659, 4.1.1)
    return f"{wire[start]} {tag.decode()} {_quoted(wire[value:end])}"


def _tlsa(wire: bytes, start: int, end: int, known: Known) -> str:
    _at_least(end - start, 3)
    return f"{wire[start]} {wire[start + 1]} {wire[start + 2]} {wire[start + 3 : end].hex()}".rstrip()


def _ds(wire: bytes, start: int, end: int, known: Known) -> str:
    _at_least(end - start, 4)
    tag, algorithm, digest = _DNSKEY.unpack_from(wire, start)
    return f"{tag} {algorithm} {digest} {wire[start + 4 : end].hex()}".rstrip()


def _dnskey(wire: bytes, start: int, end: int, known: Known) -> str:
    _at_least(end - start, 4)
    flags, protocol, algorithm = _DNSKEY.unpack_from(wire, start)
    return f"{flags} {protocol} {algorithm} {base64.b64encode(wire[start + 4 : end]).decode()}".rstrip()


def _rrsig(wire: bytes, start: int, end: int, known: Known) -> str:
    covered, algorithm, labels, ttl, expiration, inception, tag = _RRSIG.unpack_from(wire, start)
    signer, behind = read_name(wire, start + 18, known)
    _at_least(end, behind)
    signature = base64.b64encode(wire[behind:end]).decode()
    return (
        f"{type_mnemonic(covered)} {algorithm} {labels} {ttl} {_moment(expiration)} {_moment(inception)} {tag} {signer} {signature}"
    ).rstrip()


def _moment(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y%m%d%H%M%S")


def _nsec(wire: bytes, start: int, end: int, known: Known) -> str:
    following, at = read_name(wire, start, known)
    _at_least(end, at)
    types: list[str] = []
    while at < end:
        window, length = wire[at], wire[at + 1]
        if not 0 < length <= 32 or at + 2 + length > end:
            raise Garbled("a type bitmap is broken")
        for index, octet in enumerate(wire[at + 2 : at + 2 + length]):
            types.extend(type_mnemonic(window << 8 | index << 3 | bit) for bit in range(8) if octet & 0x80 >> bit)
        at += 2 + length
    return " ".join((following, *types))


def _nsec3param(wire: bytes, start: int, end: int, known: Known) -> str:
    if end - start < 5 or start + 5 + wire[start + 4] != end:
        return generic(wire, start, end, known)  # kept, so that it can be judged
    algorithm, flags, iterations, _ = _NSEC3PARAM.unpack_from(wire, start)
    return f"{algorithm} {flags} {iterations} {wire[start + 5 : end].hex() or '-'}"


def _exactly(at: int, end: int) -> None:
    if at != end:
        raise Garbled("a record is longer or shorter than its type allows")


def _at_least(size: int, wanted: int) -> None:
    if size < wanted:
        raise Garbled("a record is shorter than its type allows")


_WITH_NAMES: dict[str, Reader] = {
    "MX": _mx, "CNAME": _target, "NS": _target, "PTR": _target, "DNAME": _target, "SOA": _soa, "SRV": _srv, "RRSIG": _rrsig, "NSEC": _nsec,
}  # fmt: skip
_WITHOUT: dict[str, Reader] = {
    "A": _address4, "AAAA": _address6, "TXT": _txt, "SPF": _txt, "TLSA": _tlsa, "SMIMEA": _tlsa, "CAA": _caa, "DS": _ds, "CDS": _ds,
    "DNSKEY": _dnskey, "CDNSKEY": _dnskey, "NSEC3PARAM": _nsec3param,
}  # fmt: skip

READERS: dict[int, tuple[str, Reader, bool]] = {
    code: (mnemonic, _WITH_NAMES.get(mnemonic) or _WITHOUT.get(mnemonic, generic), mnemonic in _WITH_NAMES)
    for code, mnemonic in MNEMONICS.items()
}
"""Of each type with a mnemonic: the mnemonic, the reader of its data, and whether there are names in the data."""
