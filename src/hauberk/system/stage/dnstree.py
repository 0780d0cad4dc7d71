"""A signed DNS tree from the root down, as zone files and an NSD configuration; a validating Unbound trusts its root key.

Zones come as text (RFC 1035, 5). Children are signed before their parents, so that the parent can hold their DS records.
"""

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import dns.dnssec
import dns.name
import dns.zone
from cryptography.hazmat.primitives.asymmetric import ec
from dns.dnssecalgs import get_algorithm_cls
from dns.dnssectypes import Algorithm

_LIFETIME = timedelta(days=14)
_BEFORE = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class ZoneText:
    """One zone: its apex with a final dot, its records without SOA and NS, and whether it is signed."""

    apex: str
    records: str
    signed: bool = True


@dataclass(frozen=True, slots=True)
class NameServer:
    """The one server of all zones (the play's internet is small): its name and addresses."""

    host: str
    addresses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Tree:
    """Files by name (`zone-…` and `nsd.conf` excluded), the root's trust anchor and hints, both in the form that Unbound reads."""

    zones: Mapping[str, str]
    anchor: str
    hints: str


def build(zones: tuple[ZoneText, ...], server: NameServer, at: datetime) -> Tree:
    """Sign and write. Zones that lie between (the top-level ones) and the root are added by themselves."""
    texts = {zone.apex: zone for zone in zones}
    for apex in tuple(texts):
        for above in _ancestors(apex):
            if above not in texts and _is_a_cut(above, texts):
                texts[above] = ZoneText(above, "")
    texts.setdefault(".", ZoneText(".", ""))
    deepest_first = sorted(texts, key=lambda apex: -len(_labels(apex)))
    delegations: dict[str, list[str]] = {apex: [] for apex in texts}
    written: dict[str, str] = {}
    anchor = ""
    for apex in deepest_first:
        zone = texts[apex]
        signed, ds = _sign(zone, delegations[apex], server, at)
        written[apex] = signed
        if apex == ".":
            anchor = f". 300 IN DS {ds}\n"
            continue
        holder = next(above for above in _ancestors(apex) if above in texts)
        delegations[holder] += [f"{apex} 300 IN NS {server.host}", *([f"{apex} 300 IN DS {ds}"] if ds else [])]
    hints = f". 3600 IN NS {server.host}\n" + "".join(f"{server.host} 3600 IN {_kind(one)} {one}\n" for one in server.addresses)
    return Tree(written, anchor, hints)


def nsd_conf(tree: Tree, server: NameServer, folder: str, run: str, log: str) -> str:
    """NSD without a user switch, a database or a control channel: it serves files and nothing else."""
    lines = ["server:", *(f"  ip-address: {one}" for one in server.addresses), "  port: 53", "  server-count: 1", '  username: ""']
    lines += [f'  zonesdir: "{folder}"', '  database: ""', f'  logfile: "{log}/nsd.log"', f'  pidfile: "{run}/nsd.pid"']
    lines += [f'  xfrdfile: "{run}/xfrd.state"', f'  zonelistfile: "{run}/zone.list"', "  hide-version: yes"]
    lines += ["remote-control:", "  control-enable: no"]
    for apex in tree.zones:
        lines += ["zone:", f'  name: "{apex}"', f'  zonefile: "{file_name(apex)}"']
    return "\n".join(lines) + "\n"


def file_name(apex: str) -> str:
    return f"{apex.rstrip('.') or 'root'}.zone"


def reverse_zones(names: Mapping[str, str]) -> tuple[ZoneText, ...]:
    """PTR records (address -> host with a final dot), IPv4 under in-addr.arpa and IPv6 under ip6.arpa."""
    records: dict[str, list[str]] = {"in-addr.arpa.": [], "ip6.arpa.": []}
    for address, host in names.items():
        pointer = ipaddress.ip_address(address)
        apex = "in-addr.arpa." if pointer.version == 4 else "ip6.arpa."
        records[apex].append(f"{pointer.reverse_pointer}. 300 IN PTR {host}")
    return tuple(ZoneText(apex, "\n".join(lines)) for apex, lines in records.items())


def _sign(zone: ZoneText, delegations: list[str], server: NameServer, at: datetime) -> tuple[str, str]:
    """The zone as text, and the data of its DS record, empty where it is not signed."""
    origin = dns.name.from_text(zone.apex)
    head = [
        f"{zone.apex} 300 IN SOA {server.host} hostmaster.{server.host} {at:%y%m%d%H%M} 3600 600 86400 60",
        f"{zone.apex} 300 IN NS {server.host}",
    ]
    if dns.name.from_text(server.host).is_subdomain(origin):
        head += [f"{server.host} 300 IN {_kind(one)} {one}" for one in server.addresses]
    text = "\n".join(["$TTL 300", *head, *delegations, zone.records, ""])
    parsed = dns.zone.from_text(text, origin=origin, relativize=False)
    ds = ""
    if zone.signed:
        key = ec.generate_private_key(ec.SECP256R1())
        public = get_algorithm_cls(Algorithm.ECDSAP256SHA256).public_cls(key.public_key()).to_dnskey(flags=257)  # one key for both
        dns.dnssec.sign_zone(parsed, keys=[(key, public)], inception=at - _BEFORE, expiration=at + _LIFETIME, dnskey_ttl=300)
        ds = dns.dnssec.make_ds(origin, public, "SHA256").to_text()
    return parsed.to_text(relativize=False, want_origin=False), ds


def _is_a_cut(above: str, texts: Mapping[str, ZoneText]) -> bool:
    """Top-level names are zones of their own; below them only what was asked for is."""
    return above == "." or (len(_labels(above)) == 1 and above not in texts)


def _ancestors(apex: str) -> tuple[str, ...]:
    labels = _labels(apex)
    return tuple(".".join(labels[start:]) + "." if labels[start:] else "." for start in range(1, len(labels) + 1))


def _labels(apex: str) -> list[str]:
    return [label for label in apex.split(".") if label]


def _kind(address: str) -> str:
    return "A" if ipaddress.ip_address(address).version == 4 else "AAAA"
