"""A name server for tests that answers over UDP and TCP as a script tells it."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

import dns.flags
import dns.message
import dns.rrset

Script = Callable[[bytes, int], list[bytes]]
"""From a query and its number (from 0) to the messages that go back."""


def reply_to(query: bytes, *records: str, rcode: int = 0, authenticated: bool = False) -> bytes:
    """An honest reply with records in zone-file form."""
    reply = dns.message.make_response(dns.message.from_wire(query), recursion_available=True)
    for record in records:
        name, ttl, kind, data = record.split(" ", 3)
        reply.answer.append(dns.rrset.from_text(name, int(ttl), "IN", kind, data))
    reply.flags = (reply.flags & ~0xF) | rcode | (dns.flags.AD if authenticated else 0)
    return reply.to_wire(max_size=65_535)


def truncated(query: bytes) -> bytes:
    reply = bytearray(reply_to(query))
    reply[2] |= 0x02
    return bytes(reply)


def silent(query: bytes, number: int) -> list[bytes]:
    return []


@dataclass(eq=False)
class LyingServer(asyncio.DatagramProtocol):
    """`over_udp` and `over_tcp` say what to answer; `queries` keeps what was asked, as (transport, message)."""

    over_udp: Script = silent
    over_tcp: Script = silent
    hang_up_after: int = 1_000_000
    queries: list[tuple[str, bytes]] = field(default_factory=list[tuple[str, bytes]])
    connections: int = 0
    port: int = 0

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        self._server = await asyncio.start_server(self.converse, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        self._transport, _ = await loop.create_datagram_endpoint(lambda: self, local_addr=("127.0.0.1", self.port))
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._transport.close()
        self._server.close()
        await asyncio.sleep(0)

    def stop_tcp(self) -> None:
        self._server.close()

    @property
    def url(self) -> str:
        return f"udp://127.0.0.1:{self.port}"

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        number = sum(transport == "udp" for transport, _ in self.queries)
        self.queries.append(("udp", data))
        for message in self.over_udp(data, number):
            self._transport.sendto(message, addr)

    async def converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        answered = 0
        try:
            while answered < self.hang_up_after:
                query = await reader.readexactly(int.from_bytes(await reader.readexactly(2), "big"))
                number = sum(transport == "tcp" for transport, _ in self.queries)
                self.queries.append(("tcp", query))
                for message in self.over_tcp(query, number):
                    writer.write(len(message).to_bytes(2, "big") + message)
                answered += 1
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()
