"""The gateway's socket: whatever goes wrong is 451 or the end of one connection, and never more."""

import asyncio
import socket
import stat
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import pytest

from hauberk.system.gateway.config import Limits, Tcp, UnixSocket
from hauberk.system.gateway.message import AddField, Decision, Message, Pass
from hauberk.system.gateway.milter import packet
from hauberk.system.gateway.server import Decide, Server
from system.gateway.milter_client import OFFER, Letter, MilterClient, reply

T = TypeVar("T")
FINE = Limits(inspection_seconds=5)


async def passing(message: Message) -> Decision:
    return Pass()


def with_server(decide: Decide, use: Callable[[tuple[str, int]], T], limits: Limits = FINE, progress_seconds: float = 10) -> T:
    """What `use`, in a thread of its own, makes of the address of a server."""

    async def run() -> T:
        server = Server(limits, decide, progress_seconds)
        where = await server.start(Tcp("127.0.0.1", 0))
        assert isinstance(where, Tcp)
        try:
            return await asyncio.to_thread(use, (where.address, where.port))
        finally:
            await server.stop(1)

    return asyncio.run(run())


def deliver(where: tuple[str, int]) -> str:
    with MilterClient(where) as client:
        client.negotiate()
        return reply(client.deliver(Letter()))


def test_a_clean_message_is_accepted_and_the_next_one_on_the_same_connection() -> None:
    def use(where: tuple[str, int]) -> list[str]:
        with MilterClient(where) as client:
            client.negotiate()
            return [reply(client.deliver(Letter())) for _ in range(3)]

    assert with_server(passing, use) == ["accept"] * 3


async def _raises(message: Message) -> Decision:
    raise RuntimeError("bug")


async def _hangs(message: Message) -> Decision:
    await asyncio.sleep(60)
    return Pass()


async def _garbles(message: Message) -> Decision:
    return Pass((AddField("X", "a\nBcc: everybody"),))


@pytest.mark.parametrize(("decide", "words"), ((_raises, "could not decide"), (_hangs, "found no time"), (_garbles, "could not decide")))
def test_no_verdict_is_451_and_the_gateway_goes_on(decide: Callable[[Message], Awaitable[Decision]], words: str) -> None:
    def use(where: tuple[str, int]) -> list[str]:
        with MilterClient(where) as client:
            client.negotiate()
            return [reply(client.deliver(Letter())) for _ in range(2)]

    for answer in with_server(decide, use, Limits(inspection_seconds=0.3 if decide is _hangs else 30)):
        assert answer.startswith("451 4.7.1 ") and words in answer


def test_the_mail_server_hears_that_a_verdict_is_still_coming() -> None:
    async def slow(message: Message) -> Decision:
        await asyncio.sleep(0.5)
        return Pass()

    def use(where: tuple[str, int]) -> list[bytes]:
        with MilterClient(where) as client:
            client.negotiate()
            return [one.kind for one in client.deliver(Letter())]

    kinds = with_server(slow, use, progress_seconds=0.1)
    assert kinds[-1] == b"a" and 2 <= kinds[:-1].count(b"p") == len(kinds) - 1


@pytest.mark.parametrize(
    "octets",
    (b"GET / HTTP/1.1\r\n\r\n", b"\0\0\0\0", b"\xff" * 8, packet(b"E"), OFFER + packet(b"E"), OFFER + packet(b"z"), packet(b"O", b"x")),
)
def test_who_speaks_something_else_is_cut_off_and_the_others_are_not(octets: bytes) -> None:
    def use(where: tuple[str, int]) -> tuple[list[bytes], str]:
        with MilterClient(where) as stranger, MilterClient(where) as client:
            client.negotiate()
            client.start(Letter())
            stranger.send(octets)
            heard: list[bytes] = []
            while (answer := stranger.next()) is not None:
                heard.append(answer.kind)
            return heard, reply(client.end())

    heard, answer = with_server(passing, use)
    assert set(heard) <= {b"O"} and answer == "accept"


def test_a_client_that_goes_away_in_the_middle_harms_nobody() -> None:
    def use(where: tuple[str, int]) -> str:
        for _ in range(5):
            with MilterClient(where) as client:
                client.negotiate()
                client.start(Letter())
                client.send(packet(b"E"))
        return deliver(where)

    assert with_server(passing, use, Limits(message_octets=2000, held_octets=2000)) == "accept"


def test_more_connections_than_allowed_are_closed_at_once() -> None:
    def use(where: tuple[str, int]) -> bool:
        with MilterClient(where) as first, MilterClient(where) as second:
            first.negotiate()
            second.negotiate()
            with MilterClient(where) as third:
                closed = third.next() is None
            return closed and reply(first.deliver(Letter())) == "accept"

    assert with_server(passing, use, Limits(connections=2))


def test_who_says_nothing_is_sent_away() -> None:
    def use(where: tuple[str, int]) -> bool:
        with MilterClient(where) as client:
            client.negotiate()
            return client.next() is None

    assert with_server(passing, use, Limits(idle_seconds=1))


def test_what_is_too_large_is_refused_for_good_without_asking_anybody() -> None:
    def use(where: tuple[str, int]) -> str:
        with MilterClient(where) as client:
            client.negotiate()
            return reply(client.deliver(Letter(body=b"x" * 300_000)))

    assert with_server(_raises, use, Limits(message_octets=200_000)).startswith("552 5.3.4 ")


def test_what_is_being_decided_about_is_done_before_the_end() -> None:
    async def run() -> tuple[str, bool]:
        begun = asyncio.Event()

        async def slow(message: Message) -> Decision:
            begun.set()
            await asyncio.sleep(0.4)
            return Pass()

        server = Server(FINE, slow)
        where = await server.start(Tcp("127.0.0.1", 0))
        assert isinstance(where, Tcp)
        delivering = asyncio.create_task(asyncio.to_thread(deliver, (where.address, where.port)))
        await begun.wait()
        await server.stop()
        with socket.socket() as probe:
            refused = probe.connect_ex((where.address, where.port)) != 0
        return await delivering, refused

    assert asyncio.run(run()) == ("accept", True)


def test_a_socket_in_the_file_system_has_its_mode_and_a_stale_one_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "gateway.sock"
    with socket.socket(socket.AF_UNIX) as stale:
        stale.bind(str(path))

    async def run() -> tuple[int, str, str]:
        server = Server(FINE, passing)
        await server.start(UnixSocket(str(path), 0o600))
        mode = stat.S_IMODE(path.stat().st_mode)

        def use() -> str:
            with MilterClient(str(path)) as client:
                client.negotiate()
                return reply(client.deliver(Letter()))

        answer = await asyncio.to_thread(use)
        second = ""
        try:
            await Server(FINE, passing).start(UnixSocket(str(path), 0o600))
        except OSError as error:
            second = str(error)
        await server.stop()
        return mode, answer, second

    mode, answer, second = asyncio.run(run())
    assert (mode, answer) == (0o600, "accept") and "another program listens" in second and not path.exists()


def test_a_flood_of_half_messages_is_bounded() -> None:
    """A hundred connections hold what the budget allows together; the rest is told to come again."""
    limits = Limits(message_octets=100_000, held_octets=300_000, connections=200)

    def use(where: tuple[str, int]) -> list[str]:
        clients = [MilterClient(where) for _ in range(12)]
        try:
            for client in clients:
                client.negotiate()
                client.start(Letter(body=b"x" * 90_000))
            return [reply(client.end())[:3] for client in clients]
        finally:
            for client in clients:
                client.__exit__(None, None, None)

    answers = with_server(passing, use, limits)
    assert 1 <= answers.count("acc") <= 12 and answers.count("451") >= 8 and set(answers) == {"acc", "451"}
