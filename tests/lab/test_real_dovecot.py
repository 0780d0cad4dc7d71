"""Sessions and hellos on the ports of mailboxes against Debian's Dovecot, on high loopback ports with its own configuration."""

import asyncio
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Generator
from pathlib import Path

import pytest

from hauberk.model.observation import ScanOptions
from hauberk.model.transport import Ending, Endpoint, SmtpSession
from hauberk.protocols.mailbox import read_mailbox, service_on
from hauberk.protocols.tls.facts import TlsFacts
from hauberk.protocols.tls.probe import probe_endpoint
from hauberk.survey.recorder import Recorder
from hauberk.world.live import LiveConfig, LiveWorld
from hauberk.world.politeness import Manners
from lab import real_postfix
from lab.ports import free_ports
from lab.real_tls_servers import pair

ADDRESS = "192.0.2.25"
PROTOCOLS = {143: "imap", 993: "imaps", 110: "pop3", 995: "pop3s"}
CONF = """
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/dovecot.log
protocols = imap pop3
listen = 127.0.0.1
ssl = yes
ssl_cert = <{folder}/chain.pem
ssl_key = <{folder}/key.pem
ssl_min_protocol = TLSv1.2
disable_plaintext_auth = yes
default_login_user = nobody
default_internal_user = nobody
default_internal_group = nogroup
mail_location = maildir:{folder}/mail
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {imap}
  }}
  inet_listener imaps {{
    port = {imaps}
    ssl = yes
  }}
}}
service pop3-login {{
  chroot =
  inet_listener pop3 {{
    port = {pop3}
  }}
  inet_listener pop3s {{
    port = {pop3s}
    ssl = yes
  }}
}}
service anvil {{
  chroot =
}}
passdb {{
  driver = static
  args = nopassword=y
}}
userdb {{
  driver = static
  args = uid=nobody gid=nogroup home={folder}/mail
}}
"""


def _start(folder: Path) -> tuple[dict[str, int], subprocess.Popen[bytes]]:
    ports = dict(zip(PROTOCOLS.values(), free_ports(len(PROTOCOLS)), strict=True))
    certificate = pair()[1]
    (folder / "chain.pem").write_bytes(certificate.chain_pem)
    (folder / "key.pem").write_bytes(certificate.key_pem)
    for part in ("run", "state", "mail"):
        (folder / part).mkdir()
    (folder / "dovecot.conf").write_text(CONF.format(folder=folder, **ports))
    program = shutil.which("dovecot", path="/usr/sbin:/usr/bin")
    assert program is not None
    with (folder / "output").open("wb") as output:
        running = subprocess.Popen(
            (program, "-F", "-c", str(folder / "dovecot.conf")), stdin=subprocess.DEVNULL, stdout=output, stderr=output
        )
    if all(_listens(port) for port in ports.values()):
        return ports, running
    running.terminate()
    log = folder / "dovecot.log"
    raise RuntimeError((folder / "output").read_text() + (log.read_text() if log.exists() else ""))


def _listens(port: int) -> bool:
    for _ in range(100):
        try:
            with socket.create_connection(("127.0.0.1", port), 0.5):
                return True
        except OSError:
            time.sleep(0.05)
    return False


@pytest.fixture(scope="module")
def ports() -> Generator[dict[str, int]]:
    if os.geteuid() != 0:
        pytest.skip("starting Dovecot needs root")
    if shutil.which("dovecot", path="/usr/sbin:/usr/bin") is None or not Path("/usr/lib/dovecot/imap-login").exists():
        pytest.skip("Debian's dovecot-imapd and dovecot-pop3d are not installed (tests/setup/install_servers.sh brings them)")
    with tempfile.TemporaryDirectory(prefix="hauberk-dovecot-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o755)
        ports, running = _start(folder)
        try:
            yield ports
        finally:
            running.terminate()
            running.wait(10)


async def _look(ports: dict[str, int], port: int) -> tuple[SmtpSession, TlsFacts]:
    routes = {(ADDRESS, port): ("127.0.0.1", ports[PROTOCOLS[port]])}
    config = LiveConfig(resolver="udp://127.0.0.1:9", helo="probe.example.net", routes=routes, manners=Manners(pause=0.0))
    async with LiveWorld(config) as world:
        endpoint = Endpoint(real_postfix.HOST, ADDRESS, port)
        session = await world.ask(endpoint)
        assert isinstance(session, SmtpSession)
        return session, await Recorder(world).drive(probe_endpoint(endpoint, session, ScanOptions(depth="standard")))


@pytest.mark.parametrize("port", PROTOCOLS)
def test_every_port_holds_its_session(ports: dict[str, int], port: int) -> None:
    session, _ = asyncio.run(_look(ports, port))
    facts = read_mailbox(session, service_on(port).protocol)
    assert (session.ending, session.detail) == (Ending.QUIT, ""), session.dialogue
    assert session.tls is not None and session.tls.completed and session.tls.version == "TLSv1.3"
    assert session.tls.chain == pair()[1].chain
    assert facts.greeting is not None and facts.greeting.positive and facts.encrypted_capabilities
    assert facts.starttls_offered is (port in (143, 110))
    if port == 143:
        assert facts.capabilities is not None and "STARTTLS" in facts.capabilities


@pytest.mark.parametrize("port", PROTOCOLS)
def test_every_port_is_probed(ports: dict[str, int], port: int) -> None:
    _, facts = asyncio.run(_look(ports, port))
    assert facts.accepted_versions == ("TLSv1.2", "TLSv1.3")
    # It declines by closing, which costs questions; what they were needed for is said to be unknown then.
    assert facts.partial in ("", "the probe's 19 connections are used up")
    assert [facts.accepted(version) for version in ("SSLv3", "TLSv1", "TLSv1.1")] == [False] * 3
    assert facts.connections <= 20
