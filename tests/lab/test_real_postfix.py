"""The SMTP session against Debian's Postfix, on high loopback ports with its own configuration, spool and data."""

import asyncio
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Generator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from hauberk.lab.pki import CertificateSpec, Issued, Pki
from hauberk.model.transport import Ending, Endpoint, SmtpSession
from hauberk.protocols.smtp import Refusal, SmtpFacts, read_session
from hauberk.world.live import LiveConfig, LiveWorld
from hauberk.world.politeness import Manners

HOST = "mx.partner.test"
DAEMONS = Path("/usr/lib/postfix/sbin")

MAIN = """
compatibility_level = 3.6
queue_directory = {folder}/spool
data_directory = {folder}/data
daemon_directory = {daemons}
maillog_file = {folder}/log/postfix.log
maillog_file_prefixes = {folder}
myhostname = mx.partner.test
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mydestination =
mynetworks =
alias_maps =
alias_database =
local_recipient_maps =
smtpd_relay_restrictions = reject_unauth_destination
smtpd_peername_lookup = no
smtpd_tls_security_level = may
smtpd_tls_cert_file = {folder}/server.pem
smtpd_tls_key_file = {folder}/server.pem
smtpd_tls_session_cache_database =
smtpd_tls_loglevel = 1
postscreen_greet_wait = 1s
postscreen_greet_action = enforce
postscreen_cache_map = btree:{folder}/data/postscreen_cache
postscreen_access_list =
"""

MASTER = """
{plain} inet n - n - - smtpd
{no_tls} inet n - n - - smtpd -o smtpd_tls_security_level=none
{no_key} inet n - n - - smtpd -o smtpd_tls_cert_file= -o smtpd_tls_key_file= -o smtpd_tls_chain_files=
{only_1_2} inet n - n - - smtpd -o smtpd_tls_protocols=TLSv1.2 -o smtpd_tls_mandatory_protocols=TLSv1.2
{old} inet n - n - - smtpd -o smtpd_tls_protocols=TLSv1 -o tls_high_cipherlist=ALL:@SECLEVEL=0 -o tls_medium_cipherlist=ALL:@SECLEVEL=0
{limited} inet n - n - - smtpd -o smtpd_client_connection_rate_limit=1
{deferring} inet n - n - - smtpd -o smtpd_delay_reject=no -o smtpd_client_restrictions=defer
{rejecting} inet n - n - - smtpd -o smtpd_delay_reject=no -o smtpd_client_restrictions=reject
{postscreen} inet n - n - 1 postscreen
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
SERVICES: tuple[str, ...] = ("plain", "no_tls", "no_key", "only_1_2", "old", "limited", "deferring", "rejecting", "postscreen")


@dataclass(frozen=True)
class Postfix:
    ports: dict[str, int]
    certificate: Issued
    log: Path

    def session(self, service: str, times: int = 1) -> SmtpSession:
        """The session that a scan holds; the last one when it is held several times."""
        endpoint = Endpoint(HOST, "192.0.2.25")
        routes = {("192.0.2.25", 25): ("127.0.0.1", self.ports[service])}

        async def hold() -> object:
            async with LiveWorld(
                LiveConfig(resolver="udp://127.0.0.1:9", helo="probe.example.net", routes=routes, manners=Manners())
            ) as world:
                return await world.ask(endpoint)

        got = [asyncio.run(hold()) for _ in range(times)][-1]
        assert isinstance(got, SmtpSession), (got, self.log.read_text())
        return got

    def facts(self, service: str, times: int = 1) -> SmtpFacts:
        return read_session(self.session(service, times))


def free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    try:
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]
    finally:
        for one in sockets:
            one.close()


def command(folder: Path, verb: str) -> None:
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


@pytest.fixture(scope="module")
def postfix() -> Generator[Postfix]:
    if os.geteuid() != 0:
        pytest.skip("starting Postfix needs root")
    if shutil.which("postfix") is None or not (DAEMONS / "smtpd").exists():
        pytest.skip("Debian's postfix is not installed (tests/setup/install_servers.sh brings it)")
    certificate = Pki(datetime.now(UTC)).issue(CertificateSpec((HOST,), key="rsa2048"))
    ports = dict(zip(SERVICES, free_ports(len(SERVICES)), strict=True))
    with tempfile.TemporaryDirectory(prefix="hauberk-postfix-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o755)  # Postfix's own user must get through
        for part in ("etc", "spool", "data", "log"):
            (folder / part).mkdir()
        shutil.chown(folder / "data", "postfix")
        (folder / "server.pem").write_bytes(certificate.key_pem + certificate.chain_pem)
        (folder / "server.pem").chmod(0o600)
        (folder / "etc" / "main.cf").write_text(MAIN.format(folder=folder, daemons=DAEMONS).lstrip())
        (folder / "etc" / "master.cf").write_text(MASTER.format_map({key: f"127.0.0.1:{port}" for key, port in ports.items()}).lstrip())
        try:
            command(folder, "start")
            yield Postfix(ports, certificate, folder / "log" / "postfix.log")
        finally:
            command(folder, "stop")


def test_a_whole_session_with_its_handshake(postfix: Postfix) -> None:
    session = postfix.session("plain")
    facts = read_session(session)
    assert (session.ending, session.detail) == (Ending.QUIT, "")
    assert session.dialogue[-1].text == "221 2.0.0 Bye" and session.dialogue[-1].encrypted
    assert facts.banner_host == HOST and facts.starttls_offered and not facts.refused_us
    assert facts.ehlo_clear is not None and facts.ehlo_clear.domain == HOST and facts.ehlo_clear.offers("PIPELINING")
    assert facts.ehlo_encrypted is not None and not facts.ehlo_encrypted.offers("STARTTLS")
    assert session.tls is not None and session.tls.completed and session.tls.server_name == HOST
    assert (session.tls.version, session.tls.suite) == ("TLSv1.3", "TLS_AES_256_GCM_SHA384")
    assert session.tls.group and session.tls.chain == postfix.certificate.chain
    assert session.tls.resumption is True


def test_tls_1_2_alone(postfix: Postfix) -> None:
    tls = postfix.session("only_1_2").tls
    assert tls is not None and (tls.completed, tls.version) == (True, "TLSv1.2")
    assert tls.suite.startswith("TLS_ECDHE_RSA_WITH_") and tls.group and tls.chain == postfix.certificate.chain


def test_tls_1_0_alone(postfix: Postfix) -> None:
    tls = postfix.session("old").tls
    assert tls is not None and (tls.completed, tls.version) == (True, "TLSv1"), tls


def test_without_starttls(postfix: Postfix) -> None:
    session = postfix.session("no_tls")
    facts = read_session(session)
    assert session.ending is Ending.QUIT and session.tls is None
    assert facts.served and not facts.starttls_offered


def test_a_server_that_lost_its_certificate_puts_starttls_off(postfix: Postfix) -> None:
    session = postfix.session("no_key")
    facts = read_session(session)
    assert facts.starttls_offered and not facts.refused_us
    assert facts.starttls_reply is not None and (facts.starttls_reply.code, facts.starttls_reply.enhanced) == (454, "4.7.0")
    assert (session.ending, session.tls) == (Ending.QUIT, None)


def test_the_connection_rate_limit_is_a_refusal(postfix: Postfix) -> None:
    facts = postfix.facts("limited", times=2)
    assert facts.refused_with is not None and facts.refused_with.code == 421
    assert facts.refusal is Refusal.RATE_LIMITED and facts.refused_with.enhanced == "4.7.0"


def test_client_restrictions_are_a_refusal(postfix: Postfix) -> None:
    deferring, rejecting = postfix.facts("deferring"), postfix.facts("rejecting")
    assert deferring.refused_us and deferring.refused_with is not None and deferring.refused_with.transient
    assert rejecting.refusal is Refusal.BLOCKED and rejecting.refused_with is not None and rejecting.refused_with.code == 554


def test_postscreens_wait_is_waited_for(postfix: Postfix) -> None:
    session = postfix.session("postscreen")
    facts = read_session(session)
    assert facts.greeting is not None and facts.greeting.code == 220
    assert max(turn.at_ms for turn in session.dialogue) >= 900
    assert session.ending is Ending.QUIT and facts.starttls_offered
    assert session.tls is not None and session.tls.completed
