"""A thousand domains as NSD and Unbound serve them, with their mail and web servers, for scanners that know nothing of a lab.

Everything listens where the zones say: DNS on port 53, SMTP on 25, HTTPS on 443, at the addresses of the records. So it must run in a
network namespace of its own, in which those addresses are local (`NAMESPACE`, run by `unshare`), with a `resolv.conf` of its own.
The mail and web servers are processes of their own:

    python -m benchmarks.internet FOLDER COUNT
"""

import asyncio
import shutil
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import AsyncExitStack, contextmanager
from datetime import UTC, datetime
from ipaddress import ip_address
from pathlib import Path

import dns.exception
import dns.flags
import dns.message
import dns.query
import uvloop

from hauberk.lab import bulk
from hauberk.lab.blueprint import NAME_SERVERS, SILENT_SERVER, Blueprint, Placed, draw
from hauberk.lab.mailserver import MailServer
from hauberk.lab.pki import Pki
from hauberk.lab.tls import server_context
from hauberk.lab.webserver import WebServer

# Sets up what `unshare --net --mount` gives; $1 is the folder, the rest is the command to run.
NAMESPACE = """
set -eu
ip link set lo up
for network in 192.0.2.0/24 198.51.100.0/24 203.0.113.0/24 198.18.0.0/15; do ip route add local $network dev lo; done
for address in 2001:db8::53 2001:db8:51::53; do ip -6 addr add $address/128 dev lo nodad; done
mount --bind "$1/resolv.conf" /etc/resolv.conf
shift
exec "$@"
"""
_BUNDLE = Path("/etc/ssl/certs/ca-certificates.crt")
_ROOT_SOA = ". 3600 IN SOA a.root.example. root.example. 1 7200 3600 1209600 300\n. 3600 IN NS ns1.dns.example.\n"


def endpoints(count: int) -> tuple[str, ...]:
    """One address for each domain's mail server, out of the benchmarking network (RFC 2544)."""
    first = int(ip_address("198.18.1.0"))
    return tuple(str(ip_address(first + number)) for number in range(count))


def lay_out(folder: Path, count: int) -> None:
    """Write zones, configurations, `names`, `resolv.conf` and `trust.pem` (the system's anchors and the lab's) into the folder."""
    pki = Pki(datetime.now(UTC))
    zones = draw(bulk.domains(count, endpoints(count)), pki).zones
    files = dict(bulk.zone_files(zones))
    (folder / "zones").mkdir()
    for apex, text in (*files.items(), (".", _ROOT_SOA)):
        (folder / "zones" / f"{apex}.zone").write_text(text)
    (folder / "nsd.conf").write_text(_nsd_conf(folder, (".", *files)))
    (folder / "unbound.conf").write_text(_unbound_conf(folder))
    (folder / "names").write_text("\n".join(bulk.names(count)))
    (folder / "resolv.conf").write_text("nameserver 127.0.0.1\n")


@contextmanager
def running(folder: Path, count: int) -> Generator[None]:
    """All servers, answering. Raises `RuntimeError` with the log of one that does not start."""
    commands = (
        (_program("nsd"), "-d", "-c", str(folder / "nsd.conf")),
        (_program("unbound"), "-d", "-c", str(folder / "unbound.conf")),
        (sys.executable, "-m", "benchmarks.internet", str(folder), str(count)),
    )
    programs: list[subprocess.Popen[bytes]] = []
    try:
        for command in commands:
            with (folder / f"{len(programs)}.log").open("wb") as log:
                programs.append(subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT))
        _await(folder, programs)
        yield
    finally:
        for program in programs:
            program.terminate()
        for program in programs:
            program.wait(20)


def _program(name: str) -> str:
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin")
    if found is None:
        raise RuntimeError(f"{name} is not installed (tests/setup/install_servers.sh)")
    return found


def _await(folder: Path, programs: list[subprocess.Popen[bytes]]) -> None:
    question = dns.message.make_query("d0001.test", "MX", flags=dns.flags.RD)
    for _ in range(300):
        if any(program.poll() is not None for program in programs):
            break
        if (folder / "trust.pem").exists():
            try:
                if dns.query.udp(question, "127.0.0.1", timeout=0.5).answer:
                    return
            except (dns.exception.Timeout, OSError):
                pass
        time.sleep(0.1)
    raise RuntimeError("\n".join((folder / f"{number}.log").read_text(errors="replace")[-2000:] for number in range(len(programs))))


def _nsd_conf(folder: Path, apexes: tuple[str, ...]) -> str:
    addresses = [address for _, held in NAME_SERVERS for address in held if address != SILENT_SERVER]
    lines = ["server:", *(f"  ip-address: {address}" for address in addresses), '  username: ""', '  chroot: ""', '  database: ""']
    lines += [f'  zonesdir: "{folder}/zones"', f'  pidfile: "{folder}/nsd.pid"', f'  xfrdfile: "{folder}/xfrd.state"']
    lines += [f'  zonelistfile: "{folder}/zone.list"', f'  xfrdir: "{folder}"', "  rrl-ratelimit: 0"]
    lines += ["remote-control:", "  control-enable: no"]
    for apex in apexes:
        lines += ["zone:", f'  name: "{apex}"', f'  zonefile: "{apex}.zone"']
    return "\n".join(lines) + "\n"


def _unbound_conf(folder: Path) -> str:
    return f"""server:
  interface: 127.0.0.1
  username: ""
  chroot: ""
  directory: "{folder}"
  pidfile: "{folder}/unbound.pid"
  use-syslog: no
  logfile: ""
  module-config: "validator iterator"
  num-threads: 1
  so-rcvbuf: 4m
  msg-cache-size: 128m
  rrset-cache-size: 256m
  cache-min-ttl: 3600
  cache-max-negative-ttl: 3600
  local-zone: "test." nodefault
  local-zone: "invalid." nodefault
  local-zone: "2.0.192.in-addr.arpa." nodefault
  local-zone: "100.51.198.in-addr.arpa." nodefault
  local-zone: "113.0.203.in-addr.arpa." nodefault
  local-zone: "8.b.d.0.1.0.0.2.ip6.arpa." nodefault
remote-control:
  control-enable: no
stub-zone:
  name: "."
  stub-addr: {NAME_SERVERS[0][1][0]}
"""


async def _serve(folder: Path, count: int) -> None:
    pki = Pki(datetime.now(UTC))
    drawn = draw(bulk.domains(count, endpoints(count)), pki)
    async with AsyncExitStack() as stack:
        for placed in drawn.servers:
            for address in placed.addresses:
                await stack.enter_async_context(_mail_server(placed, address, folder))
        await _serve_pages(stack, drawn, folder)
        _write_trust(folder, pki)
        await asyncio.get_running_loop().create_future()


def _write_trust(folder: Path, pki: Pki) -> None:
    """Written last and whole: the file says that everything listens."""
    anchors = _BUNDLE.read_bytes() if _BUNDLE.exists() else b""
    (folder / "trust.partial").write_bytes(anchors + pki.anchor_pem)
    (folder / "trust.partial").replace(folder / "trust.pem")


def _mail_server(placed: Placed, address: str, folder: Path) -> MailServer:
    return MailServer(placed.spec, lambda: server_context(placed.issued(), folder), (address, 25))


async def _serve_pages(stack: AsyncExitStack, drawn: Blueprint, folder: Path) -> None:
    if drawn.sites:
        contexts = {host: server_context(issued, folder, versions) for host, (issued, versions) in drawn.sites.items()}
        for address in drawn.web_addresses:
            await stack.enter_async_context(WebServer(drawn.pages, contexts, (address, 443)))


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(Path(sys.argv[1]), int(sys.argv[2])))
