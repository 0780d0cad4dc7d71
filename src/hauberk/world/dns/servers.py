"""Single name servers, asked without recursion: a channel each, opened when needed, a few queries at a time, closed when idle."""

from collections import deque
from collections.abc import Callable
from ipaddress import ip_address
from typing import Final, TypeAlias

from hauberk.model.dns import NoAnswer, Silence
from hauberk.world.dns.flight import Flight
from hauberk.world.dns.stream import StreamChannel
from hauberk.world.dns.udp import UdpChannel

Place: TypeAlias = Callable[[str, int], tuple[str, int]]
"""Where an (address, port) really is, for a lab that plays the internet on loopback."""

_PORT = 53
_WINDOW = 16  # queries at a time to one server of somebody else's
_MOST_OPEN = 200  # sockets
_MOST_KNOWN = 100_000  # addresses
_IDLE: Final = 2.0  # seconds


class Servers:
    """All name servers that questions were directed at."""

    def __init__(self, *, timeout: float, tries: int, allowed: Callable[[str], bool] | None, place: Place | None) -> None:
        self._timeout = timeout
        self._tries = tries
        self._allowed = allowed
        self._place = place
        self._refusals: dict[str, NoAnswer | None] = {}
        self._channels: dict[str, UdpChannel] = {}
        self._streams: dict[str, StreamChannel] = {}
        self._backlog: deque[Flight] = deque()

    @property
    def busy(self) -> bool:
        """Whether there is anything to sweep: queries under way, or sockets to close once they are idle."""
        return bool(self._backlog or self._channels or self._streams)

    def refusal(self, server: str) -> NoAnswer | None:
        """Why a server must not be asked."""
        if server not in self._refusals:
            if len(self._refusals) >= _MOST_KNOWN:
                self._refusals.clear()
            self._refusals[server] = self._refusal(server)
        return self._refusals[server]

    def _refusal(self, server: str) -> NoAnswer | None:
        try:
            ip_address(server)
        except ValueError:
            return NoAnswer(Silence.NOT_ASKED, "a name server is asked by its address")
        if self._allowed is not None and not self._allowed(server):
            return NoAnswer(Silence.FORBIDDEN, f"{server} is no address that may be asked")
        return None

    def send(self, flight: Flight) -> None:
        server = flight.question.server
        if flight.over_tcp:
            self._stream_to(server).send(flight)
            return
        channel = self._channels.get(server)
        if channel is None:
            if len(self._channels) >= _MOST_OPEN:
                self._backlog.append(flight)
                return
            channel = UdpChannel(self._placed(server), timeout=self._timeout, tries=self._tries, window=_WINDOW)
            self._channels[server] = channel
        channel.send(flight)

    def _stream_to(self, server: str) -> StreamChannel:
        stream = self._streams.get(server)
        if stream is None:
            stream = self._streams[server] = StreamChannel(self._placed(server), timeout=self._timeout)
        return stream

    def _placed(self, server: str) -> tuple[str, int]:
        return self._place(server, _PORT) if self._place is not None else (server, _PORT)

    def sweep(self, now: float) -> None:
        crowded = bool(self._backlog)
        for channels in (self._channels, self._streams):
            for server, channel in tuple(channels.items()):
                channel.sweep(now)
                if not channel.busy and (crowded or now - channel.idle_since > _IDLE):
                    channel.close()
                    del channels[server]
        for _ in range(len(self._backlog)):
            self.send(self._backlog.popleft())

    def close(self) -> None:
        for channel in (*self._channels.values(), *self._streams.values()):
            channel.close()
        self._channels.clear()
        self._streams.clear()
        self._backlog.clear()
