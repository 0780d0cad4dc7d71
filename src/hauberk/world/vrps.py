"""The file of validated ROA payloads that rpki-client and Routinator export as JSON, and a table of it that is asked by address.

Such a file has half a million entries and more. The table holds nine octets for each of IPv4 and 21 for IPv6: for each length of prefix
the sorted rows, so that an address is looked up by one bisection a length.
"""

import hashlib
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import ip_network
from pathlib import Path
from socket import AF_INET, AF_INET6, inet_ntop, inet_pton

import msgspec

from hauberk.model.routing import Covering, Vrp, VrpSource

LARGEST = 512 * 1024 * 1024
_BITS = {AF_INET: 32, AF_INET6: 128}
_MOST_ASN = 2**32 - 1


class VrpError(Exception):
    """The file is no export of VRPs; the message says why, for people."""


class _Roa(msgspec.Struct, gc=False):
    prefix: str
    asn: int | str
    max_length: int | None = msgspec.field(default=None, name="maxLength")


class _Metadata(msgspec.Struct):
    """`buildtime` is rpki-client's word, `generatedTime` Routinator's."""

    buildtime: str = ""
    generated: str = msgspec.field(default="", name="generatedTime")


class _Export(msgspec.Struct):
    roas: list[_Roa]
    metadata: _Metadata = msgspec.field(default_factory=_Metadata)


@dataclass(frozen=True, slots=True)
class VrpTable:
    """The rows of each (octets of an address, length of prefix): the prefix's address, then the greatest length, then the AS number."""

    source: VrpSource
    rows: Mapping[tuple[int, int], bytes]

    def covering(self, address: str) -> Covering:
        """Of an IP address. Never raises: no VRP covers what is no address."""
        family = AF_INET6 if ":" in address else AF_INET
        try:
            packed = inet_pton(family, address)
        except (OSError, ValueError):
            return Covering()
        return Covering(tuple(vrp for length in range(_BITS[family] + 1) for vrp in self._of_length(packed, length)))

    def _of_length(self, packed: bytes, length: int) -> Iterator[Vrp]:
        size = len(packed)
        rows = self.rows.get((size, length), b"")
        wanted = _masked(packed, length)
        width = size + 5
        at = bisect_left(range(len(rows) // width), wanted, key=lambda row: rows[row * width : row * width + size]) * width
        while rows[at : at + size] == wanted:
            shown = inet_ntop(AF_INET if size == 4 else AF_INET6, wanted)
            yield Vrp(f"{shown}/{length}", rows[at + size], int.from_bytes(rows[at + size + 1 : at + width]))
            at += width


def read_vrps(path: Path) -> VrpTable:
    """The table of a file. Raises `VrpError`, `OSError`."""
    if not path.is_file():
        raise VrpError("there is no such file")
    with path.open("rb") as file:
        octets = file.read(LARGEST + 1)
    return parse_vrps(octets, path.name, datetime.fromtimestamp(int(path.stat().st_mtime), UTC))


def parse_vrps(octets: bytes, name: str, changed: datetime) -> VrpTable:
    """The table of a file's octets; `changed` stands in where the file does not say when it was made. Raises `VrpError`."""
    if len(octets) > LARGEST:
        raise VrpError(f"it is larger than {LARGEST // 1024 // 1024} MiB")
    try:
        export = msgspec.json.decode(octets, type=_Export)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise VrpError(f'it is no JSON of VRPs ({{"roas": [...]}}, as rpki-client and Routinator write it): {error}') from None
    if not export.roas:
        raise VrpError("there is not one VRP in it")
    groups = defaultdict[tuple[int, int], set[bytes]](set)
    for number, roa in enumerate(export.roas, 1):
        try:
            key, row = _row(roa)
        except (OSError, ValueError, OverflowError) as error:
            raise VrpError(f"entry {number}, {roa.prefix[:50]!r} of {str(roa.asn)[:20]!r}: {error}") from None
        groups[key].add(row)
    at = _time(export.metadata.buildtime or export.metadata.generated) or changed
    source = VrpSource(name, at, len(export.roas), hashlib.sha256(octets).hexdigest())
    return VrpTable(source, {key: b"".join(sorted(rows)) for key, rows in groups.items()})


def _row(roa: _Roa) -> tuple[tuple[int, int], bytes]:
    network, slash, digits = roa.prefix.partition("/")
    family = AF_INET6 if ":" in network else AF_INET
    if not (slash and digits.isascii() and digits.isdigit() and len(digits) <= 3):
        raise ValueError("a prefix is written like 192.0.2.0/24")
    packed, length, bits = inet_pton(family, network), int(digits), _BITS[family]
    longest = length if roa.max_length is None else roa.max_length
    if not length <= longest <= bits:
        raise ValueError(f"a maxLength of {longest} does not fit")
    if _masked(packed, length) != packed:
        raise ValueError(f"the prefix is {ip_network(roa.prefix, strict=False)}")
    asn = roa.asn if isinstance(roa.asn, int) else _as_number(roa.asn)
    if not 0 <= asn <= _MOST_ASN:
        raise ValueError("there is no such AS number")
    return (len(packed), length), packed + bytes((longest,)) + asn.to_bytes(4)


def _as_number(text: str) -> int:
    digits = text[2:] if text[:2].upper() == "AS" else text
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 10):
        raise ValueError("an AS number is written like 64496 or AS64496")
    return int(digits)


def _masked(packed: bytes, length: int) -> bytes:
    spare = len(packed) * 8 - length
    return (int.from_bytes(packed) >> spare << spare).to_bytes(len(packed))


def _time(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC).replace(microsecond=0)
    except (ValueError, OverflowError):
        return None
