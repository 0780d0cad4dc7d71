"""NSD with signed zones and a validating Unbound before it, on loopback ports, as the user who runs the tests."""

import shutil
import subprocess
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dns.dnssec
import dns.dnssectypes
import dns.exception
import dns.flags
import dns.message
import dns.query
import dns.rdatatype
import dns.rrset
import dns.zone
from cryptography.hazmat.primitives.asymmetric import ec

from lab.ports import free_ports

_SBIN = "/usr/sbin"
_SOA = "$ORIGIN {origin}\n$TTL 3600\n@ SOA ns1.{origin} hostmaster.{origin} 1 7200 3600 1209600 300\n@ NS ns1.{origin}\nns1 A 127.0.0.1\n"


@dataclass(frozen=True, slots=True)
class SignedZone:
    """`text` is the zone file; `anchor` the DS records that a parent or a trust anchor holds, empty for an unsigned zone."""

    origin: str
    text: str
    anchor: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RealDns:
    """Loopback ports of the authoritative server and of the resolver."""

    authoritative: int
    resolver: int


def missing_programs(*programs: str) -> str:
    """The programs that are not installed, for a skip's reason; empty when all are there."""
    absent = [program for program in programs if find_program(program) is None]
    return f"{', '.join(absent)} not installed (tests/setup/install_servers.sh)" if absent else ""


def find_program(program: str) -> str | None:
    return shutil.which(program) or shutil.which(program, path=_SBIN)


def unsigned(origin: str, body: str) -> SignedZone:
    return SignedZone(origin, _SOA.format(origin=origin) + body + "\n")


def signed(origin: str, body: str, *, expired: bool = False, nsec3: str = "") -> SignedZone:
    """A zone signed with one new key (ECDSA P-256); `expired` puts the signatures into last year.

    It has NSEC, or with `nsec3`, the data of an NSEC3PARAM record, NSEC3: for a body without empty names between others.
    """
    body += f"\n@ 0 NSEC3PARAM {nsec3}" if nsec3 else ""
    zone = dns.zone.from_text(_SOA.format(origin=origin) + body + "\n", origin=origin, relativize=False)
    private = ec.generate_private_key(ec.SECP256R1())
    key = dns.dnssec.make_dnskey(private.public_key(), dns.dnssectypes.Algorithm.ECDSAP256SHA256, flags=257)  # pyright: ignore[reportUnknownMemberType]
    since = datetime.now(UTC) - timedelta(days=400 if expired else 1)
    with zone.writer() as changes:
        dns.dnssec.sign_zone(
            zone, changes, keys=[(private, key)], add_dnskey=True, dnskey_ttl=3600, inception=since, expiration=since + timedelta(days=30)
        )
    if nsec3:
        chain = _nsec3_chain(zone, nsec3)
        with zone.writer() as changes:
            for rrset in chain:
                changes.add(rrset)
                signature = dns.dnssec.sign(rrset, private, rrset.name.parent(), key, since, since + timedelta(days=30))  # pyright: ignore[reportUnknownMemberType]
                changes.add(rrset.name, rrset.ttl, signature)
    anchor = dns.dnssec.make_ds(origin, key, "SHA256")
    return SignedZone(origin, zone.to_text(relativize=False), (f"{origin} 3600 IN DS {anchor.to_text()}",))


def _nsec3_chain(zone: dns.zone.Zone, parameters: str) -> list[dns.rrset.RRset]:
    """The NSEC3 records (RFC 5155, 7.1) that take the place of the zone's NSEC records, which go."""
    algorithm, _, iterations, salt = parameters.split()
    types: dict[str, set[str]] = {}
    for name, held in tuple(zone.iterate_rdatasets()):
        if dns.rdatatype.NSEC in (held.rdtype, held.covers):
            zone.delete_rdataset(name, held.rdtype, held.covers)
            continue
        hashed = dns.dnssec.nsec3_hash(name, "" if salt == "-" else salt, int(iterations), int(algorithm))
        types.setdefault(hashed, set()).add(dns.rdatatype.to_text(held.rdtype))
    ring = sorted(types)
    return [
        dns.rrset.from_text(f"{owner}.{zone.origin}", 300, "IN", "NSEC3", f"{parameters} {following} {' '.join(types[owner])}")
        for owner, following in zip(ring, (*ring[1:], ring[0]), strict=True)
    ]


@contextmanager
def running(folder: Path, zones: tuple[SignedZone, ...], anchor: str) -> Generator[RealDns, None, None]:
    """Both servers, answering; `anchor` is the trust anchor in zone-file form, empty for none.

    Raises `RuntimeError` with the log of one that does not start.
    """
    ports = RealDns(*free_ports(2))
    nsd, unbound = find_program("nsd"), find_program("unbound")
    assert nsd is not None and unbound is not None
    for zone in zones:
        (folder / f"{zone.origin}zone").write_text(zone.text)
    (folder / "nsd.conf").write_text(_nsd_conf(folder, zones, ports.authoritative))
    (folder / "unbound.conf").write_text(_unbound_conf(folder, zones, ports, anchor))
    programs: list[subprocess.Popen[bytes]] = []
    try:
        for command, port, recursive in (
            ((nsd, "-d", "-c", str(folder / "nsd.conf")), ports.authoritative, False),
            ((unbound, "-d", "-c", str(folder / "unbound.conf")), ports.resolver, True),
        ):
            log = folder / f"{Path(command[0]).name}.log"
            with log.open("wb") as output:
                programs.append(subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, cwd=folder))
            _await_answer(port, zones[0].origin, recursive, programs[-1], log)
        yield ports
    finally:
        for program in programs:
            program.terminate()
        for program in programs:
            program.wait(10)


def _await_answer(port: int, origin: str, recursive: bool, program: subprocess.Popen[bytes], log: Path) -> None:
    question = dns.message.make_query(origin, "SOA", flags=dns.flags.RD if recursive else 0)
    for _ in range(100):
        if program.poll() is not None:
            break
        try:
            if dns.query.udp(question, "127.0.0.1", port=port, timeout=0.2).answer:
                return
        except (dns.exception.Timeout, OSError):
            pass
        time.sleep(0.05)
    raise RuntimeError(f"{program.args} does not answer: {log.read_text(errors='replace')[-2000:]}")


def _nsd_conf(folder: Path, zones: tuple[SignedZone, ...], port: int) -> str:
    lines = [
        "server:",
        f"  ip-address: 127.0.0.1@{port}",
        '  username: ""',
        '  chroot: ""',
        f'  zonesdir: "{folder}"',
        '  database: ""',
        f'  pidfile: "{folder}/nsd.pid"',
        f'  xfrdfile: "{folder}/xfrd.state"',
        f'  zonelistfile: "{folder}/zone.list"',
        f'  xfrdir: "{folder}"',
        "  rrl-ratelimit: 0",
        "remote-control:",
        "  control-enable: no",
    ]
    for zone in zones:
        lines += ["zone:", f'  name: "{zone.origin}"', f'  zonefile: "{zone.origin}zone"']
    return "\n".join(lines) + "\n"


def _unbound_conf(folder: Path, zones: tuple[SignedZone, ...], ports: RealDns, anchor: str) -> str:
    lines = [
        "server:",
        f"  interface: 127.0.0.1@{ports.resolver}",
        "  do-ip6: no",
        '  username: ""',
        '  chroot: ""',
        f'  directory: "{folder}"',
        f'  pidfile: "{folder}/unbound.pid"',
        "  use-syslog: no",
        '  logfile: ""',
        '  module-config: "validator iterator"',
        "  do-not-query-localhost: no",
        "  num-threads: 1",
        "  so-rcvbuf: 4m",
        "  msg-cache-size: 64m",
        "  rrset-cache-size: 128m",
        "  ede: yes",
        '  local-zone: "test." nodefault',
        *((f'  trust-anchor: "{anchor}"',) if anchor else ()),
        "remote-control:",
        "  control-enable: no",
    ]
    for zone in zones:
        lines += ["stub-zone:", f'  name: "{zone.origin}"', f"  stub-addr: 127.0.0.1@{ports.authoritative}"]
    return "\n".join(lines) + "\n"
