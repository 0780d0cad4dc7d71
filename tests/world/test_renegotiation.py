"""One wish for a second handshake, at OpenSSL's servers and at servers that misbehave."""

import asyncio
import ssl
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import TypeAlias

import pytest
import uvloop
from msgspec import UNSET, UnsetType

from hauberk.model.dns import NoAnswer
from hauberk.model.transport import Ending, Endpoint, SmtpSession, TlsHandshake, Trial, TrialMatter
from hauberk.world.dial import Stream
from hauberk.world.dialogue import SmtpPatience
from hauberk.world.renegotiation import try_renegotiation
from hauberk.world.tls import TlsFailure, TlsStream
from world.byte_server import Flood, Line, Reset, Stall, StartTls, Step, dialer_to, listening, play, server_context, serving

Run: TypeAlias = Callable[[Coroutine[object, object, SmtpSession]], SmtpSession]
HURRY = SmtpPatience(greeting=2.0, reply=2.0, handshake=0.5, farewell=0.2, session=5.0)
ALLOWED = 0x100  # SSL_OP_ALLOW_CLIENT_RENEGOTIATION, which the standard library does not name
BEFORE: tuple[Step, ...] = (b"220 mx ESMTP\r\n", Line(), b"250-mx\r\n250 STARTTLS\r\n", Line(), b"220 go\r\n")
BYE = b"221 2.0.0 bye\r\n"


def context(options: int = 0, newest: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3) -> ssl.SSLContext:
    made = server_context(versions=(ssl.TLSVersion.TLSv1_2, newest))
    made.options |= options
    return made


async def ask(place: tuple[str, int], port: int) -> SmtpSession:
    trial = Trial(Endpoint("mx.example.com", "192.0.2.25", port), TrialMatter.RENEGOTIATION)
    session = await try_renegotiation(dialer_to(place, port=port), trial, "probe.example.net", HURRY)
    assert not isinstance(session, NoAnswer)
    return session


async def ask_player(*steps: Step, port: int = 25) -> SmtpSession:
    async with serving(*steps) as place:
        return await ask(place, port)


def taken(session: SmtpSession) -> bool | UnsetType:
    return session.tls.renegotiated if session.tls else UNSET


@pytest.mark.parametrize("run", (asyncio.run, uvloop.run))
def test_a_server_that_allows_it_goes_along(run: Run) -> None:
    session = run(ask_player(*BEFORE, StartTls(context(ALLOWED)), Line(), BYE))
    assert (taken(session), session.ending, session.dialogue[-1].text) == (True, Ending.QUIT, "221 2.0.0 bye")
    assert session.tls is not None and session.tls.version == "TLSv1.2"


@pytest.mark.parametrize("run", (asyncio.run, uvloop.run))
def test_openssl_refuses_by_default(run: Run) -> None:
    session = run(ask_player(*BEFORE, StartTls(context()), Line(), BYE))
    assert (taken(session), session.ending) == (False, Ending.CLOSED)
    assert "no renegotiation" in session.detail


@pytest.mark.parametrize("port", (465, 993, 995))
def test_where_tls_begins_at_once_the_greeting_comes_first(port: int) -> None:
    greeting = {465: b"220 mx ESMTP\r\n", 993: b"* OK ready\r\n", 995: b"+OK ready\r\n"}[port]
    assert taken(asyncio.run(ask_player(StartTls(context(ALLOWED)), greeting, Line(), BYE, port=port))) is True


@pytest.mark.parametrize(
    "steps",
    (
        (b"421 busy\r\n", Line(), BYE),
        (b"220 mx\r\n", Line(), b"250 mx\r\n", Line(), b"454 4.7.0 later\r\n", Line(), BYE),
        (*BEFORE, b"nonsense\r\n"),
        (*BEFORE, Stall()),
        (*BEFORE, Reset()),
        (*BEFORE, StartTls(server_context(versions=(ssl.TLSVersion.TLSv1_3, ssl.TLSVersion.TLSv1_3))), Line(), BYE),
        (*BEFORE, StartTls(context()), b"250 what nobody asked\r\n", Stall()),
        (*BEFORE, StartTls(context()), Flood(b"250 x\r\n" * 1000)),
    ),
    ids=("sent away", "put off", "no TLS", "stall", "reset", "TLS 1.3 alone", "speaks out of turn", "flood"),
)
def test_what_did_not_come_about_is_not_known(steps: tuple[Step, ...]) -> None:
    assert taken(asyncio.run(ask_player(*steps))) is UNSET


@pytest.mark.parametrize(
    ("answer", "said"),
    (
        ((), False),  # closed
        ((Reset(),), UNSET),
        ((Stall(),), UNSET),
        ((b"\x16\x03\x03\xff\xff" + bytes(70_000),), UNSET),
        ((b"\x15\x03\x03\x00\x02\x01\x64",), UNSET),  # an alert in clear is nobody's word
        ((b"\x17\x03\x03\x00\x20" + bytes(32),), UNSET),
        ((Flood(b"\x16\x03\x03\x00\x00"),), UNSET),
    ),
    ids=("closes", "resets", "stalls", "too long", "alert in clear", "not sealed", "empty records"),
)
def test_octets_that_answer_the_wish(answer: tuple[Step, ...], said: bool | UnsetType) -> None:
    async def server(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Shakes hands by itself, so that what follows is octets of the test's own."""
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = context().wrap_bio(incoming, outgoing, server_side=True)
        while True:
            try:
                tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                writer.write(outgoing.read())
                incoming.write(await reader.read(65_536))
        writer.write(outgoing.read())
        await reader.read(65_536)
        await play(answer, reader, writer)

    async def scenario() -> TlsHandshake:
        async with listening(server) as place, dialer_to(place).dial("192.0.2.25", 25) as stream:
            assert isinstance(stream, Stream)
            tls = TlsStream(stream, "mx.example.com", short_hello=True)
            await tls.handshake()
            with suppress(TlsFailure, TimeoutError, OSError):
                async with asyncio.timeout(0.5):
                    await tls.renegotiate()
            return tls.observed()

    seen = asyncio.run(scenario())
    assert seen.completed and seen.renegotiated is said
