"""Opening TCP connections: the one place where the scanner's streams begin."""

import asyncio
import errno
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Generic, TypeAlias, TypeVar, cast

from hauberk.model.dns import NoAnswer, Silence
from hauberk.world.guard import AddressGuard
from hauberk.world.politeness import Politeness

Place: TypeAlias = tuple[str, int]
"""An IP address in canonical text and a port."""

C = TypeVar("C", bound="Connection")
_BUFFERED = 65_536
_HTTPS = 443


class Connection(asyncio.Protocol):
    """A TCP connection, to be sent to and to be closed."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is one in all but its bases

    def send(self, data: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(data)

    def close(self) -> None:
        """Close after what was sent has left, but do not wait for a peer that does not read."""
        if self._transport is None:
            return
        if self._transport.get_write_buffer_size():
            self._transport.abort()
        else:
            self._transport.close()


class Stream(Connection):
    """A TCP connection as octets; it stops reading while more than 64 KiB wait, so that a flood costs no memory.

    `began` is the time of the attempt by the clock of the event loop.
    """

    def __init__(self) -> None:
        super().__init__()
        self._loop = asyncio.get_running_loop()
        self.began = self._loop.time()
        self._received = bytearray()
        self._waiter: asyncio.Future[None] | None = None
        self._ended = False
        self._paused = False
        self._error: Exception | None = None

    def data_received(self, data: bytes) -> None:
        self._received += data
        if len(self._received) > _BUFFERED and self._transport is not None and not self._paused:
            self._transport.pause_reading()
            self._paused = True
        self._wake()

    def eof_received(self) -> bool:
        self._ended = True
        self._wake()
        return True

    def connection_lost(self, exc: Exception | None) -> None:
        self._ended = True
        self._error = exc
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def receive(self) -> bytes:
        """What has come, at least one octet; empty once the other side has closed. Raises `OSError` when the connection broke."""
        while not self._received and not self._ended:
            self._waiter = self._loop.create_future()
            await self._waiter
        data = bytes(self._received)
        self._received.clear()
        if self._paused and self._transport is not None and not self._ended:
            self._paused = False
            self._transport.resume_reading()
        if not data and self._error is not None:
            raise ConnectionResetError(str(self._error)) if not isinstance(self._error, OSError) else self._error
        return data


class Dialer:
    """Opens streams within the guard's and good manners' bounds.

    `routes` maps places that the lab answers for to where it listens; a mapped place is allowed and counts as routed.
    """

    def __init__(
        self,
        guard: AddressGuard,
        politeness: Politeness,
        routes: Mapping[Place, Place] | None = None,
        time_out: float = 10.0,
        ipv4: bool = True,
        ipv6: bool = True,
    ) -> None:
        self._guard = guard
        self._politeness = politeness
        self._routes = routes or {}
        self._time_out = time_out
        self._ipv4 = ipv4
        self._ipv6 = ipv6

    def dial(self, address: str, port: int) -> AbstractAsyncContextManager[Stream | NoAnswer]:
        """A connected stream for the length of an `async with`, or why there is none. The waiting for one's turn is not counted."""
        return self.call(address, port, Stream)

    def call(self, address: str, port: int, protocol: Callable[[], C]) -> AbstractAsyncContextManager[C | NoAnswer]:
        """As `dial`, with a protocol of one's own, made as the connection is begun."""
        return _Call(self, address, port, protocol)

    async def open(self, address: str, port: int, protocol: Callable[[], C]) -> C | NoAnswer:
        """What `call` begins with: a connection, which `hang_up` ends."""
        route = self._routes.get((address, port))
        refusal = None if route else self._refusal(address)
        if refusal is not None:
            return refusal
        await self._politeness.begin(address, pausing=port != _HTTPS)
        try:
            connection = await self._connect(route or (address, port), protocol)
        except BaseException:
            self._politeness.end(address)
            raise
        if isinstance(connection, NoAnswer):
            self._politeness.end(address)
        return connection

    def hang_up(self, address: str, connection: Connection) -> None:
        connection.close()
        self._politeness.end(address)

    def _refusal(self, address: str) -> NoAnswer | None:
        objection = self._guard.objection(address)
        if objection:
            return NoAnswer(Silence.FORBIDDEN, f"{address} is {objection}")
        if ":" in address and not self._ipv6:
            return NoAnswer(Silence.NO_ROUTE, "this machine has no IPv6 connectivity")
        if ":" not in address and not self._ipv4:
            return NoAnswer(Silence.NO_ROUTE, "this machine has no IPv4 connectivity")
        return None

    async def _connect(self, place: Place, protocol: Callable[[], C]) -> C | NoAnswer:
        try:
            async with asyncio.timeout(self._time_out):
                _, connection = await asyncio.get_running_loop().create_connection(protocol, *place)
        except TimeoutError:
            return NoAnswer(Silence.TIMEOUT, f"no connection within {self._time_out:g} s")
        except OSError as error:
            return _failure(error)
        return connection


class _Call(Generic[C]):
    """A class, since a generator as context manager costs a probe of a hundred connections 3 % of its CPU."""

    __slots__ = ("_connection", "_dialer", "_place", "_protocol")

    def __init__(self, dialer: Dialer, address: str, port: int, protocol: Callable[[], C]) -> None:
        self._dialer = dialer
        self._place = (address, port)
        self._protocol = protocol
        self._connection: C | NoAnswer | None = None

    async def __aenter__(self) -> C | NoAnswer:
        self._connection = await self._dialer.open(*self._place, self._protocol)
        return self._connection

    async def __aexit__(self, *_: object) -> None:
        if isinstance(self._connection, Connection):
            self._dialer.hang_up(self._place[0], self._connection)


def _failure(error: OSError) -> NoAnswer:
    match error.errno:
        case errno.ECONNREFUSED:
            return NoAnswer(Silence.REFUSED, "the connection was refused")
        case errno.ETIMEDOUT:
            return NoAnswer(Silence.TIMEOUT, "the connection timed out")
        case errno.EADDRNOTAVAIL | errno.EAFNOSUPPORT:
            return NoAnswer(Silence.NO_ROUTE, "this machine has no connectivity of this address family")
        case errno.EACCES | errno.EPERM:
            return NoAnswer(Silence.UNREACHABLE, "this machine's own firewall does not let the connection out")
        case errno.ECONNRESET:
            return NoAnswer(Silence.UNREACHABLE, "the connection was reset while it was being opened")
        case _:
            return NoAnswer(Silence.UNREACHABLE, error.strerror or "the host cannot be reached")
