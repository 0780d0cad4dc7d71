"""Zones as data, and the answers that follow from them: CNAME, DNAME, wildcards, empty non-terminals (RFC 1034, 4.3.2; RFC 4592).

There are no signatures (RRSIG): a zone *is* secure, insecure or bogus, and a resolver of the lab says what a validating one would
have said.
"""

import base64
import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

import dns.rdata
import dns.rdataclass
import dns.rdatatype
from dns.dnssec import make_ds

from hauberk.model.dns import Record
from hauberk.protocols.names import absolute, ancestors, is_at_or_below, parent

MOST_RESTARTS = 11  # aliases that a resolver follows before it gives up; Unbound's number
DEFAULT_TTL = 3600


class Status(StrEnum):
    """What validation makes of a zone; from best to worst."""

    SECURE = "secure"
    INSECURE = "insecure"
    BOGUS = "bogus"


class Fault(StrEnum):
    """What becomes of one question instead of its answer."""

    SILENT = "silent"
    SERVFAIL = "servfail"
    BOGUS = "bogus"  # SERVFAIL, unless checking is disabled


@dataclass(frozen=True, slots=True)
class Found:
    """An answer before it is put on the wire.

    `authority` holds the SOA of a negative answer; `status` is the worst that was met on the way.
    """

    rcode: str
    answer: tuple[Record, ...] = ()
    authority: tuple[Record, ...] = ()
    status: Status = Status.SECURE
    fault: Fault | None = None


@dataclass(frozen=True, slots=True)
class _Step:
    records: tuple[Record, ...]
    onward: str = ""
    rcode: str = "NOERROR"


class Zone:
    """One zone. `servers` are the addresses of its authoritative servers; a server in `variants` holds other records.

    A zone without servers cannot be reached: a resolver answers SERVFAIL to everything in it.
    """

    def __init__(self, apex: str, records: Iterable[Record], status: Status = Status.INSECURE, servers: tuple[str, ...] = ()) -> None:
        self.apex = apex
        self.status = status
        self.servers = servers
        self.variants: dict[str, Zone] = {}
        self._sets: dict[tuple[str, str], tuple[Record, ...]] = {}
        self._types: dict[str, set[str]] = {}
        for record in records:
            self._add(record)
        if (apex, "SOA") not in self._sets:
            primary, contact = ("ns1.dns.example.", "hostmaster.dns.example.") if apex != "." else ("a.root.example.", "root.example.")
            self._add(Record(apex, "SOA", DEFAULT_TTL, f"{primary} {contact} 2026112101 7200 3600 1209600 300"))
        if status is not Status.INSECURE:
            self._sign()

    def _sign(self) -> None:
        """Add what shows that a zone is signed: a key at the apex, and NSEC records that can be walked (RFC 4034, 4), but for NSEC3."""
        key = base64.b64encode(hashlib.sha512(self.apex.encode()).digest()).decode()
        self._add(Record(self.apex, "DNSKEY", DEFAULT_TTL, f"257 3 13 {key}"))
        if (self.apex, "NSEC3PARAM") in self._sets:
            return
        owners = sorted((name for name, types in self._types.items() if types), key=lambda name: name.split(".")[::-1])
        for owner, following in zip(owners, (*owners[1:], self.apex), strict=True):
            types = " ".join(sorted({*self._types[owner], "NSEC", "RRSIG"}))
            self._add(Record(owner, "NSEC", 300, f"{following.rstrip('.')}. {types}"))

    @property
    def soa(self) -> tuple[Record, ...]:
        return self._sets[(self.apex, "SOA")]

    @property
    def records(self) -> tuple[Record, ...]:
        return tuple(record for records in self._sets.values() for record in records)

    def delegate(self, child: str) -> None:
        """Let the name of a child zone, and what lies between, exist."""
        for name in ancestors(child):
            if is_at_or_below(name, self.apex):
                self._types.setdefault(name, set())

    def look(self, name: str, type: str) -> _Step:
        """One step of resolution inside the zone; `onward` is where an alias leads."""
        if name in self._types:
            return self._at(name, name, type)
        above = parent(name)
        while above not in self._types:
            above = parent(above)
        dname = self._dname_at_or_above(above)
        if dname:
            return self._renamed(name, dname)
        wildcard = f"*.{above}" if above != "." else "*"
        return self._at(wildcard, name, type) if wildcard in self._types else _Step((), rcode="NXDOMAIN")

    def _at(self, node: str, name: str, type: str) -> _Step:
        dname = self._dname_at_or_above(parent(node)) if node != self.apex else None
        if dname:
            return self._renamed(name, dname)
        records = self._sets.get((node, type), ())
        if type == "ANY":
            records = tuple(record for held in sorted(self._types[node]) for record in self._sets[(node, held)])
        alias = self._sets.get((node, "CNAME"), ())
        onward = ""
        if not records and alias:
            records, onward = alias, absolute(alias[0].data)
        return _Step(records if node == name else tuple(Record(name, one.type, one.ttl, one.data) for one in records), onward)

    def _dname_at_or_above(self, name: str) -> Record | None:
        while is_at_or_below(name, self.apex):
            if found := self._sets.get((name, "DNAME")):
                return found[0]
            if name == ".":
                break
            name = parent(name)
        return None

    def _renamed(self, name: str, dname: Record) -> _Step:
        """The DNAME and the CNAME made from it (RFC 6672, 2.2)."""
        onward = name.removesuffix(dname.name) + absolute(dname.data)
        if len(onward) > 253:
            return _Step((dname,), rcode="YXDOMAIN")
        return _Step((dname, Record(name, "CNAME", dname.ttl, onward + ".")), onward)

    def _add(self, record: Record) -> None:
        if not is_at_or_below(record.name, self.apex):
            raise ValueError(f"{record.name} is not in the zone {self.apex}")
        self._sets[(record.name, record.type)] = (*self._sets.get((record.name, record.type), ()), record)
        for name in ancestors(record.name):
            if is_at_or_below(name, self.apex):
                self._types.setdefault(name, set())
        self._types.setdefault(record.name, set()).add(record.type)


class Zones:
    """The lab's whole DNS: a root and everything under it. Faults are keyed by name and type, `*` for every type."""

    def __init__(self) -> None:
        self._zones: dict[str, Zone] = {}
        self.faults: dict[tuple[str, str], Fault] = {}
        self.add(Zone(".", (), Status.SECURE, ("a.root.example",)))

    def __iter__(self) -> Iterator[Zone]:
        return iter(self._zones.values())

    def add(self, zone: Zone) -> None:
        """Add a zone; those above it must be there already."""
        self._zones[zone.apex] = zone
        if zone.apex != ".":
            self.zone_of(parent(zone.apex)).delegate(zone.apex)

    def zone_of(self, name: str) -> Zone:
        """The zone that a name is in: the one with the longest apex at or above it."""
        for apex in ancestors(name):
            if zone := self._zones.get(apex):
                return zone
        return self._zones["."]

    def find(self, name: str, type: str) -> Found:
        """What a resolver finds, following aliases from zone to zone."""
        answer: list[Record] = []
        status = Status.SECURE
        for _ in range(MOST_RESTARTS + 1):
            if fault := self.faults.get((name, type)) or self.faults.get((name, "*")):
                if fault is not Fault.BOGUS:
                    return Found("SERVFAIL", fault=fault)
                status = Status.BOGUS
            # The DS set of a zone is held by its parent (RFC 4035, 3.1.4.1).
            child = self._zones.get(name) if type == "DS" and name != "." else None
            zone = self.zone_of(parent(name) if child else name)
            if not zone.servers:
                return Found("SERVFAIL", fault=Fault.SERVFAIL)
            status = max(status, zone.status, key=tuple(Status).index)
            step = _Step(_ds(child)) if child else zone.look(name, type)
            answer.extend(step.records)
            if not step.onward:
                negative = step.rcode == "NXDOMAIN" or not step.records
                return Found(step.rcode, tuple(answer), zone.soa if negative else (), status)
            name = step.onward
        return Found("SERVFAIL", fault=Fault.SERVFAIL)

    def held_by(self, server: str, name: str) -> Zone | None:
        """The zone that an authoritative server answers from; None where it is lame."""
        zone = self.zone_of(name)
        return zone.variants.get(server, zone) if server in zone.servers else None


def _ds(child: Zone) -> tuple[Record, ...]:
    """The DS set that the parent of a signed zone holds for it."""
    if child.status is Status.INSECURE:
        return ()
    keys = child.look(child.apex, "DNSKEY").records
    rdatas = (dns.rdata.from_text(dns.rdataclass.IN, dns.rdatatype.DNSKEY, key.data) for key in keys)
    return tuple(Record(child.apex, "DS", DEFAULT_TTL, make_ds(f"{child.apex}.", rdata, "SHA256").to_text()) for rdata in rdatas)


def parse_records(text: str, apex: str) -> tuple[Record, ...]:
    """Records out of lines `name [ttl] TYPE data`. `@` is the apex, a name without a final dot is below it; data is absolute always.

    Lines that are empty or begin with `;` or `#` say nothing. Raises ValueError for a line that is no record.
    """
    found: list[Record] = []
    for line in text.splitlines():
        stripped = line.strip()
        if not stripped or stripped[0] in ";#":
            continue
        fields = stripped.split(None, 2)
        ttl = DEFAULT_TTL
        if len(fields) == 3 and fields[1].isdigit():
            ttl = int(fields[1])
            fields = [fields[0], *fields[2].split(None, 1)]
        if len(fields) != 3:
            raise ValueError(f"not a record: {line!r}")
        found.append(Record(_owner(fields[0], apex), fields[1].upper(), ttl, fields[2].strip()))
    return tuple(found)


def _owner(written: str, apex: str) -> str:
    if written == "@":
        return apex
    return absolute(written) if written.endswith(".") else absolute(written if apex == "." else f"{written}.{apex}")
