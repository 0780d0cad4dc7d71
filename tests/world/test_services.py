"""Sessions on the ports of submission and of mailboxes."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import TypeAlias

import pytest
import uvloop

from hauberk.model.dns import NoAnswer
from hauberk.model.transport import Ending, Endpoint, SmtpSession
from hauberk.protocols.mailbox import read_mailbox, service_on
from hauberk.protocols.smtp import read_session
from hauberk.world.dialogue import SmtpPatience
from hauberk.world.smtp import converse
from world.byte_server import Line, Stall, StartTls, Step, dialer_to, issued, server_context, serving

Run: TypeAlias = Callable[[Coroutine[object, object, SmtpSession]], SmtpSession]
HURRY = SmtpPatience(greeting=0.5, reply=0.5, handshake=0.5, farewell=0.2, session=5.0)
LOOPS = (asyncio.run, uvloop.run)
EHLO = b"250-mx\r\n250-AUTH PLAIN LOGIN\r\n250 SIZE 10\r\n"


async def hold(port: int, *steps: Step) -> SmtpSession:
    async with serving(*steps) as place:
        endpoint = Endpoint("mx.example.com", "192.0.2.25", port)
        session = await converse(dialer_to(place, port=port), endpoint, "probe.example.net", HURRY)
        assert not isinstance(session, NoAnswer)
        return session


def held(port: int, *steps: Step) -> SmtpSession:
    return asyncio.run(hold(port, *steps))


def said(session: SmtpSession) -> str:
    return "\n".join(f"{turn.speaker.upper() if turn.encrypted else turn.speaker} {turn.text}" for turn in session.dialogue)


@pytest.mark.parametrize("run", LOOPS)
def test_submission_over_tls_from_the_first_octet(run: Run) -> None:
    session = run(hold(465, StartTls(server_context()), b"220 mx ESMTP\r\n", Line(), EHLO, Line(), b"221 bye\r\n"))
    assert said(session) == ("S 220 mx ESMTP\nC EHLO probe.example.net\nS 250-mx\nS 250-AUTH PLAIN LOGIN\nS 250 SIZE 10\nC QUIT\nS 221 bye")
    assert (session.ending, session.detail) == (Ending.QUIT, "")
    assert session.tls is not None and session.tls.completed and session.tls.chain == issued().chain
    assert session.tls.server_name == "mx.example.com"
    facts = read_session(session)
    assert facts.ehlo_clear is None and facts.ehlo_encrypted is not None and facts.ehlo_encrypted.offers("AUTH")


def test_submission_with_starttls_is_like_port_25() -> None:
    offer = b"250-mx\r\n250 STARTTLS\r\n"
    steps = (b"220 mx\r\n", Line(), offer, Line(), b"220 go\r\n", StartTls(server_context()), Line(), EHLO, Line(), b"221 bye\r\n")
    facts = read_session(held(587, *steps))
    assert facts.starttls_offered and facts.ehlo_encrypted is not None and facts.ehlo_encrypted.offers("AUTH")


IMAP = b"* OK [CAPABILITY IMAP4rev1 LOGIN-REFERRALS STARTTLS LOGINDISABLED] Dovecot ready.\r\n"
CAPABILITY = b"* CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED\r\na OK Pre-login capabilities listed.\r\n"
INSIDE = b"* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\na OK done\r\n"
BYE = b"* BYE Logging out\r\na OK Logout completed.\r\n"


@pytest.mark.parametrize("run", LOOPS)
def test_imap_with_starttls(run: Run) -> None:
    start: tuple[Step, ...] = (IMAP, Line(), CAPABILITY, Line(), b"a OK Begin TLS\r\n", StartTls(server_context()))
    session = run(hold(143, *start, Line(), INSIDE, Line(), BYE))
    assert said(session) == (
        "s * OK [CAPABILITY IMAP4rev1 LOGIN-REFERRALS STARTTLS LOGINDISABLED] Dovecot ready.\nc a CAPABILITY\n"
        "s * CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED\ns a OK Pre-login capabilities listed.\nc a STARTTLS\ns a OK Begin TLS\n"
        "C a CAPABILITY\nS * CAPABILITY IMAP4rev1 AUTH=PLAIN\nS a OK done\nC a LOGOUT\nS * BYE Logging out\nS a OK Logout completed."
    )
    assert session.ending is Ending.QUIT and session.tls is not None and session.tls.completed
    facts = read_mailbox(session, service_on(143).protocol)
    assert facts.starttls_offered and facts.capabilities == ("IMAP4REV1", "STARTTLS", "LOGINDISABLED")
    assert facts.starttls_reply is not None and facts.starttls_reply.positive
    assert facts.encrypted_capabilities == ("IMAP4REV1", "AUTH=PLAIN")


def test_imap_over_tls_from_the_first_octet() -> None:
    session = held(993, StartTls(server_context()), IMAP, Line(), INSIDE, Line(), BYE)
    assert session.ending is Ending.QUIT and session.tls is not None and session.tls.completed
    facts = read_mailbox(session, service_on(993).protocol)
    assert facts.greeting is not None and facts.greeting.positive
    assert facts.capabilities is None and facts.encrypted_capabilities == ("IMAP4REV1", "AUTH=PLAIN")


def test_imap_without_starttls_says_so() -> None:
    plain = b"* CAPABILITY IMAP4rev1\r\na OK\r\n"
    session = held(143, b"* OK hi\r\n", Line(), plain, Line(), b"a BAD Unknown command\r\n", Line(), BYE)
    facts = read_mailbox(session, service_on(143).protocol)
    assert session.tls is None and session.ending is Ending.QUIT
    assert not facts.starttls_offered and facts.starttls_reply is not None and not facts.starttls_reply.positive


CAPA = b"+OK\r\nUSER\r\nSTLS\r\nSASL PLAIN\r\n.\r\n"


@pytest.mark.parametrize("run", LOOPS)
def test_pop_with_stls(run: Run) -> None:
    start: tuple[Step, ...] = (b"+OK ready\r\n", Line(), CAPA, Line(), b"+OK Begin TLS\r\n", StartTls(server_context()))
    session = run(hold(110, *start, Line(), b"+OK\r\nUSER\r\n.\r\n", Line(), b"+OK bye\r\n"))
    assert said(session) == (
        "s +OK ready\nc CAPA\ns +OK\ns USER\ns STLS\ns SASL PLAIN\ns .\nc STLS\ns +OK Begin TLS\nC CAPA\nS +OK\nS USER\nS .\nC QUIT\n"
        "S +OK bye"
    )
    facts = read_mailbox(session, service_on(110).protocol)
    assert facts.starttls_offered and facts.capabilities == ("USER", "STLS", "SASL PLAIN")
    assert facts.encrypted_capabilities == ("USER",)


def test_pop_over_tls_from_the_first_octet() -> None:
    session = held(995, StartTls(server_context()), b"+OK hi\r\n", Line(), b"-ERR what\r\n", Line(), b"+OK bye\r\n")
    assert session.ending is Ending.QUIT and session.tls is not None and session.tls.completed


@pytest.mark.parametrize(("port", "greeting"), ((143, b"* BYE too many connections\r\n"), (110, b"-ERR busy\r\n")))
def test_a_refusal_is_kept(port: int, greeting: bytes) -> None:
    facts = read_mailbox(held(port, greeting, Line()), service_on(port).protocol)
    assert facts.refused_with == greeting.decode().strip() and not facts.starttls_offered


@pytest.mark.parametrize("port", (143, 110))
def test_another_protocol_is_garbled(port: int) -> None:
    session = held(port, b"220 mx ESMTP\r\n", Stall())
    assert session.ending is Ending.GARBLED and ("not IMAP" in session.detail or "not POP3" in session.detail)
    assert read_mailbox(session, service_on(port).protocol).greeting is None


@pytest.mark.parametrize("port", (465, 993, 995))
def test_text_where_tls_should_be_is_no_handshake(port: int) -> None:
    session = held(port, b"220 mx ESMTP\r\n", Stall())
    assert session.ending is Ending.GARBLED and session.tls is not None and not session.tls.completed
