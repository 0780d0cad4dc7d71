import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest
import uvloop

from hauberk.lab.pki import CertificateSpec
from hauberk.model.dns import DnsAnswer, NoAnswer, Question, Silence
from hauberk.model.transport import Endpoint, HttpsAnswer, SmtpSession, Url
from hauberk.world.dialogue import SmtpPatience
from hauberk.world.live import LiveConfig, LiveWorld
from hauberk.world.politeness import Manners
from hauberk.world.world import World
from world.byte_server import Line, Stall, StartTls, issued, listening, pki, play, server_context, serving

ZONE = {
    ("mx.example.com.", "A"): "192.0.2.25",
    ("mta-sts.example.com.", "A"): "192.0.2.44",
    ("inside.example.com.", "A"): "10.0.0.1",
}
MX = Endpoint("mx.example.com", "192.0.2.25")
QUIET = Manners(pause=0.0)
DIALOGUE = (b"220 mx\r\n", Line(), b"250 mx\r\n", Line(), b"221 bye\r\n")
LOOPS = (asyncio.run, uvloop.run)


class Resolver(asyncio.DatagramProtocol):
    """Answers from ZONE; anything else is NXDOMAIN."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport: Any = transport

    def datagram_received(self, data: bytes, addr: object) -> None:
        query = dns.message.from_wire(data)
        reply = dns.message.make_response(query)
        reply.flags |= dns.flags.RA | dns.flags.AD
        asked = query.question[0]
        name = asked.name.to_text()
        found = ZONE.get((name, asked.rdtype.name))
        if found:
            reply.answer.append(dns.rrset.from_text(name, 60, "IN", asked.rdtype.name, found))
        elif not any(name == other for other, _ in ZONE):
            reply.set_rcode(dns.rcode.NXDOMAIN)
        self.transport.sendto(reply.to_wire(), addr)


@asynccontextmanager
async def resolving() -> AsyncGenerator[str]:
    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(Resolver, ("127.0.0.1", 0))
    try:
        yield f"udp://127.0.0.1:{transport.get_extra_info('sockname')[1]}"
    finally:
        transport.close()
        await asyncio.sleep(0)


@pytest.mark.parametrize("run", LOOPS)
def test_a_live_world_answers_all_three_kinds_of_questions(run: Callable[[Coroutine[object, object, None]], None]) -> None:
    web = (StartTls(server_context(issued(CertificateSpec(("mta-sts.example.com",))))), *((Line(),) * 6))

    async def scenario() -> None:
        async with resolving() as url, serving(*DIALOGUE) as mail, serving(*web, b"HTTP/1.1 204 None\r\n\r\n") as policy:
            routes = {("192.0.2.25", 25): mail, ("192.0.2.44", 443): policy}
            async with LiveWorld(LiveConfig(resolver=url, helo="probe.example.net", routes=routes)) as live:
                world: World = live
                answer = await world.ask(Question("mx.example.com", "A"))
                session = await world.ask(MX)
                page = await world.ask(Url("https://mta-sts.example.com/x"))
                inside = await world.ask(Url("https://inside.example.com/"))
                nowhere = await world.ask(Url("https://nowhere.example.com/"))
        assert isinstance(answer, DnsAnswer) and answer.records[0].data == "192.0.2.25" and answer.authenticated
        assert isinstance(session, SmtpSession) and session.dialogue[1].text == "EHLO probe.example.net"
        assert isinstance(page, HttpsAnswer) and page.status == 204
        assert isinstance(inside, NoAnswer) and inside.reason is Silence.FORBIDDEN
        assert nowhere == NoAnswer(Silence.UNREACHABLE, "nowhere.example.com has no address")

    run(scenario())


def test_each_endpoint_is_visited_once_however_often_it_is_asked() -> None:
    async def scenario() -> tuple[int, int]:
        visits = 0

        async def count(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            nonlocal visits
            visits += 1
            await play(DIALOGUE, reader, writer)

        async with (
            listening(count) as mail,
            LiveWorld(LiveConfig(resolver="udp://127.0.0.1:9", routes={("192.0.2.25", 25): mail})) as world,
        ):
            first = await asyncio.gather(*(world.ask(MX) for _ in range(5)))
            again = await world.ask(MX)
            return visits, len({id(one) for one in (*first, again)})

    assert asyncio.run(scenario()) == (1, 1)


def test_who_gives_up_waiting_takes_no_answer_from_the_others() -> None:
    async def scenario() -> object:
        async with (
            serving(*DIALOGUE) as mail,
            LiveWorld(LiveConfig(resolver="udp://127.0.0.1:9", routes={("192.0.2.25", 25): mail})) as world,
        ):
            impatient = asyncio.ensure_future(world.ask(MX))
            patient = asyncio.ensure_future(world.ask(MX))
            await asyncio.sleep(0)
            impatient.cancel()
            return await patient

    assert isinstance(asyncio.run(scenario()), SmtpSession)


def test_leaving_ends_what_is_under_way() -> None:
    async def scenario() -> None:
        async with serving(Stall()) as mail:
            async with LiveWorld(LiveConfig(resolver="udp://127.0.0.1:9", routes={("192.0.2.25", 25): mail})) as world:
                waiting = asyncio.ensure_future(world.ask(MX))
                await asyncio.sleep(0.05)
            with pytest.raises(asyncio.CancelledError):
                await waiting

    asyncio.run(asyncio.wait_for(scenario(), 2))


def test_a_bug_of_ours_costs_one_answer(caplog: pytest.LogCaptureFixture) -> None:
    async def scenario() -> object:
        async with serving(*DIALOGUE) as mail:
            routes: Any = {("192.0.2.25", 25): (*mail, "one too many")}
            async with LiveWorld(LiveConfig(resolver="udp://127.0.0.1:9", routes=routes)) as world:
                return await world.ask(MX)

    assert asyncio.run(scenario()) == NoAnswer(Silence.NOT_ASKED, "the scanner itself failed (TypeError)")
    assert "Traceback" in caplog.text


def test_names_that_no_sni_can_hold_are_survived() -> None:
    async def scenario(host: str) -> object:
        before = (b"220 mx\r\n", Line(), b"250-mx\r\n250 STARTTLS\r\n", Line(), b"220 go\r\n")
        async with serving(*before, StartTls(server_context())) as mail:
            patience = SmtpPatience(0.5, 0.5, 0.5, 0.1, 2.0)
            config = LiveConfig(resolver="udp://127.0.0.1:9", routes={("192.0.2.25", 25): mail}, smtp=patience, manners=QUIET)
            async with LiveWorld(config) as world:
                return await world.ask(Endpoint(host, "192.0.2.25"))

    for host in ("x" * 300, "", ".", "bücher.example", "a\x00b.example", "192.0.2.25"):
        session = asyncio.run(scenario(host))
        assert isinstance(session, SmtpSession) and session.tls is not None and session.tls.error == "", (host, session)


def test_the_vantage_tells_where_we_stand() -> None:
    async def scenario(config: LiveConfig) -> LiveWorld:
        async with LiveWorld(config) as world:
            return world

    lab = asyncio.run(scenario(LiveConfig(resolver="udp://192.0.2.53", routes={("2001:db8::25", 25): ("127.0.0.1", 9)}))).vantage
    assert lab.ipv6 and not lab.resolver_trusted and lab.program.startswith("hauberk ") and lab.helo
    given = asyncio.run(scenario(LiveConfig(resolver="udp://127.0.0.1:53", helo="probe.example.net", ipv4=True, ipv6=False))).vantage
    assert (given.helo, given.ipv4, given.ipv6, given.resolver_trusted) == ("probe.example.net", True, False, True)


def test_the_trust_store_holds_the_ca_file(tmp_path: Path) -> None:
    file = tmp_path / "ca.pem"
    file.write_bytes(pki().anchor_pem)

    async def scenario() -> object:
        async with LiveWorld(LiveConfig(resolver="udp://127.0.0.1:9", ca_file=file)) as world:
            return world.trust((issued().chain,)).anchors

    assert asyncio.run(scenario()) == (pki().anchor,)


@pytest.mark.parametrize(
    "config",
    (
        LiveConfig(resolver="gopher://x"),
        LiveConfig(resolver="udp://127.0.0.1:9", helo="a\r\nMAIL FROM:<>"),
        LiveConfig(resolver="udp://127.0.0.1:9", helo="bad..name"),
    ),
)
def test_a_world_that_cannot_be_is_refused_at_the_door(config: LiveConfig) -> None:
    async def scenario() -> None:
        async with LiveWorld(config):
            pass

    with pytest.raises(ValueError, match=r"gopher|EHLO"):
        asyncio.run(scenario())
