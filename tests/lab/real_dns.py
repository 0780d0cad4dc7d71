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


def signed(origin: str, body: str, *, expired: bool = False) -> SignedZone:
    """A zone signed with one new key (ECDSA P-256), with NSEC; `expired` puts the signatures into last year."""
    zone = dns.zone.from_text(_SOA.format(origin=origin) + body + "\n", origin=origin, relativize=False)
    private = ec.generate_private_key(ec.SECP256R1())
    key = dns.dnssec.make_dnskey(private.public_key(), dns.dnssectypes.Algorithm.ECDSAP256SHA256, flags=257)  # pyright: ignore[reportUnknownMemberType]
    since = datetime.now(UTC) - timedelta(days=400 if expired else 1)
    with zone.writer() as changes:
        dns.dnssec.sign_zone(
            zone, changes, keys=[(private, key)], add_dnskey=True, dnskey_ttl=3600, inception=since, expiration=since + timedelta(days=30)
        )
    anchor = dns.dnssec.make_ds(origin, key, "SHA256")
    return SignedZone(origin, zone.to_text(relativize=False), (f"{origin} 3600 IN DS {anchor.to_text()}",))


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
