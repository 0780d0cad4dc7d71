"""DNS over TLS and over HTTPS against small servers with the lab's certificates."""

import asyncio
import ssl
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import h11
import pytest

from hauberk.lab.pki import CertificateSpec, Pki
from hauberk.lab.tls import server_context
from hauberk.model.dns import DnsAnswer, NoAnswer, Question, Record, Silence
from hauberk.world.dns.client import DnsClient
from world.dns.lying_server import LyingServer, reply_to

MX = Question("example.com", "MX")
RECORD = "example.com. 300 MX 10 mx.example.com."
SECURE = DnsAnswer("NOERROR", (Record("example.com", "MX", 300, "10 mx.example.com."),), True)


@pytest.fixture(scope="module")
def pki() -> Pki:
    return Pki(datetime.now(UTC))


def trusting(pki: Pki) -> ssl.SSLContext:
    return ssl.create_default_context(cadata=pki.anchor_pem.decode())


def answering(query: bytes, number: int) -> list[bytes]:
    return [reply_to(query, RECORD, authenticated=True)]


@asynccontextmanager
async def dot(pki: Pki, folder: Path, server: LyingServer, spec: CertificateSpec) -> AsyncGenerator[int, None]:
    context = server_context(pki.issue(spec), folder)
    listening = await asyncio.start_server(server.converse, "127.0.0.1", 0, ssl=context)
    yield listening.sockets[0].getsockname()[1]
    listening.close()
    await asyncio.sleep(0.01)


class DohServer:
    """Answers POSTs; `status` and `media` may lie, `kept` says after how many exchanges a connection is closed."""

    def __init__(self) -> None:
        self.connections = 0
        self.status = 200
        self.kept = 1_000
        self.requests: list[h11.Request] = []
        self.body: bytes | None = None

    async def converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            http = h11.Connection(h11.SERVER)
            for _ in range(self.kept):
                query = b""
                while not isinstance(event := http.next_event(), h11.EndOfMessage):
                    match event:
                        case h11.NEED_DATA:
                            http.receive_data(await reader.read(4096))
                        case h11.Request():
                            self.requests.append(event)
                        case h11.Data():
                            query += bytes(event.data)
                        case _:
                            return
                reply = reply_to(query, RECORD, authenticated=True) if self.body is None else self.body
                answer = http.send(h11.Response(status_code=self.status, headers=[("Content-Length", str(len(reply)))])) or b""
                writer.write(answer + (http.send(h11.Data(data=reply)) or b"") + (http.send(h11.EndOfMessage()) or b""))
                http.start_next_cycle()
        except (ConnectionError, h11.RemoteProtocolError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def doh(pki: Pki, folder: Path, server: DohServer) -> AsyncGenerator[str, None]:
    context = server_context(pki.issue(CertificateSpec(("localhost",))), folder)
    listening = await asyncio.start_server(server.converse, "127.0.0.1", 0, ssl=context)
    yield f"https://localhost:{listening.sockets[0].getsockname()[1]}/dns-query"
    listening.close()
    await asyncio.sleep(0.01)


def test_dns_over_tls_is_trusted_and_uses_one_connection(pki: Pki, tmp_path: Path) -> None:
    async def main() -> None:
        server = LyingServer(over_tcp=answering)
        questions = (MX, Question("example.com", "MX", checking_disabled=True))
        async with (
            dot(pki, tmp_path, server, CertificateSpec(("dns.example",))) as port,
            DnsClient(f"tls://127.0.0.1:{port}#dns.example", tls=trusting(pki)) as client,
        ):
            assert [await one for one in [client.ask(question) for question in questions]] == [SECURE] * 2
            assert server.connections == 1

    asyncio.run(main())


@pytest.mark.parametrize(
    "spec",
    [
        CertificateSpec(("other.example",)),
        CertificateSpec(("dns.example",), issuer="unknown"),
        CertificateSpec(("dns.example",), days_left=-3),
    ],
)
def test_a_resolver_whose_certificate_is_wrong_is_not_asked(pki: Pki, tmp_path: Path, spec: CertificateSpec) -> None:
    async def main() -> None:
        server = LyingServer(over_tcp=answering)
        async with dot(pki, tmp_path, server, spec) as port, DnsClient(f"tls://127.0.0.1:{port}#dns.example", tls=trusting(pki)) as client:
            reply = await client.ask(MX)
            assert isinstance(reply, NoAnswer)
            assert reply.reason is Silence.UNREACHABLE
            assert "certificate is not to be trusted" in reply.detail
            assert server.queries == []

    asyncio.run(main())


def test_a_resolver_without_tls_is_told(pki: Pki) -> None:
    async def main() -> None:
        async with (
            LyingServer(over_tcp=answering) as server,
            DnsClient(f"tls://127.0.0.1:{server.port}", tls=trusting(pki), timeout=1) as client,
        ):
            reply = await client.ask(MX)
            assert isinstance(reply, NoAnswer)
            assert reply.reason in (Silence.UNREACHABLE, Silence.TIMEOUT)

    asyncio.run(main())


def test_dns_over_https_keeps_its_connections(pki: Pki, tmp_path: Path) -> None:
    async def main() -> None:
        server = DohServer()
        async with doh(pki, tmp_path, server) as url, DnsClient(url, tls=trusting(pki)) as client:
            assert await client.ask(MX) == SECURE
            replies = [await one for one in [client.ask(Question(f"{number}.example", "MX")) for number in range(40)]]
            assert all(isinstance(reply, DnsAnswer) for reply in replies)
            assert server.connections <= 4
            headers = dict(server.requests[0].headers)
            assert (server.requests[0].method, server.requests[0].target) == (b"POST", b"/dns-query")
            assert headers[b"content-type"] == headers[b"accept"] == b"application/dns-message"
            assert headers[b"host"].startswith(b"localhost:")

    asyncio.run(main())


def test_a_kept_connection_that_died_is_replaced(pki: Pki, tmp_path: Path) -> None:
    async def main() -> None:
        server = DohServer()
        server.kept = 1
        async with doh(pki, tmp_path, server) as url, DnsClient(url, tls=trusting(pki)) as client:
            for number in range(3):
                assert isinstance(await client.ask(Question(f"{number}.example", "MX")), DnsAnswer)
                await asyncio.sleep(0.02)
            assert server.connections == 3

    asyncio.run(main())


def test_http_errors_and_garbage_are_garbled(pki: Pki, tmp_path: Path) -> None:
    async def main() -> None:
        server = DohServer()
        async with doh(pki, tmp_path, server) as url, DnsClient(url, tls=trusting(pki)) as client:
            server.status = 503
            assert await client.ask(MX) == NoAnswer(Silence.GARBLED, "the resolver answered with HTTP status 503")
            server.status, server.body = 200, b"<html>"
            assert await client.ask(Question("a.example", "MX")) == NoAnswer(
                Silence.GARBLED, "what came back was no answer to the question"
            )
            server.body = bytes(70_000)
            reply = await client.ask(Question("b.example", "MX"))
            assert reply == NoAnswer(Silence.GARBLED, "the resolver's answer is larger than a DNS message can be")

    asyncio.run(main())


def test_closing_in_the_middle_of_an_exchange_is_clean(pki: Pki, tmp_path: Path) -> None:
    async def main() -> None:
        silent = LyingServer()
        async with dot(pki, tmp_path, silent, CertificateSpec(("localhost",))) as port:
            for url in (f"tls://localhost:{port}", f"https://localhost:{port}/dns-query"):
                client = DnsClient(url, tls=trusting(pki))
                waiting = asyncio.ensure_future(client.ask(MX))
                await asyncio.sleep(0.1)
                await client.close()
                assert waiting.cancelled()

    asyncio.run(main())
