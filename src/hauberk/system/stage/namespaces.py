"""Network namespaces of a stage, made and removed; commands that run inside one (ip-netns(8))."""

import asyncio
import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from hauberk.system.stage.commands import StageError, must
from hauberk.system.stage.layout import FIREWALL, Layout, hosts_file, making, resolv_conf
from hauberk.system.stage.leftovers import NETNS_ETC

NEEDED = ("ip", "nft", "sysctl")


def obstacle() -> str:
    """Why no stage can be made here, as a plain sentence; empty where one can."""
    if os.geteuid() != 0:
        return "network namespaces want root"
    for program in NEEDED:
        if shutil.which(program) is None:
            return f"the program {program} is missing (Debian: iproute2, nftables, procps)"
    return ""


async def make(layout: Layout, rules: Path) -> None:
    """All namespaces with their links, name resolution and the firewall's rules. What fails midway is for `leftovers.remove`."""
    for segment in layout.segments:
        await asyncio.to_thread(_write_etc, layout.namespace(segment.zone), resolv_conf(segment.resolvers), hosts_file(segment.hosts))
    await asyncio.to_thread(_write_etc, layout.namespace(FIREWALL), resolv_conf(()), hosts_file(()))
    for namespace, lines in making(layout):
        where = ("-n", namespace) if namespace else ()
        await must("ip", *where, "-batch", "-", stdin="".join(f"{line}\n" for line in lines).encode())
    forward = ("net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1")
    await must(*inside(layout, FIREWALL), "sysctl", "-qw", *forward)
    await wall(layout, rules)


async def wall(layout: Layout, rules: Path) -> None:
    """Load the firewall's rules, all or none (nft replaces a rule set in one transaction)."""
    await must(*inside(layout, FIREWALL), "nft", "-f", str(rules))


def inside(layout: Layout, zone: str) -> tuple[str, ...]:
    """What to put before a command so that it runs in a zone."""
    return ("ip", "netns", "exec", layout.namespace(zone))


async def listening(layout: Layout, zone: str, address: str, port: int, seconds: float) -> None:
    """Wait until something listens at a place, as seen from a zone. Raises `StageError`."""
    knock = f"until (exec 3<>/dev/tcp/{address}/{port}) 2>/dev/null; do sleep 0.05; done"
    try:
        await must(*inside(layout, zone), "bash", "-c", knock, seconds=seconds)
    except StageError:
        raise StageError(f"nothing listens at {address} port {port} in the zone {zone} after {seconds:g} s") from None


def environment() -> Mapping[str, str]:
    """So that this very Python finds this very program wherever it is started."""
    return {"PYTHONPATH": os.pathsep.join(one for one in sys.path if one)}


def _write_etc(namespace: str, resolv: str, hosts: str) -> None:
    folder = NETNS_ETC / namespace
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "resolv.conf").write_text(resolv)
    (folder / "hosts").write_text(hosts)
