import asyncio
import gc
import ssl
import time
import tracemalloc
from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import TypeAlias

import pytest
import uvloop

from hauberk.model.dns import NoAnswer, Silence
from hauberk.model.transport import Ending, Endpoint, Flight, Hello
from hauberk.protocols.tls.completeness import FlightState, flight_state
from hauberk.world.dialogue import SmtpPatience
from hauberk.world.hello import MOST_FLIGHT, say_hello
from hauberk.world.live import LiveConfig, LiveWorld
from hauberk.world.politeness import Manners
from world.byte_server import Flood, Line, Octets, Reset, Stall, Step, Wait, dialer_to, listening, play, server_context, serving

Answer: TypeAlias = Flight | NoAnswer
Visited: TypeAlias = tuple[list[object], int, int]
Run: TypeAlias = Callable[[Coroutine[object, object, Answer]], Answer]
HURRY = SmtpPatience(greeting=0.4, reply=0.4, handshake=0.4, farewell=0.2, session=5.0)
ADDRESS = "192.0.2.25"
LOOPS = (asyncio.run, uvloop.run)


def client_hello() -> bytes:
    """OpenSSL's."""
    out = ssl.MemoryBIO()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with pytest.raises(ssl.SSLWantReadError):
        context.wrap_bio(ssl.MemoryBIO(), out).do_handshake()
    return out.read()


def server_flight(hello: bytes, version: ssl.TLSVersion = ssl.TLSVersion.TLSv1_2) -> bytes:
    """What OpenSSL answers."""
    client, out = ssl.MemoryBIO(), ssl.MemoryBIO()
    client.write(hello)
    with pytest.raises(ssl.SSLWantReadError):
        server_context(versions=(version, version)).wrap_bio(client, out, server_side=True).do_handshake()
    return out.read()


HELLO = client_hello()
FLIGHT = server_flight(HELLO)
SERVER_HELLO = FLIGHT[: 5 + int.from_bytes(FLIGHT[3:5])]
GREETING = b"220 mx.example.com ESMTP\r\n"
EHLO = b"250-mx.example.com\r\n250-SIZE 1000\r\n250 STARTTLS\r\n"
READY = b"220 2.0.0 Ready to start TLS\r\n"
READ = Octets(len(HELLO))
OPENING: tuple[Step, ...] = (GREETING, Line(), EHLO, Line(), READY, READ)
ALERT = b"\x15\x03\x03\x00\x02\x02\x28"
GRUMBLE = b"\x15\x03\x03\x00\x02\x01\x70"


async def put(*steps: Step, port: int = 25, patience: SmtpPatience = HURRY) -> Answer:
    async with serving(*steps) as place:
        hello = Hello(Endpoint("mx.example.com", ADDRESS, port), HELLO, "a test")
        return await say_hello(dialer_to(place, port=port), hello, "probe.example.net", patience)


def asked(*steps: Step, port: int = 25, patience: SmtpPatience = HURRY) -> Answer:
    return asyncio.run(put(*steps, port=port, patience=patience))


def fragments(flight: bytes, size: int) -> bytes:
    """The same messages in records of at most so many octets."""
    assert flight[0] == 22
    messages = b""
    while flight:
        end = 5 + int.from_bytes(flight[3:5])
        messages, flight = messages + flight[5:end], flight[end:]
    parts = [messages[start : start + size] for start in range(0, len(messages), size)]
    return b"".join(b"\x16\x03\x03" + len(part).to_bytes(2) + part for part in parts)


OPENINGS: dict[int, tuple[Step, ...]] = {
    25: OPENING,
    587: OPENING,
    465: (READ,),
    993: (READ,),
    995: (READ,),
    143: (b"* OK [CAPABILITY IMAP4rev1 STARTTLS] ready\r\n", Line(), b"* OK soon\r\na OK Begin TLS\r\n", READ),
    110: (b"+OK ready <1.2@mx>\r\n", Line(), b"+OK Begin TLS\r\n", READ),
}


@pytest.mark.parametrize("port", OPENINGS)
@pytest.mark.parametrize("run", LOOPS)
def test_every_port_has_its_opening(port: int, run: Run) -> None:
    assert run(put(*OPENINGS[port], FLIGHT, Stall(), port=port)) == Flight(FLIGHT, Ending.QUIT)


@pytest.mark.parametrize("port", OPENINGS)
def test_what_is_said_on_the_way_is_what_the_port_wants(port: int) -> None:
    heard: list[bytes] = []
    gone = asyncio.Event()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for step in OPENINGS[port]:
            if isinstance(step, Line):
                heard.append(await reader.readline())
            else:
                await play((step,), reader, writer)
        writer.write(ALERT)
        heard.append(await reader.read())
        gone.set()

    async def scenario() -> Answer:
        async with listening(talk) as place:
            hello = Hello(Endpoint("mx.example.com", ADDRESS, port), HELLO)
            answer = await say_hello(dialer_to(place, port=port), hello, "probe.example.net", HURRY)
            await asyncio.wait_for(gone.wait(), 2)
            return answer

    assert asyncio.run(scenario()) == Flight(ALERT, Ending.QUIT)
    said = {143: [b"a STARTTLS\r\n"], 110: [b"STLS\r\n"], 25: [b"EHLO probe.example.net\r\n", b"STARTTLS\r\n"]}
    said[587] = said[25]
    assert heard == [*said.get(port, []), b""]  # at last a FIN, so that the server is not left hanging


REFUSALS: dict[str, tuple[int, tuple[Step, ...]]] = {
    "421 4.7.0 mx Error: too many connections from 192.0.2.1": (25, ()),
    "450 4.3.2 Service currently unavailable": (25, ()),
    "554 blocked": (25, ()),
    "451 4.3.0 later": (25, (GREETING, Line())),
    "421 4.3.2 shutting down": (25, (GREETING, Line())),
    "454 4.7.0 Error: too many new TLS sessions from 192.0.2.1": (25, (GREETING, Line(), EHLO, Line())),
    "502 5.5.1 Error: command not implemented": (587, (GREETING, Line(), EHLO, Line())),
    "250 what": (25, (GREETING, Line(), EHLO, Line())),
    "454 4.7.0 TLS not available after all": (25, OPENING),
    "* BYE too many connections": (143, ()),
    "a NO not now": (143, (b"* OK hi\r\n", Line())),
    "a BAD what": (143, (b"* PREAUTH hi\r\n", Line())),
    "-ERR [SYS/TEMP] busy": (110, ()),
    "-ERR what": (110, (b"+OK hi\r\n", Line())),
    "421 4.7.0 too many": (465, (READ,)),
    "* BYE go away": (993, (READ,)),
    "-ERR go away": (995, (READ,)),
}


@pytest.mark.parametrize("line", REFUSALS)
def test_a_refusal_is_no_answer_to_the_hello(line: str) -> None:
    port, steps = REFUSALS[line]
    # On the way there we say goodbye; instead of a flight it is merely no TLS.
    ending = Ending.GARBLED if READ in steps else Ending.QUIT
    assert asked(*steps, f"{line}\r\n".encode(), Line(), port=port) == Flight(b"", ending, line)


BEFORE: dict[str, tuple[Step, ...]] = {
    "greeting": (),
    "half a greeting": (b"220 mx.exam",),
    "EHLO": (GREETING, Line()),
    "half a response": (GREETING, Line(), b"250-mx.example.com\r\n250-SI"),
    "STARTTLS": (GREETING, Line(), EHLO, Line()),
}


@pytest.mark.parametrize("steps", BEFORE.values(), ids=BEFORE.keys())
@pytest.mark.parametrize("run", LOOPS)
def test_who_never_comes_to_the_hello_has_not_answered_it(steps: tuple[Step, ...], run: Run) -> None:
    for last, reason in (((Stall(),), Silence.TIMEOUT), ((), Silence.UNREACHABLE), ((Wait(0.03), Reset()), Silence.UNREACHABLE)):
        answer = run(put(*steps, *last))
        assert isinstance(answer, NoAnswer) and answer.reason is reason, (last, answer)


@pytest.mark.parametrize("greeting", (b"SSH-2.0-OpenSSH_9.2\r\n", bytes(100) + b"\n", b"220-x\r\n" * 60_000, b"220 " + b"x" * 100_000))
def test_another_protocol_has_not_answered_it_either(greeting: bytes) -> None:
    answer = asked(greeting, Stall())
    assert isinstance(answer, NoAnswer) and answer.reason is Silence.GARBLED


@pytest.mark.parametrize("run", LOOPS)
def test_octet_by_octet_in_small_records_is_all_the_same(run: Run) -> None:
    spread = fragments(FLIGHT, 7)
    drips = tuple(step for start in range(0, len(spread), 40) for step in (spread[start : start + 40], Wait(0.001)))
    assert run(put(*OPENING, *drips, Stall(), patience=replace(HURRY, handshake=3.0))) == Flight(spread, Ending.QUIT)


@pytest.mark.parametrize("run", LOOPS)
def test_one_octet_at_a_time_cannot_stretch_the_handshake(run: Run) -> None:
    drips = tuple(step for octet in FLIGHT[:40] for step in (bytes([octet]), Wait(0.1)))
    began = time.monotonic()
    answer = run(put(*OPENING, *drips))
    assert isinstance(answer, Flight) and answer.ending is Ending.TIMEOUT and FLIGHT.startswith(answer.received)
    assert time.monotonic() - began < 1.5


MISBEHAVIOUR: dict[str, tuple[tuple[Step, ...], Ending]] = {
    "nothing": ((Stall(),), Ending.TIMEOUT),
    "close": ((), Ending.CLOSED),
    "reset": ((Reset(),), Ending.RESET),
    "alert": ((ALERT,), Ending.QUIT),
    "alert in halves": ((ALERT[:6], Wait(0.02), ALERT[6:], Stall()), Ending.QUIT),
    "alert storm": ((Flood(GRUMBLE * 100),), Ending.TOO_MUCH),
    "half a flight": ((FLIGHT[: len(FLIGHT) // 2], Stall()), Ending.TIMEOUT),
    "half a flight and close": ((FLIGHT[: len(FLIGHT) // 2],), Ending.CLOSED),
    "half a flight and reset": ((FLIGHT[: len(FLIGHT) // 2], Wait(0.05), Reset()), Ending.RESET),
    "text": ((b"what do you mean\r\n",), Ending.GARBLED),
    "a page": ((b"<html>\n" * 10_000,), Ending.GARBLED),
    "zeros": ((bytes(10_000),), Ending.GARBLED),
    "a length that cannot be": ((b"\x16\x03\x03\xff\xff" + bytes(70_000),), Ending.GARBLED),
    "a message that never ends": ((Flood(b"\x16\x03\x03\x40\x00\x0b\xff\xff\xff" + b"\x0b" * 16_380),), Ending.TOO_MUCH),
    "empty records without end": ((Flood(b"\x16\x03\x03\x00\x00" * 1_000),), Ending.TOO_MUCH),
    "messages without end": ((Flood(b"\x16\x03\x03\x00\x04\x16\x00\x00\x00" * 1_000),), Ending.TOO_MUCH),
    "a chain of a megabyte": (
        (SERVER_HELLO, b"\x16\x03\x03\x40\x00\x0b\x10\x00\x00" + bytes(16_380), Flood(b"\x16\x03\x03\x40\x00" + bytes(16_384))),
        Ending.TOO_MUCH,
    ),
    "encrypted without a hello": ((b"\x17\x03\x03\x00\x05hello",), Ending.QUIT),
    "the hello sent back": ((HELLO, Stall()), Ending.TIMEOUT),
}


@pytest.mark.parametrize("name", MISBEHAVIOUR)
@pytest.mark.parametrize("run", LOOPS)
def test_misbehaviour_has_its_ending(name: str, run: Run) -> None:
    steps, ending = MISBEHAVIOUR[name]
    began = time.monotonic()
    answer = run(put(*OPENING, *steps))
    assert isinstance(answer, Flight)
    assert (answer.ending, answer.refusal) == (ending, "")
    assert len(answer.received) <= MOST_FLIGHT
    assert time.monotonic() - began < 2


@pytest.mark.parametrize("run", LOOPS)
def test_a_reset_may_come_at_any_octet(run: Run) -> None:
    for cut in range(0, len(FLIGHT), 97):
        answer = run(put(*OPENING, FLIGHT[:cut], Wait(0.002), Reset()))
        assert isinstance(answer, Flight) and FLIGHT.startswith(answer.received)
        assert answer.ending is Ending.RESET and flight_state(answer.received) is FlightState.OPEN


def test_memory_stays_bounded_whatever_is_sent() -> None:
    tracemalloc.start()
    try:
        asked(*OPENING, Flood(b"\x16\x03\x03\x40\x00" + bytes(16_384)))
        gc.collect()
        before = tracemalloc.get_traced_memory()[0]
        tracemalloc.reset_peak()
        asked(*OPENING, Flood((b"\x16\x03\x03\x40\x00\x0b\xff\xff\xff" + b"\x0b" * 16_380) * 4))
        assert tracemalloc.get_traced_memory()[1] - before < 4_000_000
    finally:
        tracemalloc.stop()


async def world_answers(*hellos: bytes, steps: tuple[tuple[Step, ...], ...], manners: Manners) -> Visited:
    """The replies to these hellos asked at the same time, how often the server was visited, and by how many at the same time."""
    visits = open_now = most_open = 0

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal visits, open_now, most_open
        visits += 1
        open_now += 1
        most_open = max(most_open, open_now)
        try:
            await play(steps[min(visits, len(steps)) - 1], reader, writer)
            await reader.read()
        finally:
            open_now -= 1

    async with listening(talk) as place:
        config = LiveConfig(
            resolver="udp://127.0.0.1:9", helo="probe.example.net", routes={(ADDRESS, 25): place}, smtp=HURRY, manners=manners
        )
        async with LiveWorld(config) as world:
            endpoint = Endpoint("mx.example.com", ADDRESS)
            return list(await asyncio.gather(*(world.ask(Hello(endpoint, octets)) for octets in hellos))), visits, most_open


def hellos(count: int) -> list[bytes]:
    return [HELLO[:-1] + bytes([number]) for number in range(count)]


QUICK = Manners(pause=0.0)


@pytest.mark.parametrize("run", LOOPS)
def test_two_hellos_at_a_time_and_each_but_once(run: Callable[[Coroutine[object, object, Visited]], Visited]) -> None:
    asks = hellos(8)
    answers, visits, most_open = run(world_answers(*asks, *asks, steps=((*OPENING, Wait(0.01), FLIGHT),), manners=QUICK))
    assert answers == [Flight(FLIGHT, Ending.QUIT)] * 16
    assert (visits, most_open) == (8, 2)


def test_who_turned_us_away_is_not_visited_again() -> None:
    refusing = (GREETING, Line(), EHLO, Line(), b"454 4.7.0 too many new TLS sessions\r\n", Line())
    whole = (*OPENING, FLIGHT)
    answers, visits, _ = asyncio.run(world_answers(*hellos(20), steps=(whole, whole, refusing), manners=QUICK))
    refusal = Flight(b"", Ending.QUIT, "454 4.7.0 too many new TLS sessions")
    assert answers == [Flight(FLIGHT, Ending.QUIT)] * 2 + [refusal] * 18
    assert visits <= 4  # the two that were under way


def test_who_falls_silent_is_not_waited_for_time_and_again() -> None:
    answers, visits, _ = asyncio.run(world_answers(*hellos(20), steps=((*OPENING, FLIGHT), (Stall(),)), manners=QUICK))
    assert visits <= 4
    assert all(isinstance(answer, NoAnswer) and answer.reason is Silence.TIMEOUT for answer in answers[1:])


def test_the_budget_is_kept() -> None:
    answers, visits, _ = asyncio.run(world_answers(*hellos(20), steps=((*OPENING, FLIGHT),), manners=replace(QUICK, budget=5)))
    assert visits == 5
    assert answers[5:] == [NoAnswer(Silence.FORBIDDEN, "the budget of 5 connections to one server is spent")] * 15


def test_the_guard_holds_for_hellos_too() -> None:
    async def scenario() -> object:
        async with LiveWorld(LiveConfig(resolver="udp://127.0.0.1:9", helo="probe.example.net")) as world:
            return await world.ask(Hello(Endpoint("mx.example.com", "169.254.169.254"), HELLO))

    answer = asyncio.run(scenario())
    assert isinstance(answer, NoAnswer) and answer.reason is Silence.FORBIDDEN
