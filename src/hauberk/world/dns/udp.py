"""DNS over UDP: one connected socket, read whenever there is something, swept for what is overdue.

Theory of operation: at tens of thousands of queries a second, a transport, a timer or a coroutine per query cost more than the
query, so there is one reader callback on the bare socket, a dictionary from id to flight, and one sweep for all deadlines.
What is asked in one round of the loop is sent in one go: a resolver on this machine is woken by the first query and finds the others
there, where one at a time would wake it for each, which costs as much as sending.
A resolver has one socket buffer and silently drops what does not fit, so only `window` queries are sent ahead of their answers. A
query unanswered for `PATIENCE` seconds is no longer in that buffer (the resolver is asking others) and stops counting.
"""

import asyncio
import contextlib
import errno
import socket
from collections import deque
from typing import Final

from hauberk.model.dns import NoAnswer, Silence
from hauberk.world.dns.flight import Flight, random_ids, silence_of
from hauberk.world.dns.wire import belongs

PATIENCE: Final = 0.25  # seconds
MOST_UNDER_WAY: Final = 4096
_RECEIVE_BUFFER = 4 << 20
_SO_RCVBUFFORCE = 33  # Linux; the socket module has no name for it
_BATCH = 256
_REFUSED_PAUSE = 0.1  # seconds from a refused first sending to the second: a server may be about to start


class UdpChannel:
    """A connected socket to one server. Every sending after the first waits twice as long; all of them together `timeout` seconds."""

    def __init__(self, address: tuple[str, int], *, timeout: float, tries: int, window: int) -> None:
        self._loop = asyncio.get_running_loop()
        share = timeout / (2**tries - 1)
        self._waits = tuple(share * 2**attempt for attempt in range(tries))
        self._window = window
        self._patient = 0
        self._under_way: dict[bytes, Flight] = {}
        self._backlog: deque[Flight] = deque()
        self._ids = random_ids()
        self._address = address
        self._socket: socket.socket | None = None
        self.idle_since = self._loop.time()

    def _open(self) -> socket.socket:
        family, _, _, _, place = socket.getaddrinfo(*self._address, type=socket.SOCK_DGRAM)[0]
        opened = socket.socket(family, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        try:
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER)
            with contextlib.suppress(OSError):  # beyond the system's limit for those who may; the plain option is capped silently
                opened.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, _RECEIVE_BUFFER)
            opened.connect(place)
        except OSError:
            opened.close()
            raise
        self._loop.add_reader(opened, self._readable)
        return opened

    def _unopened(self, error: OSError) -> NoAnswer:
        if ":" in self._address[0] and error.errno in (errno.ENETUNREACH, errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT):
            return NoAnswer(Silence.NO_ROUTE, "this machine has no IPv6 connectivity")
        return silence_of(error)

    @property
    def busy(self) -> bool:
        return bool(self._under_way or self._backlog)

    @property
    def crowd(self) -> int:
        """How many queries are under way or waiting for their turn."""
        return len(self._under_way) + len(self._backlog)

    def send(self, flight: Flight) -> None:
        """In the loop's next round, or when the window has room."""
        if not self._backlog:
            self._loop.call_soon(self._refill)
        self._backlog.append(flight)

    def _transmit(self, flight: Flight, now: float) -> None:
        flight.deadline = now + self._waits[flight.tries]
        flight.tries += 1
        try:
            if self._socket is None:
                self._socket = self._open()
        except OSError as error:
            self._loop.call_soon(self._give_up, flight, self._unopened(error))
            return
        try:
            self._socket.send(flight.key + flight.query)
        except BlockingIOError:
            flight.deadline = 0.0  # the socket is full: the next sweep sends it again
        except OSError as error:
            self._failed(error)

    def _readable(self) -> None:
        if self._socket is None:
            return
        receive, under_way = self._socket.recv, self._under_way
        try:
            for count in range(_BATCH):
                reply = receive(4096)
                flight = under_way.pop(reply[:2], None)
                if flight is None or not belongs(reply, flight.asked):
                    self._stray(reply, flight)
                    continue
                if flight.patient:
                    flight.patient = False
                    self._patient -= 1
                flight.landed(flight, reply)
                if count & 15 == 15 and self._backlog:
                    self._refill()  # keeps the server busy while we read on
        except BlockingIOError:
            pass
        except OSError as error:
            self._failed(error)
        if self._backlog:
            self._refill()

    def _refill(self) -> None:
        backlog, under_way, now = self._backlog, self._under_way, self._loop.time()
        for _ in range(min(len(backlog), self._window - len(under_way) + self._patient, MOST_UNDER_WAY - len(under_way))):
            flight = backlog.popleft()
            if flight.waiter.cancelled():
                flight.landed(flight, NoAnswer(Silence.OUT_OF_TIME, "nobody waited for the answer any more"))
                continue
            key = next(self._ids)
            while key in under_way:
                key = next(self._ids)
            under_way[key] = flight
            flight.key = key
            flight.tries = 0
            self._transmit(flight, now)

    def _stray(self, reply: bytes, flight: Flight | None) -> None:
        """Something that answers nothing: late, forged or garbage. The wait goes on; if nothing better comes, that was it."""
        if flight is not None:
            flight.strange = True
            self._under_way[flight.key] = flight
        elif len(reply) < 12:
            for one in self._under_way.values():
                one.strange = True

    def _failed(self, error: OSError) -> None:
        """The network reported back on something sent. Once may be chance or a restart; on a second sending it is final."""
        soon = self._loop.time() + _REFUSED_PAUSE
        for flight in tuple(self._under_way.values()):
            if flight.tries > 1 or len(self._waits) == 1:
                self._loop.call_soon(self._give_up, flight, silence_of(error))
            else:
                flight.deadline = min(flight.deadline, soon)

    def _give_up(self, flight: Flight, silence: NoAnswer) -> None:
        if self._under_way.get(flight.key) is not flight:
            return  # it landed in the meantime
        del self._under_way[flight.key]
        if flight.patient:
            flight.patient = False
            self._patient -= 1
        flight.landed(flight, silence)

    def sweep(self, now: float) -> None:
        for flight in tuple(self._under_way.values()):
            if flight.deadline <= now:
                if flight.tries < len(self._waits):
                    self._transmit(flight, now)
                elif flight.strange:
                    self._give_up(flight, NoAnswer(Silence.GARBLED, "what came back was no answer to the question"))
                else:
                    self._give_up(flight, NoAnswer(Silence.TIMEOUT, f"no answer after {sum(self._waits):g} s and {flight.tries} tries"))
            elif not flight.patient and flight.deadline - self._waits[flight.tries - 1] + PATIENCE <= now:
                flight.patient = True
                self._patient += 1
        if self._backlog:
            self._refill()
        if self.busy:
            self.idle_since = now

    def close(self) -> None:
        if self._socket is not None:
            self._loop.remove_reader(self._socket)
            self._socket.close()
            self._socket = None
        self._under_way.clear()
        self._backlog.clear()
