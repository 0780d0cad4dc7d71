"""The SMTP session against Debian's Postfix, on high loopback ports with its own configuration, spool and data."""

import asyncio
import tempfile
from collections.abc import Generator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from hauberk.lab.pki import CertificateSpec, Issued, Pki
from hauberk.model.transport import Ending, Endpoint, SmtpSession, Trial, TrialMatter
from hauberk.protocols.relay import RelayFacts, read_relaying
from hauberk.protocols.smtp import Refusal, SmtpFacts, read_session
from hauberk.world.live import LiveConfig, LiveWorld
from hauberk.world.politeness import Manners
from lab import real_postfix

HOST = real_postfix.HOST
ENDPOINT = Endpoint(HOST, "192.0.2.25")
SERVICES = {
    "plain": (),
    "no_tls": ("smtpd_tls_security_level=none",),
    "no_key": ("smtpd_tls_chain_files=",),
    "only_1_2": ("smtpd_tls_protocols=TLSv1.2", "smtpd_tls_mandatory_protocols=TLSv1.2"),
    "old": ("smtpd_tls_protocols=TLSv1", "tls_high_cipherlist=ALL:@SECLEVEL=0", "tls_medium_cipherlist=ALL:@SECLEVEL=0"),
    "limited": ("smtpd_client_connection_rate_limit=1",),
    "deferring": ("smtpd_delay_reject=no", "smtpd_client_restrictions=defer"),
    "rejecting": ("smtpd_delay_reject=no", "smtpd_client_restrictions=reject"),
    "closed": ("local_recipient_maps=inline:{postmaster=x}",),
    "open": ("local_recipient_maps=inline:{postmaster=x}", "mynetworks=0.0.0.0/0", "smtpd_relay_restrictions=permit_mynetworks,defer"),
    "takes_all": (),
    real_postfix.POSTSCREEN: (),
}


@dataclass(frozen=True)
class Postfix:
    server: real_postfix.Postfix

    @property
    def certificate(self) -> Issued:
        return self.server.certificates[0]

    def session(self, service: str, times: int = 1, *, trial: bool = False) -> SmtpSession:
        """The session that a scan holds, or its test of relaying; the last one when it is held several times."""
        endpoint = Trial(ENDPOINT, TrialMatter.RELAYING, "partner.test") if trial else ENDPOINT
        routes = {("192.0.2.25", 25): ("127.0.0.1", self.server.ports[service])}

        async def hold() -> object:
            async with LiveWorld(
                LiveConfig(resolver="udp://127.0.0.1:9", helo="probe.example.net", routes=routes, manners=Manners())
            ) as world:
                return await world.ask(endpoint)

        got = [asyncio.run(hold()) for _ in range(times)][-1]
        assert isinstance(got, SmtpSession), (got, self.server.log.read_text())
        return got

    def facts(self, service: str, times: int = 1) -> SmtpFacts:
        return read_session(self.session(service, times))

    def relaying(self, service: str) -> RelayFacts:
        return read_relaying(Trial(ENDPOINT, TrialMatter.RELAYING, "partner.test"), self.session(service, trial=True))


@pytest.fixture(scope="module")
def postfix() -> Generator[Postfix]:
    if reason := real_postfix.missing():
        pytest.skip(reason)
    certificate = Pki(datetime.now(UTC)).issue(CertificateSpec((HOST,), key="rsa2048"))
    with (
        tempfile.TemporaryDirectory(prefix="hauberk-postfix-", ignore_cleanup_errors=True) as name,
        real_postfix.running(Path(name), SERVICES, (certificate,)) as server,
    ):
        yield Postfix(server)


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


def test_a_closed_postfix_refuses_every_pattern_to_the_end(postfix: Postfix) -> None:
    facts = postfix.relaying("closed")
    assert facts.postmaster is not None and facts.postmaster.positive and facts.nobody is not None and facts.nobody.code == 550
    assert facts.complete and facts.accepted == (), facts.accepted
    assert not [one for one in facts.answered if one.put_off or one.for_the_domains_sake]


def test_an_open_postfix_is_found_out(postfix: Postfix) -> None:
    accepted = {one.asked.pattern.name for one in postfix.relaying("open").accepted}
    assert {"from a stranger", "from nobody", "from the domain itself", "source route", "percent sign", "quoted address"} <= accepted


def test_a_postfix_that_takes_every_mailbox_follows_no_route(postfix: Postfix) -> None:
    facts = postfix.relaying("takes_all")
    assert facts.nobody is not None and facts.nobody.positive and facts.complete and facts.accepted == (), facts.accepted
