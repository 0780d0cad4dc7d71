"""DNS over TCP (RFC 7766) and over TLS (RFC 7858): one connection, many queries in it, answers in any order."""

import asyncio
import ssl
from collections import deque
from typing import Final, cast

from hauberk.model.dns import NoAnswer, Silence
from hauberk.world.dns.flight import Flight, random_ids, silence_of
from hauberk.world.dns.wire import belongs

IDLE: Final = 10.0  # seconds without a query after which we hang up
_WINDOW = 100
_MOST_SENDINGS = 2  # a server may close an idle connection at the moment we write to it


class StreamChannel(asyncio.Protocol):
    """A connection that opens with the first query and again after the server closed it. `timeout` counts for each sending."""

    def __init__(self, address: tuple[str, int], *, timeout: float, tls: ssl.SSLContext | None = None, name: str = "") -> None:
        self._loop = asyncio.get_running_loop()
        self._address = address
        self._timeout = timeout
        self._tls = tls
        self._name = name
        self._transport: asyncio.Transport | None = None
        self._opening: asyncio.Task[None] | None = None
        self._under_way: dict[bytes, Flight] = {}
        self._backlog: deque[Flight] = deque()
        self._received = bytearray()
        self._ids = random_ids()
        self._closed = False
        self.idle_since = self._loop.time()

    @property
    def busy(self) -> bool:
        return bool(self._under_way or self._backlog)

    def send(self, flight: Flight) -> None:
        flight.tries = 0
        self._backlog.append(flight)
        self._flush()

    def _flush(self) -> None:
        if self._transport is None:
            if self._opening is None and self._backlog:
                self._opening = self._loop.create_task(self._open())
            return
        messages: list[bytes] = []
        while self._backlog and len(self._under_way) < _WINDOW:
            flight = self._backlog.popleft()
            key = next(self._ids)
            while key in self._under_way:
                key = next(self._ids)
            flight.key = key
            flight.tries += 1
            flight.deadline = self._loop.time() + self._timeout
            self._under_way[key] = flight
            messages.append((len(flight.query) + 2).to_bytes(2, "big") + key + flight.query)
        if messages:
            self._transport.write(b"".join(messages))

    async def _open(self) -> None:
        try:
            async with asyncio.timeout(self._timeout):
                await self._loop.create_connection(
                    lambda: self, *self._address, ssl=self._tls, server_hostname=self._name if self._tls is not None else None
                )
        except (OSError, TimeoutError, ValueError) as error:
            self._opening = None
            given_up, self._backlog = self._backlog, deque()
            silence = silence_of(error)
            for flight in given_up:
                flight.landed(flight, silence)
        else:
            self._opening = None
            self._flush()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._received.clear()
        if self._closed:
            self._transport.abort()

    def data_received(self, data: bytes) -> None:
        received = self._received
        received += data
        at = 0
        while at + 2 <= len(received):
            end = at + 2 + (received[at] << 8 | received[at + 1])
            if end > len(received):
                break
            self._accept(bytes(received[at + 2 : end]))
            at = end
        del received[:at]
        self._flush()

    def _accept(self, reply: bytes) -> None:
        flight = self._under_way.get(reply[:2])
        if flight is None:
            return
        if not belongs(reply, flight.asked):
            flight.strange = True
            return
        del self._under_way[flight.key]
        flight.landed(flight, reply)

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        if self._closed:
            return
        cut_off, self._under_way = self._under_way, {}
        for flight in cut_off.values():
            if flight.tries < _MOST_SENDINGS:
                self._backlog.append(flight)
            elif flight.strange:
                flight.landed(flight, NoAnswer(Silence.GARBLED, "what came back was no answer to the question"))
            else:
                flight.landed(flight, NoAnswer(Silence.UNREACHABLE, "the name server closed the connection instead of answering"))
        self._flush()

    def sweep(self, now: float) -> None:
        for flight in tuple(self._under_way.values()):
            if flight.deadline <= now:
                del self._under_way[flight.key]
                if flight.strange:
                    silence = NoAnswer(Silence.GARBLED, "what came back was no answer to the question")
                else:
                    silence = NoAnswer(Silence.TIMEOUT, f"no answer over TCP after {self._timeout:g} s")
                flight.landed(flight, silence)
        if self.busy:
            self.idle_since = now
            self._flush()
        elif self._transport is not None and now - self.idle_since > IDLE:
            self._transport.close()

    def close(self) -> None:
        self._closed = True
        self._under_way.clear()
        self._backlog.clear()
        if self._opening is not None:
            self._opening.cancel()
        if self._transport is not None:
            self._transport.abort()
