"""From declared domains to what the lab has to start: zones, certificates, mail servers with their addresses, web pages."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from ipaddress import ip_address, ip_network

from hauberk.lab.declared import Declared
from hauberk.lab.mailspec import MailServerSpec
from hauberk.lab.messages import check_data
from hauberk.lab.pki import CertificateSpec, Issued, Pki
from hauberk.lab.placeholders import expand
from hauberk.lab.webserver import PageSpec
from hauberk.lab.zones import DEFAULT_TTL, Fault, Status, Zone, Zones, parse_records
from hauberk.model.dns import Record
from hauberk.protocols import dnsbl
from hauberk.protocols.names import absolute
from hauberk.protocols.rdata import mx

DOCUMENTATION = tuple(ip_network(text) for text in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32"))

# The authoritative servers: names with addresses, of which the first stands for the server in `Declared.servers`.
NAME_SERVERS = (
    ("ns1.dns.example", ("192.0.2.53", "2001:db8::53")),
    ("ns2.dns.example", ("198.51.100.53", "2001:db8:51::53")),
    ("lame.dns.example", ("203.0.113.53",)),
    ("silent.dns.example", ("203.0.113.54",)),
)
SILENT_SERVER = "203.0.113.54"
LISTED_ADDRESSES = ("192.0.2.66", "203.0.113.67")  # on every block list of addresses
LISTED_DOMAINS = ("bad.test",)  # on every block list of domains


@dataclass(frozen=True, slots=True)
class Placed:
    """A mail server with the addresses it answers at; `issued` makes what it presents when it is first wanted (RSA keys take time)."""

    spec: MailServerSpec
    addresses: tuple[str, ...]
    issued: Callable[[], Issued]


@dataclass(frozen=True, slots=True)
class Blueprint:
    """`sites` holds the certificate of every web host, `pages` what is to be had there; `web_addresses` lead to the one web server."""

    zones: Zones
    servers: tuple[Placed, ...]
    pages: tuple[PageSpec, ...]
    sites: dict[str, tuple[Issued, tuple[str, str]]]
    web_addresses: tuple[str, ...]


@dataclass(slots=True)
class _Certificates:
    """One certificate a server for the life of the lab, made when it is first asked for: a TLSA record may ask before the server."""

    pki: Pki
    specs: tuple[MailServerSpec, ...]
    issued: dict[MailServerSpec, Issued] = field(default_factory=dict[MailServerSpec, Issued])

    def of(self, spec: MailServerSpec) -> Issued:
        if spec not in self.issued:
            self.issued[spec] = self.pki.issue(spec.certificate or CertificateSpec((spec.host,)))
        return self.issued[spec]

    def presented_by(self, host: str) -> Issued:
        return self.of(next((spec for spec in self.specs if spec.host == host), MailServerSpec(host)))


def draw(domains: tuple[Declared, ...], pki: Pki) -> Blueprint:
    """The whole lab. Raises ValueError for records that are none."""
    declared = tuple(spec for domain in domains for spec in domain.smtp)
    certificates = _Certificates(pki, declared)
    zones = Zones()
    for apex in ("test", "example", "arpa"):
        zones.add(_plain_zone(apex, (), Status.SECURE))
    for domain in sorted((_name_servers(), *domains), key=lambda domain: domain.name.count(".")):
        _add_zone(zones, domain, certificates)
    for block_list in dnsbl.lists():
        zones.add(_block_list(block_list))
    servers = tuple(
        Placed(spec, spec.addresses or _addresses(zones, spec.host), partial(certificates.of, spec))
        for spec in (*declared, *_undeclared(zones, domains, declared))
    )
    _forbid_sharing(servers)
    _add_reverse(zones, servers)
    pages = tuple(page for domain in domains for page in domain.https)
    sites: dict[str, tuple[Issued, tuple[str, str]]] = {}
    for page in sorted(pages, key=lambda page: page.certificate is None):
        if page.host not in sites:
            sites[page.host] = (pki.issue(page.certificate or CertificateSpec((page.host,))), page.tls)
    web_addresses = dict.fromkeys(address for host in sites for address in _addresses(zones, host))
    return Blueprint(zones, servers, pages, sites, tuple(web_addresses))


def is_documentation(address: str) -> bool:
    """Whether an address is one of those that the lab plays (RFC 5737, RFC 3849)."""
    return any(ip_address(address) in network for network in DOCUMENTATION)


def _add_zone(zones: Zones, domain: Declared, certificates: _Certificates) -> None:
    records = _checked(expand(domain.records, certificates.presented_by), domain.name)
    if not any(record.type == "NS" and record.name == domain.name for record in records):
        records = (*_name_server_records(domain.name, domain.servers), *records)
    zone = Zone(domain.name, records, domain.status, domain.servers)
    for variant in domain.variant:
        other = _checked(expand(variant.records, certificates.presented_by), domain.name)
        replaced = {(record.name, record.type) for record in other}
        kept = tuple(record for record in records if (record.name, record.type) not in replaced)
        zone.variants[variant.server] = Zone(domain.name, (*kept, *other), domain.status, domain.servers)
    zones.add(zone)
    for fault, questions in ((Fault.SILENT, domain.silent), (Fault.SERVFAIL, domain.servfail), (Fault.BOGUS, domain.bogus)):
        for question in questions:
            name, _, type = question.partition(" ")
            zones.faults[(absolute(name), type)] = fault


def _checked(text: str, apex: str) -> tuple[Record, ...]:
    records = parse_records(text, apex)
    for record in records:
        check_data(record)
    return records


def _name_server_records(apex: str, addresses: tuple[str, ...]) -> tuple[Record, ...]:
    return tuple(Record(apex, "NS", DEFAULT_TTL, f"{name}.") for name, held in NAME_SERVERS if held[0] in addresses)


def _plain_zone(apex: str, records: Iterable[Record], status: Status = Status.INSECURE) -> Zone:
    """A zone on the first name server."""
    servers = (NAME_SERVERS[0][1][0],)
    return Zone(apex, (*_name_server_records(apex, servers), *records), status, servers)


def _name_servers() -> Declared:
    lines = (f"{name}. {'AAAA' if ':' in address else 'A'} {address}" for name, addresses in NAME_SERVERS for address in addresses)
    return Declared("dns.example", status=Status.SECURE, records="\n".join(lines))


def _block_list(block_list: dnsbl.BlockList) -> Zone:
    """A living list: its test entry and a few subjects of the lab are on it."""
    code = next((code.pattern for code in block_list.codes if code.kind is dnsbl.Kind.LISTED and "*" not in code.pattern), "127.0.0.2")
    listed = code.replace("[", "").partition("-")[0]
    subjects = (block_list.listed, *(LISTED_DOMAINS if block_list.of_domains else LISTED_ADDRESSES))
    entries = [block_list.question(subject).name for subject in subjects]
    records = [Record(name, "A", DEFAULT_TTL, listed) for name in entries]
    records += [Record(name, "TXT", DEFAULT_TTL, f'"Listed by {block_list.zone} in the lab"') for name in entries]
    return _plain_zone(block_list.zone, records)


def _addresses(zones: Zones, host: str) -> tuple[str, ...]:
    found = (record for type in ("A", "AAAA") for record in zones.find(host, type).answer if record.type == type)
    return tuple(record.data for record in found if is_documentation(record.data))


def _undeclared(zones: Zones, domains: tuple[Declared, ...], declared: tuple[MailServerSpec, ...]) -> tuple[MailServerSpec, ...]:
    """A good server for every MX host that nobody described, aliases of described ones left out."""
    known = {spec.host for spec in declared}
    taken = {address for spec in declared for address in spec.addresses or _addresses(zones, spec.host)}
    exchanges = dict.fromkeys(
        mx(record).exchange
        for domain in domains
        for record in zones.zone_of(domain.name).records
        if record.type == "MX" and mx(record).exchange not in known
    )
    return tuple(MailServerSpec(host) for host in exchanges if set(_addresses(zones, host)) - taken)


def _forbid_sharing(servers: tuple[Placed, ...]) -> None:
    holders: dict[str, str] = {}
    for placed in servers:
        for address in placed.addresses:
            if holders.setdefault(address, placed.spec.host) != placed.spec.host:
                raise ValueError(f"{placed.spec.host} shares {address} with {holders[address]}")


def _add_reverse(zones: Zones, servers: tuple[Placed, ...]) -> None:
    names: dict[str, str] = {}
    for placed in servers:
        name = placed.spec.reverse if placed.spec.reverse is not None else (placed.spec.name or placed.spec.host)
        for address in placed.addresses:
            names.setdefault(ip_address(address).reverse_pointer, name)
    for apex in ("in-addr.arpa", "ip6.arpa"):
        records = tuple(
            Record(pointer, "PTR", DEFAULT_TTL, f"{name}.") for pointer, name in names.items() if name and pointer.endswith(apex)
        )
        zones.add(_plain_zone(apex, records))
