import asyncio
import socket
from collections.abc import Callable, Coroutine
from ipaddress import ip_network
from typing import TypeVar

import pytest
import uvloop

from hauberk.model.dns import NoAnswer, Silence
from hauberk.world.dial import Dialer, Stream
from hauberk.world.guard import AddressGuard
from hauberk.world.politeness import Manners, Politeness
from world.byte_server import Flood, Reset, Stall, dialer_to, serving

T = TypeVar("T")
LOOPS: tuple[Callable[[Coroutine[object, object, object]], object], ...] = (asyncio.run, uvloop.run)
LOOPBACK = AddressGuard((ip_network("127.0.0.0/8"), ip_network("::1/128")))


async def failure(dialer: Dialer, address: str, port: int) -> NoAnswer:
    async with dialer.dial(address, port) as stream:
        assert isinstance(stream, NoAnswer)
        return stream


def dialer(guard: AddressGuard = LOOPBACK, ipv4: bool = True, ipv6: bool = True) -> Dialer:
    return Dialer(guard, Politeness(Manners()), time_out=0.3, ipv4=ipv4, ipv6=ipv6)


def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.mark.parametrize("run", LOOPS)
def test_a_closed_port_is_refused(run: Callable[..., NoAnswer]) -> None:
    assert run(failure(dialer(), "127.0.0.1", closed_port())).reason is Silence.REFUSED


@pytest.mark.parametrize("run", LOOPS)
def test_a_port_that_swallows_times_out(run: Callable[..., NoAnswer]) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        place = listener.getsockname()
        # The queue of a listener that never accepts fills up; what comes then is dropped by the kernel.
        fillers = [socket.socket() for _ in range(4)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(place)
        try:
            assert run(failure(dialer(), *place)).reason is Silence.TIMEOUT
        finally:
            for filler in fillers:
                filler.close()


def test_the_guard_comes_first() -> None:
    answer = asyncio.run(failure(dialer(AddressGuard()), "127.0.0.1", 25))
    assert answer == NoAnswer(Silence.FORBIDDEN, "127.0.0.1 is a loopback address")


@pytest.mark.parametrize(("address", "ipv4", "ipv6"), (("::1", True, False), ("127.0.0.1", False, True)))
def test_a_family_that_this_machine_lacks_is_not_tried(address: str, ipv4: bool, ipv6: bool) -> None:
    assert asyncio.run(failure(dialer(ipv4=ipv4, ipv6=ipv6), address, 25)).reason is Silence.NO_ROUTE


def test_a_mapped_place_is_allowed_and_another_port_of_it_is_not() -> None:
    async def scenario() -> tuple[bytes, NoAnswer]:
        async with serving(b"hello") as place, dialer_to(place).dial("192.0.2.25", 25) as stream:
            assert isinstance(stream, Stream)
            return await stream.receive(), await failure(dialer_to(place), "192.0.2.25", 443)

    heard, answer = asyncio.run(scenario())
    assert heard == b"hello"
    assert answer.reason is Silence.FORBIDDEN


@pytest.mark.parametrize("run", LOOPS)
def test_the_end_of_a_stream_is_empty_and_stays_so(run: Callable[..., list[bytes]]) -> None:
    async def scenario() -> list[bytes]:
        async with serving(b"bye") as place, dialer_to(place).dial("192.0.2.25", 25) as stream:
            assert isinstance(stream, Stream)
            return [await stream.receive(), await stream.receive(), await stream.receive()]

    assert run(scenario()) == [b"bye", b"", b""]


@pytest.mark.parametrize("run", LOOPS)
def test_a_reset_raises(run: Callable[..., None]) -> None:
    async def scenario() -> None:
        async with serving(Reset()) as place, dialer_to(place).dial("192.0.2.25", 25) as stream:
            assert isinstance(stream, Stream)
            with pytest.raises(OSError):
                await stream.receive()

    run(scenario())


@pytest.mark.parametrize("run", LOOPS)
def test_a_flood_waits_outside(run: Callable[..., int]) -> None:
    async def scenario() -> int:
        async with serving(Flood(b"x" * 65_536)) as place, dialer_to(place).dial("192.0.2.25", 25) as stream:
            assert isinstance(stream, Stream)
            await asyncio.sleep(0.2)
            first = len(await stream.receive())
            await asyncio.sleep(0.05)
            assert await stream.receive()
            return first

    assert run(scenario()) < 1_000_000


@pytest.mark.parametrize("run", LOOPS)
def test_a_peer_that_does_not_read_cannot_hold_us(run: Callable[..., None]) -> None:
    async def scenario() -> None:
        async with serving(Stall()) as place, dialer_to(place).dial("192.0.2.25", 25) as stream:
            assert isinstance(stream, Stream)
            stream.send(b"x" * 20_000_000)

    run(scenario())
