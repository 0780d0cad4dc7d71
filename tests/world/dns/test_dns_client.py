"""The DNS client against name servers that lie, stay silent, truncate and break."""

import asyncio
import socket
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import TypeVar

import dns.message
import pytest
import uvloop

from hauberk.model.dns import DnsAnswer, NoAnswer, Question, Record, Silence
from hauberk.protocols.malformed import Malformed
from hauberk.world.dns.choice import first_answering
from hauberk.world.dns.client import DnsClient
from hauberk.world.dns.resolver import NoResolver, Resolver, is_trusted, parse_resolver, system_resolvers
from world.dns.lying_server import LyingServer, reply_to, truncated

T = TypeVar("T")
MX = Question("example.com", "MX")
RECORD = "example.com. 300 MX 10 mx.example.com."
HONEST = DnsAnswer("NOERROR", (Record("example.com", "MX", 300, "10 mx.example.com."),), False)


@pytest.fixture(params=["asyncio", "uvloop"])
def run(request: pytest.FixtureRequest) -> Callable[[Coroutine[None, None, T]], T]:
    factory = asyncio.new_event_loop if request.param == "asyncio" else uvloop.new_event_loop

    def runs(main: Coroutine[None, None, T]) -> T:
        with asyncio.Runner(loop_factory=factory) as runner:
            return runner.run(asyncio.wait_for(main, 20))

    return runs


Run = Callable[[Coroutine[None, None, None]], None]


def honest(query: bytes, number: int) -> list[bytes]:
    return [reply_to(query, RECORD)]


def asks(server: LyingServer, reply: DnsAnswer | NoAnswer, *, question: Question = MX, timeout: float = 1.0) -> Coroutine[None, None, None]:
    """Ask the server one question and compare."""

    async def main() -> None:
        async with server, DnsClient(server.url, timeout=timeout) as client:
            assert await client.ask(question) == reply

    return main()


def test_an_honest_answer_arrives(run: Run) -> None:
    server = LyingServer(honest)
    run(asks(server, HONEST))
    query = dns.message.from_wire(server.queries[0][1])
    assert (query.flags, query.edns, query.payload, query.ednsflags) == (0x0120, 0, 1232, 0)


def test_a_wrong_id_is_no_answer(run: Run) -> None:
    def forged(query: bytes, number: int) -> list[bytes]:
        return [bytes((query[0] ^ 1,)) + reply_to(query, "example.com. 300 MX 10 evil.example.")[1:], reply_to(query, RECORD)]

    run(asks(LyingServer(forged), HONEST))


def test_a_wrong_question_is_no_answer(run: Run) -> None:
    def forged(query: bytes, number: int) -> list[bytes]:
        return [reply_to(query, RECORD).replace(b"\7example", b"\7examplf", 1), reply_to(query, RECORD)]

    run(asks(LyingServer(forged), HONEST))


def test_only_wrong_questions_are_garbage(run: Run) -> None:
    server = LyingServer(lambda query, number: [reply_to(query, RECORD).replace(b"\7example", b"\7examplf", 1)])
    run(asks(server, NoAnswer(Silence.GARBLED, "what came back was no answer to the question"), timeout=0.3))


def test_garbage_is_garbled(run: Run) -> None:
    run(
        asks(
            LyingServer(lambda query, number: [b"?"]),
            NoAnswer(Silence.GARBLED, "what came back was no answer to the question"),
            timeout=0.3,
        )
    )


def test_a_reply_that_breaks_off_is_garbled(run: Run) -> None:
    async def main() -> None:
        async with LyingServer(lambda query, number: [reply_to(query, RECORD)[:45]]) as server, DnsClient(server.url) as client:
            reply = await client.ask(MX)
            assert isinstance(reply, NoAnswer)
            assert reply.reason is Silence.GARBLED

    run(main())


def test_silence_is_a_time_out_after_three_tries(run: Run) -> None:
    server = LyingServer()
    run(asks(server, NoAnswer(Silence.TIMEOUT, "no answer after 0.3 s and 3 tries"), timeout=0.3))
    assert len(server.queries) == 3


def test_a_lost_query_is_sent_again(run: Run) -> None:
    server = LyingServer(lambda query, number: [reply_to(query, RECORD)] if number == 1 else [])
    run(asks(server, HONEST))


def test_late_answers_are_ignored(run: Run) -> None:
    async def main() -> None:
        server = LyingServer()
        async with server, DnsClient(server.url, timeout=0.2, tries=1) as client:
            first = await client.ask(MX)
            server.over_udp = lambda query, number: [reply_to(server.queries[0][1], RECORD), reply_to(query, rcode=3)]
            second = await client.ask(Question("other.example", "MX"))
            assert isinstance(first, NoAnswer)
            assert second == DnsAnswer("NXDOMAIN", (), False)
            assert await client.ask(MX) == first

    run(main())


def test_a_servfail_is_asked_again_before_it_is_believed(run: Run) -> None:
    once = LyingServer(lambda query, number: [reply_to(query, RECORD) if number else reply_to(query, rcode=2)])
    run(asks(once, HONEST))
    always = LyingServer(lambda query, number: [reply_to(query, rcode=2)])
    run(asks(always, DnsAnswer("SERVFAIL", (), False)))
    assert len(always.queries) == 2


def test_a_server_from_before_edns_is_asked_without(run: Run) -> None:
    def old(query: bytes, number: int) -> list[bytes]:
        return [reply_to(query, RECORD)] if dns.message.from_wire(query).edns < 0 else [query[:2] + b"\x81\x81" + bytes(8)]

    run(asks(LyingServer(old), HONEST))


def test_a_closed_port_is_refused(run: Run) -> None:
    async def main() -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
            taken.bind(("127.0.0.1", 0))
            port = taken.getsockname()[1]
        async with DnsClient(f"udp://127.0.0.1:{port}") as client:
            begun = asyncio.get_running_loop().time()
            replies = [await one for one in [client.ask(Question(f"{number}.example", "MX")) for number in range(300)]]
            assert {reply.reason for reply in replies if isinstance(reply, NoAnswer)} == {Silence.REFUSED}
            assert len(replies) == 300
            assert asyncio.get_running_loop().time() - begun < 3

    run(main())


def test_no_way_to_the_resolver_is_unreachable(run: Run) -> None:
    async def main() -> None:
        async with DnsClient("udp://255.255.255.255:53") as client:  # a broadcast address cannot be connected to
            reply = await client.ask(MX)
            assert isinstance(reply, NoAnswer)
            assert reply.reason is Silence.UNREACHABLE

    run(main())


def test_a_truncated_answer_is_fetched_over_tcp(run: Run) -> None:
    strings = " ".join('"' + "x" * 250 + '"' for _ in range(250))
    server = LyingServer(
        lambda query, number: [truncated(query)], lambda query, number: [reply_to(query, f"example.com. 300 TXT {strings}")]
    )
    answer = DnsAnswer("NOERROR", (Record("example.com", "TXT", 300, strings),), False)
    run(asks(server, answer, question=Question("example.com", "TXT")))
    assert [transport for transport, _ in server.queries] == ["udp", "tcp"]


def test_truncation_with_tcp_closed_is_refused(run: Run) -> None:
    async def main() -> None:
        async with LyingServer(lambda query, number: [truncated(query)]) as server, DnsClient(server.url) as client:
            server.stop_tcp()
            await asyncio.sleep(0.05)
            reply = await client.ask(MX)
            assert isinstance(reply, NoAnswer)
            assert reply.reason is Silence.REFUSED

    run(main())


def test_one_tcp_connection_carries_many_queries_in_any_order(run: Run) -> None:
    held: list[bytes] = []

    def reversing(query: bytes, number: int) -> list[bytes]:
        held.append(reply_to(query, rcode=3))
        if len(held) < 50:
            return []
        messages = held[::-1]
        held.clear()
        return messages

    async def main() -> None:
        server = LyingServer(over_tcp=reversing)
        async with server, DnsClient(f"tcp://127.0.0.1:{server.port}") as client:
            replies = [await one for one in [client.ask(Question(f"{number}.example", "MX")) for number in range(100)]]
            assert replies == [DnsAnswer("NXDOMAIN", (), False)] * 100
            assert server.connections == 1

    run(main())


def test_a_server_that_hangs_up_is_called_again(run: Run) -> None:
    async def main() -> None:
        server = LyingServer(over_tcp=honest, hang_up_after=1)
        async with server, DnsClient(f"tcp://127.0.0.1:{server.port}") as client:
            assert await client.ask(MX) == HONEST
            assert await client.ask(Question("example.com", "MX", checking_disabled=True)) == HONEST
            assert server.connections == 2
            server.hang_up_after = 0
            reply = await client.ask(Question("example.org", "MX"))
            assert reply == NoAnswer(Silence.UNREACHABLE, "the name server closed the connection instead of answering")

    run(main())


def test_a_question_is_asked_once(run: Run) -> None:
    async def main() -> None:
        server = LyingServer(honest)
        async with server, DnsClient(server.url) as client:
            assert [await one for one in [client.ask(MX) for _ in range(10)]] == [HONEST] * 10
            assert await client.ask(MX) == HONEST
            assert len(server.queries) == 1

    run(main())


def test_who_is_cancelled_takes_nobody_along(run: Run) -> None:
    async def main() -> None:
        server = LyingServer()
        async with server, DnsClient(server.url, timeout=3) as client:

            async def waits() -> DnsAnswer | NoAnswer:
                return await client.ask(MX)

            first, second = asyncio.create_task(waits()), asyncio.create_task(waits())
            await asyncio.sleep(0.05)
            first.cancel()
            await asyncio.sleep(0)
            third = asyncio.create_task(waits())
            server.over_udp = honest
            assert await second == await third == await client.ask(MX) == HONEST
            assert first.cancelled()

    run(main())


def test_queries_nobody_waits_for_are_not_sent(run: Run) -> None:
    async def main() -> None:
        server = LyingServer()
        async with server, DnsClient(server.url, timeout=0.5, window=10) as client:
            tasks = [asyncio.ensure_future(client.ask(Question(f"{number}.example", "MX"))) for number in range(30)]
            await asyncio.sleep(0.05)
            again = client.ask(Question("29.example", "MX"))
            for task in tasks[10:]:
                task.cancel()
            server.over_udp = lambda query, number: [reply_to(query, rcode=3)]
            assert await again == DnsAnswer("NXDOMAIN", (), False)
            names = {dns.message.from_wire(query).question[0].name.to_text() for _, query in server.queries}
            assert names == {*(f"{number}.example." for number in range(10)), "29.example."}
            assert await client.ask(Question("15.example", "MX")) == DnsAnswer("NXDOMAIN", (), False)

    run(main())


def test_the_window_holds_and_slow_queries_leave_it(run: Run) -> None:
    async def main() -> None:
        server = LyingServer()
        async with server, DnsClient(server.url, timeout=7, window=20) as client:
            futures = [client.ask(Question(f"{number}.example", "MX")) for number in range(50)]
            await asyncio.sleep(0.15)
            assert len(server.queries) == 20
            await asyncio.sleep(0.3)
            assert len(server.queries) == 40
        assert all(asyncio.ensure_future(future).cancelled() for future in futures)

    run(main())


def test_thousands_in_flight_are_all_answered(run: Run) -> None:
    async def main() -> None:
        def echo(query: bytes, number: int) -> list[bytes]:
            return [query[:2] + b"\x81\x83" + query[4:]]

        async with LyingServer(echo) as server, DnsClient(server.url, timeout=60) as client:
            replies = [await one for one in [client.ask(Question(f"{number}.example", "TXT")) for number in range(5000)]]
            assert replies == [DnsAnswer("NXDOMAIN", (), False)] * 5000

    run(main())


def test_closing_cancels_who_waits(run: Run) -> None:
    async def main() -> None:
        async with LyingServer() as server:
            client = DnsClient(server.url)
            first, second = asyncio.ensure_future(client.ask(MX)), asyncio.ensure_future(client.ask(MX))
            await asyncio.sleep(0.02)
            await client.close()
            assert first.cancelled()
            assert second.cancelled()
            assert asyncio.ensure_future(client.ask(MX)).cancelled()

    run(main())


def test_what_cannot_be_asked_is_not_asked(run: Run) -> None:
    async def main() -> None:
        async with DnsClient("udp://127.0.0.1:1") as client:
            for question in (Question("a..b", "MX"), Question("example.com", "NONSENSE"), Question("x" * 64 + ".com", "A")):
                reply = await client.ask(question)
                assert isinstance(reply, NoAnswer)
                assert reply.reason is Silence.NOT_ASKED

    run(main())


def test_a_name_server_is_asked_without_recursion_and_its_ad_bit_means_nothing(run: Run) -> None:
    async def main() -> None:
        server = LyingServer(lambda query, number: [reply_to(query, RECORD, authenticated=True)])
        async with server, DnsClient("udp://127.0.0.1:1", place=lambda address, port: ("127.0.0.1", server.port)) as client:
            answer = await client.ask(Question("example.com", "MX", server="192.0.2.53"))
            assert answer == DnsAnswer("NOERROR", HONEST.records, None)
            assert dns.message.from_wire(server.queries[0][1]).flags == 0
            server.over_udp, server.over_tcp = lambda query, number: [truncated(query)], honest
            assert await client.ask(Question("example.com", "MX", server="192.0.2.54")) == answer
            assert [transport for transport, _ in server.queries] == ["udp", "udp", "tcp"]

    run(main())


def test_a_forbidden_address_is_not_asked(run: Run) -> None:
    async def main() -> None:
        async with DnsClient("udp://127.0.0.1:1", allowed=lambda address: address != "10.0.0.1") as client:
            reply = await client.ask(Question("example.com", "MX", server="10.0.0.1"))
            assert reply == NoAnswer(Silence.FORBIDDEN, "10.0.0.1 is no address that may be asked")
            named = await client.ask(Question("example.com", "MX", server="ns1.example.com"))
            assert named == NoAnswer(Silence.NOT_ASKED, "a name server is asked by its address")

    run(main())


def test_many_name_servers_take_turns(run: Run) -> None:
    async def main() -> None:
        async with (
            LyingServer(honest) as server,
            DnsClient("udp://127.0.0.1:1", place=lambda address, port: ("127.0.0.1", server.port)) as client,
        ):
            questions = [Question("example.com", "MX", server=f"192.0.{number >> 8}.{number & 255}") for number in range(450)]
            replies = [await one for one in [client.ask(question) for question in questions]]
            assert all(isinstance(reply, DnsAnswer) and reply.records == HONEST.records for reply in replies)

    run(main())


def test_ad_counts_only_on_a_trusted_path(run: Run) -> None:
    run(asks(LyingServer(lambda query, number: [reply_to(query, RECORD, authenticated=True)]), DnsAnswer("NOERROR", HONEST.records, True)))
    assert is_trusted("udp://127.0.0.1")
    assert is_trusted("udp://[::1]:5353")
    assert is_trusted("tls://9.9.9.9#dns.quad9.net")
    assert is_trusted("https://dns.quad9.net/dns-query")
    assert not is_trusted("udp://9.9.9.9")
    assert not is_trusted("tcp://192.0.2.1")


@pytest.mark.parametrize(
    ("text", "resolver"),
    [
        ("9.9.9.9", Resolver("udp", "9.9.9.9", 53, "9.9.9.9")),
        ("2620:fe::9", Resolver("udp", "2620:fe::9", 53, "2620:fe::9")),
        ("udp://[::1]:5353", Resolver("udp", "::1", 5353, "::1")),
        ("tcp://192.0.2.1", Resolver("tcp", "192.0.2.1", 53, "192.0.2.1")),
        ("tls://9.9.9.9#dns.quad9.net", Resolver("tls", "9.9.9.9", 853, "dns.quad9.net")),
        ("https://dns.example/q?x=1", Resolver("https", "dns.example", 443, "dns.example", "/q?x=1")),
        ("https://dns.example", Resolver("https", "dns.example", 443, "dns.example", "/dns-query")),
    ],
)
def test_resolver_urls_are_understood(text: str, resolver: Resolver) -> None:
    assert parse_resolver(text) == resolver


@pytest.mark.parametrize("text", ["", "dns.example", "ftp://dns.example", "udp://", "udp://host:99999", "udp://[::1", "http://dns.example"])
def test_what_is_no_resolver_is_told(text: str) -> None:
    assert isinstance(parse_resolver(text), Malformed)
    assert not is_trusted(text)


def test_the_system_names_its_resolvers(tmp_path: Path) -> None:
    configuration = tmp_path / "resolv.conf"
    configuration.write_text(
        "# nameserver 192.0.2.1\nsearch example\nnameserver nonsense://\nnameserver 192.0.2.53\nnameserver 192.0.2.54\n"
    )
    assert system_resolvers(configuration) == ("udp://192.0.2.53:53", "udp://192.0.2.54:53")
    configuration.write_text("nameserver fe80::1%eth0\n")
    assert system_resolvers(configuration) == ("udp://[fe80::1%eth0]:53",)
    configuration.write_text("search example\n")
    with pytest.raises(NoResolver, match="names no resolver"):
        system_resolvers(configuration)
    with pytest.raises(NoResolver, match="cannot be read"):
        system_resolvers(tmp_path / "missing")


def test_old_answers_are_forgotten_by_generations(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hauberk.world.dns.client._GENERATION", 10)

    async def main() -> None:
        server = LyingServer(lambda query, number: [reply_to(query, rcode=3)])
        async with server, DnsClient(server.url) as client:
            for number in range(15):
                await client.ask(Question(f"{number}.example", "MX"))
            await client.ask(Question("3.example", "MX"))
            assert len(server.queries) == 15  # still in the older generation
            for number in range(15, 40):
                await client.ask(Question(f"{number}.example", "MX"))
            await client.ask(Question("4.example", "MX"))
            assert len(server.queries) == 41

    run(main())


def test_the_first_resolver_that_answers_is_gone_by() -> None:
    async def scenario() -> None:
        async with (
            LyingServer(lambda query, number: []) as mute,
            LyingServer(lambda query, number: [reply_to(query, rcode=5)]) as refusing,
            LyingServer(lambda query, number: [reply_to(query)]) as sound,
        ):
            dead = "udp://127.0.0.1:9"
            assert await first_answering((dead, mute.url, refusing.url, sound.url), patience=0.3) == sound.url
            assert await first_answering((dead, mute.url), patience=0.3) == dead
            assert await first_answering((mute.url,)) == mute.url

    asyncio.run(scenario())
