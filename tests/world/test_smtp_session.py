import asyncio
import ssl
from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import TypeAlias

import pytest
import uvloop

from hauberk.lab.pki import CertificateSpec
from hauberk.model.dns import NoAnswer
from hauberk.model.transport import Ending, Endpoint, SmtpSession, Speaker
from hauberk.protocols.smtp import Refusal, read_session
from hauberk.world.dialogue import SmtpPatience
from hauberk.world.smtp import converse
from world.byte_server import Flood, Line, Reset, Stall, StartTls, Step, Wait, dialer_to, issued, listening, play, server_context, serving

Run: TypeAlias = Callable[[Coroutine[object, object, SmtpSession]], SmtpSession]
HURRY = SmtpPatience(greeting=0.4, reply=0.4, handshake=0.4, farewell=0.2, session=5.0)
ENDPOINT = Endpoint("mx.example.com", "192.0.2.25")

GREETING = b"220 mx.example.com ESMTP\r\n"
PLAIN_EHLO = b"250-mx.example.com\r\n250 SIZE 1000\r\n"
EHLO = b"250-mx.example.com\r\n250-SIZE 1000\r\n250 STARTTLS\r\n"
READY = b"220 2.0.0 Ready to start TLS\r\n"
BYE = b"221 2.0.0 Bye\r\n"
BEFORE_TLS: tuple[Step, ...] = (GREETING, Line(), EHLO, Line(), READY)
LOOPS = (asyncio.run, uvloop.run)


async def hold(*steps: Step, patience: SmtpPatience = HURRY) -> SmtpSession:
    async with serving(*steps) as place:
        session = await converse(dialer_to(place), ENDPOINT, "probe.example.net", patience)
        assert not isinstance(session, NoAnswer)
        return session


def session(*steps: Step, patience: SmtpPatience = HURRY) -> SmtpSession:
    return asyncio.run(hold(*steps, patience=patience))


def said(session: SmtpSession) -> str:
    return "\n".join(f"{turn.speaker.upper() if turn.encrypted else turn.speaker} {turn.text}" for turn in session.dialogue)


@pytest.mark.parametrize("run", LOOPS)
def test_a_whole_session_is_written_down(run: Run) -> None:
    context = server_context()
    got = run(hold(*BEFORE_TLS, StartTls(context), Line(), PLAIN_EHLO, Line(), BYE))
    assert said(got) == (
        "s 220 mx.example.com ESMTP\nc EHLO probe.example.net\ns 250-mx.example.com\ns 250-SIZE 1000\ns 250 STARTTLS\nc STARTTLS\n"
        "s 220 2.0.0 Ready to start TLS\nC EHLO probe.example.net\nS 250-mx.example.com\nS 250 SIZE 1000\nC QUIT\nS 221 2.0.0 Bye"
    )
    assert (got.ending, got.detail) == (Ending.QUIT, "")
    assert got.tls is not None and got.tls.completed and got.tls.chain == issued().chain
    assert [turn.at_ms for turn in got.dialogue] == sorted(turn.at_ms for turn in got.dialogue)


def test_no_starttls_means_quit() -> None:
    got = session(GREETING, Line(), PLAIN_EHLO, Line(), BYE)
    assert got.ending is Ending.QUIT and got.tls is None
    assert said(got).endswith("c QUIT\ns 221 2.0.0 Bye")


def test_a_server_that_closes_after_quit_without_a_word_is_no_fault() -> None:
    assert session(GREETING, Line(), PLAIN_EHLO, Line()).ending is Ending.QUIT


@pytest.mark.parametrize(
    ("greeting", "refusal"),
    (
        (b"421 4.7.0 too many connections from 192.0.2.1\r\n", Refusal.RATE_LIMITED),
        (b"450 4.3.2 greylisted, try again later\r\n", Refusal.GREYLISTED),
        (b"554-mx.example.com\r\n554 blocked by policy\r\n", Refusal.BLOCKED),
    ),
)
def test_who_refuses_us_is_told_quit_and_left_alone(greeting: bytes, refusal: Refusal) -> None:
    got = session(greeting, Line(), BYE)
    assert [turn.text for turn in got.dialogue if turn.speaker is Speaker.CLIENT] == ["QUIT"]
    assert got.ending is Ending.QUIT
    assert read_session(got).refusal is refusal


@pytest.mark.parametrize("reply", (b"421 4.3.2 shutting down\r\n", b"450 4.7.1 come back\r\n"))
def test_who_puts_off_ehlo_is_not_asked_helo(reply: bytes) -> None:
    got = session(GREETING, Line(), reply, Line(), BYE)
    assert "HELO probe" not in said(got).replace("EHLO", "")
    assert read_session(got).refused_us


def test_who_does_not_know_ehlo_is_asked_helo() -> None:
    got = session(GREETING, Line(), b"502 what\r\n", Line(), b"250 mx.example.com\r\n", Line(), BYE)
    assert "c HELO probe.example.net\ns 250 mx.example.com" in said(got)
    assert read_session(got).served


def test_a_starttls_that_is_put_off_ends_with_quit() -> None:
    got = session(GREETING, Line(), EHLO, Line(), b"454 4.7.0 TLS not available\r\n", Line(), BYE)
    assert got.ending is Ending.QUIT and got.tls is None
    assert read_session(got).starttls_offered


STALLS = {
    "greeting": (Stall(),),
    "half a greeting": (b"220 mx.exam", Stall()),
    "a first line": (b"220-mx.example.com\r\n", Stall()),
    "EHLO": (GREETING, Line(), Stall()),
    "half a response": (GREETING, Line(), b"250-mx.example.com\r\n250-SI", Stall()),
    "STARTTLS": (GREETING, Line(), EHLO, Line(), Stall()),
    "handshake": (*BEFORE_TLS, Stall()),
}


@pytest.mark.parametrize("steps", STALLS.values(), ids=STALLS.keys())
@pytest.mark.parametrize("run", LOOPS)
def test_a_stall_ends_in_time(steps: tuple[Step, ...], run: Run) -> None:
    got = run(hold(*steps))
    assert got.ending is Ending.TIMEOUT
    assert "within 0.4 s" in got.detail


CLOSES = {name: steps[:-1] for name, steps in STALLS.items()}


@pytest.mark.parametrize("steps", CLOSES.values(), ids=CLOSES.keys())
@pytest.mark.parametrize("run", LOOPS)
def test_a_close_is_written_down_wherever_it_comes(steps: tuple[Step, ...], run: Run) -> None:
    got = run(hold(*steps))
    assert got.ending is Ending.CLOSED
    assert "closed" in got.detail
    sent = b"".join(step for step in steps if isinstance(step, bytes))
    assert [turn.text for turn in got.dialogue if turn.speaker is Speaker.SERVER] == sent.decode().split("\r\n")[:-1]


@pytest.mark.parametrize("steps", CLOSES.values(), ids=CLOSES.keys())
@pytest.mark.parametrize("run", LOOPS)
def test_a_reset_is_written_down_wherever_it_comes(steps: tuple[Step, ...], run: Run) -> None:
    assert run(hold(*steps, Wait(0.03), Reset())).ending is Ending.RESET


def test_a_drip_cannot_stretch_a_reply() -> None:
    drips = [step for octet in GREETING * 3 for step in (bytes([octet]), Wait(0.05))]
    got = session(*drips)
    assert got.ending is Ending.TIMEOUT
    assert got.dialogue == ()
    assert "it began a line: 220" in got.detail


def test_a_drip_of_whole_replies_cannot_stretch_the_session() -> None:
    patience = replace(HURRY, session=0.5)
    got = session(Wait(0.2), GREETING, Line(), Wait(0.2), EHLO, Line(), Wait(0.2), READY, patience=patience)
    assert got.ending is Ending.TIMEOUT


@pytest.mark.parametrize(
    "garbage", (b"\x00\xff\xfe\r\n", b"SSH-2.0-OpenSSH_9.2\r\n", b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\r\n\r\n", b"+OK POP3\r\n")
)
def test_garbage_is_garbled(garbage: bytes) -> None:
    got = session(garbage, Stall())
    assert got.ending is Ending.GARBLED
    assert "not SMTP" in got.detail
    assert len(got.dialogue) == 1


@pytest.mark.parametrize(
    "banner",
    (b"220 " + b"x" * 1_000_000, b"220-hello hello\r\n" * 60_000, b"220-" + b"y" * 4_000 + b"\r\n", b"\xff" * 1_000_000),
    ids=("one line", "many lines", "long lines", "no text"),
)
@pytest.mark.parametrize("run", LOOPS)
def test_a_megabyte_of_banner_is_too_much(banner: bytes, run: Run) -> None:
    got = run(hold(Flood(banner)))
    assert got.ending is Ending.TOO_MUCH
    assert sum(len(turn.text) for turn in got.dialogue) <= 65_536


def test_a_flood_after_ehlo_is_too_much() -> None:
    assert session(GREETING, Line(), Flood(b"250-X\r\n" * 1_000)).ending is Ending.TOO_MUCH


def test_a_flood_through_tls_is_too_much() -> None:
    got = session(*BEFORE_TLS, StartTls(server_context()), Line(), Flood(b"250-X\r\n" * 1_000))
    assert got.ending is Ending.TOO_MUCH
    assert got.tls is not None and got.tls.completed


def test_octets_that_are_not_utf8_are_kept_readable() -> None:
    got = session(b"220 caf\xe9\r\n", Line(), PLAIN_EHLO, Line(), BYE)
    assert got.dialogue[0].text == "220 caf\\xe9"


def test_bare_line_feeds_will_do() -> None:
    assert session(GREETING.replace(b"\r", b""), Line(), PLAIN_EHLO.replace(b"\r", b""), Line(), BYE).ending is Ending.QUIT


def test_text_behind_the_reply_to_starttls_is_noted_and_dropped() -> None:
    got = session(*BEFORE_TLS[:-1], READY + b"250 injected\r\n", StartTls(server_context()), Line(), PLAIN_EHLO, Line(), BYE)
    assert got.ending is Ending.QUIT
    assert "14 octets came in clear behind the reply to STARTTLS: 250 injected" in got.detail
    assert "injected" not in said(got)


@pytest.mark.parametrize("garbage", (b"250 what is this\r\n", b"\x00" * 100, b"\x16\x03\x01\xff\xff" + b"z" * 100, bytes(range(256)) * 40))
def test_garbage_for_a_handshake_is_no_handshake(garbage: bytes) -> None:
    got = session(*BEFORE_TLS, Line(), garbage, Wait(0.1))
    assert got.ending in (Ending.GARBLED, Ending.CLOSED, Ending.RESET)
    assert got.tls is not None and not got.tls.completed and got.tls.error


def test_an_alert_is_named() -> None:
    got = session(*BEFORE_TLS, Wait(0.05), b"\x15\x03\x03\x00\x02\x02\x28", Wait(0.1))
    assert got.ending is Ending.CLOSED
    assert got.tls is not None and "handshake_failure" in got.tls.error


def test_a_stall_after_the_handshake_keeps_the_handshake() -> None:
    got = session(*BEFORE_TLS, StartTls(server_context()), Stall())
    assert got.ending is Ending.TIMEOUT
    assert got.tls is not None and got.tls.completed and got.tls.chain


def test_tls_1_0_alone_is_spoken() -> None:
    context = server_context(versions=(ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1))
    got = session(*BEFORE_TLS, StartTls(context), Line(), PLAIN_EHLO, Line(), BYE)
    assert got.ending is Ending.QUIT
    assert got.tls is not None and got.tls.completed and got.tls.version == "TLSv1"


CERTIFICATES = (
    CertificateSpec(("mx.example.com",), days_left=-3),
    CertificateSpec(("mx.example.com",), issuer="self"),
    CertificateSpec(("mx.example.com",), issuer="unknown"),
    CertificateSpec(("other.example.net",)),
    CertificateSpec(()),
    CertificateSpec(("*.example.com", "xn--bcher-kva.example", "192.0.2.25")),
    CertificateSpec(("mx.example.com",), key="rsa1024"),
    CertificateSpec(("mx.example.com",), key="ed25519"),
    CertificateSpec(("mx.example.com",), key="rsa2048", signature="sha1"),
    CertificateSpec(("mx.example.com",), chain="leaf-only"),
)


@pytest.mark.parametrize("spec", CERTIFICATES, ids=str)
@pytest.mark.parametrize("newest", (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3))
def test_every_certificate_is_recorded_as_it_was_sent(spec: CertificateSpec, newest: ssl.TLSVersion) -> None:
    certificate = issued(spec)
    context = server_context(certificate, versions=(newest, newest))
    got = session(*BEFORE_TLS, StartTls(context), Line(), PLAIN_EHLO, Line(), BYE)
    assert got.ending is Ending.QUIT
    assert got.tls is not None and got.tls.chain == certificate.chain


def test_cancelling_leaves_nothing_behind() -> None:
    async def scenario() -> None:
        async with serving(GREETING, Stall()) as place:
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(converse(dialer_to(place), ENDPOINT, "probe.example.net", SmtpPatience()), 0.1)

    asyncio.run(scenario())


@pytest.mark.parametrize("confused", (b"", b"\x15\x03\x01\x00\x02\x02\x32"), ids=("closes", "decode_error"))
def test_a_server_that_a_long_hello_confuses_is_visited_with_a_short_one(confused: bytes) -> None:
    hellos: list[int] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await play(BEFORE_TLS, reader, writer)
        hello = await reader.read(16_384)
        hellos.append(len(hello))
        if len(hello) > 1_000:
            writer.write(confused)
            return
        server_in, server_out = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = server_context().wrap_bio(server_in, server_out, server_side=True)
        server_in.write(hello)
        steps = iter((tls.do_handshake, lambda: tls.read(100), lambda: tls.write(PLAIN_EHLO), lambda: tls.read(100)))
        step = next(steps)
        while True:
            try:
                step()
                step = next(steps)
            except ssl.SSLWantReadError:
                writer.write(server_out.read())
                server_in.write(await reader.read(16_384))
            except StopIteration:
                return

    async def scenario() -> SmtpSession:
        async with listening(talk) as place:
            session = await converse(dialer_to(place), ENDPOINT, "probe.example.net", HURRY)
            assert isinstance(session, SmtpSession)
            return session

    got = asyncio.run(scenario())
    assert got.tls is not None and got.tls.completed and got.tls.version == "TLSv1.2"
    assert "a first handshake that offered TLS 1.3 failed" in got.detail
    assert len(hellos) == 2 and hellos[1] < 500


def test_a_server_that_fails_every_handshake_is_visited_twice_and_not_more() -> None:
    visits = 0

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal visits
        visits += 1
        await play(BEFORE_TLS, reader, writer)

    async def scenario() -> None:
        async with listening(talk) as place:
            await converse(dialer_to(place), ENDPOINT, "probe.example.net", HURRY)

    asyncio.run(scenario())
    assert visits == 2
