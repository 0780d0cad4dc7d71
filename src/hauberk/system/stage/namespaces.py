"""Network namespaces of a stage, made and removed; commands that run inside one (ip-netns(8))."""

import asyncio
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from hauberk.system.stage.commands import StageError, must
from hauberk.system.stage.layout import FIREWALL, Layout, hosts_file, making, resolv_conf
from hauberk.system.stage.leftovers import NETNS_ETC

_PATH = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"

# Program and the Debian package that brings it.
NEEDED = {
    "ip": "iproute2",
    "nft": "nftables",
    "sysctl": "procps",
    "postfix": "postfix",
    "dovecot": "dovecot-core",
    "rspamd": "rspamd",
    "clamd": "clamav-daemon",
    "unbound": "unbound",
    "nsd": "nsd",
}
# Files that packages without a program of their own bring.
NEEDED_FILES = {
    "/usr/lib/postfix/postfix-sqlite.so": "postfix-sqlite",
    "/usr/lib/dovecot/lmtp": "dovecot-lmtpd",
    "/usr/lib/dovecot/imap": "dovecot-imapd",
    "/usr/lib/dovecot/modules/libdriver_sqlite.so": "dovecot-sqlite",
    "/usr/lib/dovecot/modules/lib90_sieve_plugin.so": "dovecot-sieve",
}


def missing() -> tuple[str, ...]:
    """Debian packages that a stage wants and that are not installed."""
    programs = {package for program, package in NEEDED.items() if shutil.which(program, path=_PATH) is None}
    return tuple(sorted(programs | {package for path, package in NEEDED_FILES.items() if not Path(path).exists()}))


def obstacle() -> str:
    """Why no stage can be made here, as a plain sentence; empty where one can."""
    if not sys.platform.startswith("linux"):
        return "network namespaces are Linux's"
    if os.geteuid() != 0:
        return "network namespaces want root"
    if packages := missing():
        return f"Debian's packages are missing: {' '.join(packages)}"
    return "" if _may_make_one() else "this machine does not let root make network namespaces (a container without CAP_SYS_ADMIN?)"


def _may_make_one() -> bool:
    return subprocess.run(["unshare", "--net", "true"], check=False, capture_output=True).returncode == 0  # noqa: S607


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
    return ("ip", "netns", "exec", layout.namespace(zone), *unconfined())


@cache
def unconfined() -> tuple[str, ...]:
    """What lets a daemon out of the AppArmor profile of its package: Debian's know /etc/clamav and /etc/unbound, and no folder of ours."""
    enabled = Path("/sys/module/apparmor/parameters/enabled")
    if not enabled.exists() or enabled.read_text().strip() != "Y" or shutil.which("aa-exec", path=_PATH) is None:
        return ()
    command = ("aa-exec", "-p", "unconfined", "--")
    may = subprocess.run([*command, "true"], check=False, capture_output=True).returncode == 0  # noqa: S603
    return command if may else ()


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
