"""Debian's Postfix on high loopback ports, with its own configuration, spool and data; one smtpd a port, each with options of its own."""

import os
import shutil
import subprocess
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from hauberk.lab.pki import Issued
from lab.ports import free_ports

DAEMONS = Path("/usr/lib/postfix/sbin")
HOST = "mx.partner.test"
POSTSCREEN = "postscreen"

_MAIN = """
compatibility_level = 3.6
queue_directory = {folder}/spool
data_directory = {folder}/data
daemon_directory = {daemons}
maillog_file = {folder}/log/postfix.log
maillog_file_prefixes = {folder}
myhostname = mx.partner.test
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mydestination = partner.test
mynetworks =
alias_maps =
alias_database =
local_recipient_maps =
smtpd_relay_restrictions = reject_unauth_destination
smtpd_peername_lookup = no
smtpd_error_sleep_time = 0
in_flow_delay = 0
smtpd_tls_security_level = may
smtpd_tls_chain_files = {chain_files}
smtpd_tls_session_cache_database =
smtpd_tls_loglevel = 1
postscreen_greet_wait = {greet_wait}
postscreen_greet_action = enforce
postscreen_cache_map = btree:{folder}/data/postscreen_cache
postscreen_access_list =
"""

_MASTER = """
smtpd     pass - - n - - smtpd
dnsblog   unix - - n - 0 dnsblog
tlsproxy  unix - - n - 0 tlsproxy
cleanup   unix n - n - 0 cleanup
tlsmgr    unix - - n 1000? 1 tlsmgr
rewrite   unix - - n - - trivial-rewrite
proxymap  unix - - n - - proxymap
anvil     unix - - n - 1 anvil
postlog   unix-dgram n - n - 1 postlogd
"""


@dataclass(frozen=True)
class Postfix:
    """`ports` by the names of the services asked for; `certificates` in the order of the chain files."""

    ports: Mapping[str, int]
    certificates: tuple[Issued, ...]
    log: Path


def missing() -> str:
    """Why Postfix cannot be started here; empty when it can."""
    if os.geteuid() != 0:
        return "starting Postfix needs root"
    if shutil.which("postfix") is None or not (DAEMONS / "smtpd").exists():
        return "Debian's postfix is not installed (tests/setup/install_servers.sh brings it)"
    return ""


@contextmanager
def running(
    folder: Path, services: Mapping[str, tuple[str, ...]], certificates: tuple[Issued, ...], greet_wait: str = "1s"
) -> Generator[Postfix]:
    """Postfix with these services: smtpd with its `-o` options (`smtpd_tls_protocols=TLSv1.2`); the service `postscreen` is postscreen."""
    folder.chmod(0o755)  # Postfix's own user must get through
    for part in ("etc", "spool", "data", "log"):
        (folder / part).mkdir()
    shutil.chown(folder / "data", "postfix")
    for number, certificate in enumerate(certificates):
        (folder / f"{number}.pem").write_bytes(certificate.key_pem + certificate.chain_pem)
        (folder / f"{number}.pem").chmod(0o600)
    files = ", ".join(f"{folder}/{number}.pem" for number in range(len(certificates)))
    main = _MAIN.format(folder=folder, daemons=DAEMONS, chain_files=files, greet_wait=greet_wait)
    ports = dict(zip(services, free_ports(len(services)), strict=True))
    (folder / "etc" / "main.cf").write_text(main.lstrip())
    (folder / "etc" / "master.cf").write_text("\n".join(_line(ports[name], name, options) for name, options in services.items()) + _MASTER)
    try:
        _command(folder, "start")
        yield Postfix(ports, certificates, folder / "log" / "postfix.log")
    finally:
        _command(folder, "stop")


def _line(port: int, name: str, options: tuple[str, ...]) -> str:
    if name == POSTSCREEN:
        return f"127.0.0.1:{port} inet n - n - 1 postscreen"
    # An option with spaces stands in braces (postconf(5), master.cf).
    return f"127.0.0.1:{port} inet n - n - - smtpd " + " ".join(f"-o {{ {option} }}" for option in options)


def _command(folder: Path, verb: str) -> None:
    # Postfix's daemons keep the descriptors they inherit: never give them a pipe.
    with (folder / "log" / "command.log").open("ab") as log:
        subprocess.run(
            ["postfix", "-c", str(folder / "etc"), verb],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            timeout=60,
            check=verb == "start",
        )
