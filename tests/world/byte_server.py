"""Servers for tests that do exactly what a list of steps says, octet by octet."""

import asyncio
import socket
import ssl
import struct
import tempfile
import warnings
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TypeAlias

from hauberk.lab.pki import CertificateSpec, Issued, Pki
from hauberk.world.dial import Dialer, Place
from hauberk.world.guard import AddressGuard
from hauberk.world.politeness import Manners, Politeness


@dataclass(frozen=True)
class Line:
    """Read one line."""


@dataclass(frozen=True)
class Octets:
    """Read so many octets."""

    count: int


@dataclass(frozen=True)
class Stall:
    """Say nothing more, but keep the connection."""


@dataclass(frozen=True)
class Wait:
    seconds: float


@dataclass(frozen=True)
class Reset:
    """Break the connection with RST."""


@dataclass(frozen=True)
class Flood:
    """Send this again and again until the client has gone."""

    data: bytes


@dataclass(frozen=True)
class StartTls:
    context: ssl.SSLContext


Step: TypeAlias = bytes | Line | Octets | Stall | Wait | Reset | Flood | StartTls


async def play(steps: tuple[Step, ...], reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    for step in steps:
        match step:
            case bytes():
                writer.write(step)
                await writer.drain()
            case Line():
                await reader.readline()
            case Octets(count):
                await reader.readexactly(count)
            case Stall():
                await asyncio.sleep(60)
            case Wait(seconds):
                await asyncio.sleep(seconds)
            case Flood(data):
                while True:
                    writer.write(data)
                    await writer.drain()
            case StartTls(context):
                await writer.start_tls(context)
            case Reset():
                raw: socket.socket = writer.get_extra_info("socket")
                raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                writer.transport.abort()
                return


@asynccontextmanager
async def listening(talk: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]) -> AsyncGenerator[Place]:
    """A server on loopback whose connections all end with the block."""
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        try:
            await talk(reader, writer)
            writer.close()
            await writer.wait_closed()
        except (OSError, EOFError, ssl.SSLError, asyncio.CancelledError):
            writer.transport.abort()
        finally:
            tasks.discard(task)

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[:2]
    finally:
        server.close()
        for task in tuple(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.sleep(0)


@asynccontextmanager
async def serving(*steps: Step) -> AsyncGenerator[Place]:
    async with listening(lambda reader, writer: play(steps, reader, writer)) as place:
        yield place


def dialer_to(place: Place, address: str = "192.0.2.25", port: int = 25, time_out: float = 2.0) -> Dialer:
    """A dialer for which a documentation address leads to the place."""
    return Dialer(AddressGuard(), Politeness(Manners(pause=0.0)), {(address, port): place}, time_out)


@cache
def pki() -> Pki:
    return Pki(datetime.now(UTC))


@cache
def issued(spec: CertificateSpec = CertificateSpec(("mx.example.com",))) -> Issued:  # noqa: B008 - frozen
    return pki().issue(spec)


def server_context(
    certificate: Issued | None = None,
    versions: tuple[ssl.TLSVersion, ssl.TLSVersion] = (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3),
    ciphers: str = "ALL:@SECLEVEL=0",
    session_tickets: bool = True,
) -> ssl.SSLContext:
    shown = certificate or issued()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers(ciphers)
    if not session_tickets:
        context.options |= ssl.OP_NO_TICKET
        context.num_tickets = 0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version, context.maximum_version = versions
    with tempfile.TemporaryDirectory() as folder:
        pem = Path(folder, "server.pem")
        pem.write_bytes(shown.key_pem + shown.chain_pem)
        context.load_cert_chain(pem)
    return context
