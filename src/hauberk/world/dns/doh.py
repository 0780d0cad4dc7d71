"""DNS over HTTPS (RFC 8484): POSTs over a few connections that are kept alive, HTTP/1.1 by h11."""

import asyncio
import ssl
from collections import deque
from dataclasses import dataclass

import h11

from hauberk.model.dns import NoAnswer, Silence
from hauberk.world.dns.flight import Flight, silence_of
from hauberk.world.dns.resolver import Resolver
from hauberk.world.dns.wire import belongs

_CONNECTIONS = 4  # HTTP/1.1 carries one exchange at a time
_LARGEST = 65_535
_MEDIA_TYPE = "application/dns-message"


class _Refused(Exception):
    """The web server answered with something that is no DNS message."""


@dataclass(slots=True)
class _Connection:
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    http: h11.Connection
    fresh: bool = True


class DohChannel:
    """Exchanges with one DoH server; at most `_CONNECTIONS` at a time, the others wait."""

    def __init__(self, resolver: Resolver, *, timeout: float, tls: ssl.SSLContext) -> None:
        self._loop = asyncio.get_running_loop()
        self._resolver = resolver
        self._timeout = timeout
        self._tls = tls
        host = f"[{resolver.host}]" if ":" in resolver.host else resolver.host
        self._authority = host if resolver.port == 443 else f"{host}:{resolver.port}"
        self._backlog: deque[Flight] = deque()
        self._carriers: set[asyncio.Task[None]] = set()
        self._idle: list[_Connection] = []

    @property
    def busy(self) -> bool:
        return bool(self._carriers)

    def send(self, flight: Flight) -> None:
        self._backlog.append(flight)
        if len(self._carriers) < _CONNECTIONS:
            carrier = self._loop.create_task(self._carry())
            self._carriers.add(carrier)
            carrier.add_done_callback(self._carriers.discard)

    async def _carry(self) -> None:
        connection = self._idle.pop() if self._idle else None
        while self._backlog:
            flight = self._backlog.popleft()
            if flight.waiter.cancelled():
                flight.landed(flight, NoAnswer(Silence.OUT_OF_TIME, "nobody waited for the answer any more"))
                continue
            connection, result = await self._exchange(connection, flight)
            flight.landed(flight, result)
        if connection is not None:
            self._idle.append(connection)

    async def _exchange(self, connection: _Connection | None, flight: Flight) -> tuple[_Connection | None, bytes | NoAnswer]:
        """The reply, and the connection if it may be used again. A kept connection that turns out dead is replaced once."""
        while True:
            try:
                async with asyncio.timeout(self._timeout):
                    if connection is None:
                        connection = await self._connect()
                    reply = await self._post(connection, flight.query)
            except asyncio.CancelledError:
                _abandon(connection)
                raise
            except _Refused as refusal:
                _abandon(connection)
                return None, NoAnswer(Silence.GARBLED, str(refusal))
            except (OSError, TimeoutError, ValueError, EOFError, h11.ProtocolError) as error:
                stale = connection is not None and not connection.fresh and not isinstance(error, TimeoutError)
                _abandon(connection)
                connection = None
                if not stale:
                    if isinstance(error, h11.ProtocolError):
                        return None, NoAnswer(Silence.GARBLED, f"the resolver does not speak HTTP: {error}")
                    return None, silence_of(error)
            else:
                kept = self._kept(connection)
                return kept, reply if belongs(reply, flight.asked) else NoAnswer(
                    Silence.GARBLED, "what came back was no answer to the question"
                )

    async def _connect(self) -> _Connection:
        reader, writer = await asyncio.open_connection(
            self._resolver.host, self._resolver.port, ssl=self._tls, server_hostname=self._resolver.name
        )
        return _Connection(reader, writer, h11.Connection(h11.CLIENT, max_incomplete_event_size=_LARGEST))

    async def _post(self, connection: _Connection, query: bytes) -> bytes:
        message = b"\0\0" + query  # the id is zero, for the caches on the way (RFC 8484, 4.1)
        headers = [
            ("Host", self._authority),
            ("Content-Type", _MEDIA_TYPE),
            ("Accept", _MEDIA_TYPE),
            ("Content-Length", str(len(message))),
        ]
        http = connection.http
        request = http.send(h11.Request(method="POST", target=self._resolver.path, headers=headers)) or b""
        connection.writer.write(request + (http.send(h11.Data(data=message)) or b"") + (http.send(h11.EndOfMessage()) or b""))
        body = bytearray()
        while True:
            match http.next_event():
                case h11.NEED_DATA:
                    http.receive_data(await connection.reader.read(_LARGEST))
                case h11.Response(status_code=status) if status != 200:
                    raise _Refused(f"the resolver answered with HTTP status {status}")
                case h11.Data(data=data):
                    body += data
                    if len(body) > _LARGEST:
                        raise _Refused("the resolver's answer is larger than a DNS message can be")
                case h11.EndOfMessage():
                    return bytes(body)
                case h11.ConnectionClosed() | h11.PAUSED:
                    raise EOFError("the resolver closed the connection")
                case _:
                    pass

    def _kept(self, connection: _Connection) -> _Connection | None:
        if connection.http.our_state is h11.DONE and connection.http.their_state is h11.DONE:
            connection.http.start_next_cycle()
            connection.fresh = False
            return connection
        _abandon(connection)
        return None

    def sweep(self, now: float) -> None:
        """Every exchange has its own time limit."""

    def close(self) -> None:
        self._backlog.clear()
        for carrier in self._carriers:
            carrier.cancel()
        for connection in self._idle:
            _abandon(connection)
        self._idle.clear()


def _abandon(connection: _Connection | None) -> None:
    if connection is not None:
        connection.writer.transport.abort()
