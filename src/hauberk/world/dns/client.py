"""The DNS client of a scan: questions in, recorded answers out, each asked once.

Theory of operation: `ask` hands out a future and no coroutine runs per query. A question becomes a `Flight` that one `Channel`
carries (UDP, TCP, TLS, HTTPS); what lands is looked at once here: truncated goes again over TCP, SERVFAIL is asked again before it
is believed, a server too old for EDNS is asked without it; all else is decoded and given to everybody who waits. One timer sweeps
all channels. Each waiter has a future of its own, so that who is cancelled takes nobody else along.
"""

import asyncio
import random
import ssl
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Final, Self

from hauberk.model.dns import DnsAnswer, NoAnswer, Question, Silence
from hauberk.protocols.malformed import Malformed
from hauberk.world.dns.doh import DohChannel
from hauberk.world.dns.flight import TICK, Channel, Flight, Waiter
from hauberk.world.dns.resolver import Resolver, is_loopback, is_trusted, parse_resolver
from hauberk.world.dns.servers import Place, Servers
from hauberk.world.dns.stream import StreamChannel
from hauberk.world.dns.udp import UdpChannel
from hauberk.world.dns.wire import TC, Garbled, decode, query, question_section

_DOUBT: Final = 0.1  # seconds before a SERVFAIL is asked again
_PORTS_IN_USE = 4  # sockets to a resolver off this machine, so that a forger has more to guess than the id
_GENERATION = 100_000  # answers; between one and two generations are kept
_RECONSIDERED = frozenset((1, 2, 4))  # FORMERR, SERVFAIL, NOTIMP


class DnsClient:
    """Asks one resolver (a URL as in `parse_resolver`; `ValueError` if it is none), and single name servers for `Question.server`.

    `timeout` in seconds is the whole patience for one question over UDP, shared out over `tries` sendings; `window` queries are
    sent ahead of their answers. `allowed` tells whether a name server's address may be asked (default: all), `place` maps
    (address, port) to where it really is (a lab). `tls` replaces the default verification of resolvers.
    Made inside a running event loop; `close` it in the same.
    """

    def __init__(
        self,
        resolver: str,
        *,
        timeout: float = 7.0,
        tries: int = 3,
        window: int = 200,
        allowed: Callable[[str], bool] | None = None,
        place: Place | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        parsed = parse_resolver(resolver)
        if isinstance(parsed, Malformed):
            raise ValueError(f"{resolver}: {parsed.reason}")
        self.trusted = is_trusted(resolver)
        self._loop = asyncio.get_running_loop()
        self._channels = _channels_to(parsed, timeout, tries, window, tls)
        self._only = self._channels[0] if len(self._channels) == 1 else None
        self._stream = StreamChannel((parsed.host, parsed.port), timeout=timeout) if parsed.scheme == "udp" else None
        self._servers = Servers(timeout=timeout, tries=tries, allowed=allowed, place=place)
        self._answers: dict[Question, Waiter] = {}
        self._older: dict[Question, Waiter] = {}
        self._others: dict[Waiter, list[Waiter]] = {}  # by the waiter who came first, while the flight is under way
        self._ticker: asyncio.TimerHandle | None = None
        self._closed = False

    def ask(self, question: Question) -> Awaitable[DnsAnswer | NoAnswer]:
        """The answer; a question that was asked before is not asked again. Only `close` and the waiter's own cancelling raise."""
        waiter: Waiter = self._loop.create_future()
        first = self._answers.setdefault(question, waiter)
        if first is waiter and self._older:
            first = self._answers[question] = self._older.get(question, waiter)
        if first is not waiter:
            if first.done() and not first.cancelled():
                return first
            self._others.setdefault(first, []).append(waiter)
            return waiter
        asked = question_section(question)
        if asked is None or self._closed or (question.server and self._servers.refusal(question.server) is not None):
            return self._decline(question, waiter)
        if len(self._answers) > _GENERATION:
            self._older, self._answers = self._answers, {}
        message = query(asked, not question.server, question.checking_disabled)
        flight = Flight(question, asked, message, self._landed, waiter)
        if self._only is None or question.server or self._ticker is None:
            self._send(flight)
        else:
            self._only.send(flight)
        return waiter

    def _decline(self, question: Question, waiter: Waiter) -> Waiter:
        if self._closed:
            waiter.cancel()
        else:
            refusal = self._servers.refusal(question.server) if question.server else None
            waiter.set_result(refusal or NoAnswer(Silence.NOT_ASKED, "no name or type that the DNS can hold"))
        return waiter

    def _send(self, flight: Flight) -> None:
        if self._ticker is None:
            self._ticker = self._loop.call_later(TICK, self._tick)
        if flight.question.server:
            self._servers.send(flight)
        elif flight.over_tcp and self._stream is not None:
            self._stream.send(flight)
        elif self._only is not None:
            self._only.send(flight)
        else:
            random.choice(self._channels).send(flight)

    def _landed(self, flight: Flight, reply: bytes | NoAnswer) -> None:
        if isinstance(reply, bytes):
            if (reply[2] & TC or reply[3] & 15 in _RECONSIDERED) and self._goes_again(flight, reply):
                return
            try:
                answer = decode(reply, flight.question, flight.asked, trusted=self.trusted and not flight.question.server)
            except Garbled as error:
                answer = NoAnswer(Silence.GARBLED, str(error))
        else:
            answer = reply
        waiter = flight.waiter
        others = self._others.pop(waiter, None) if self._others else None
        if waiter.cancelled():
            self._settle_without_first(flight, answer, others)
            return
        waiter.set_result(answer)
        if others is not None:
            for other in others:
                if not other.done():
                    other.set_result(answer)

    def _settle_without_first(self, flight: Flight, answer: DnsAnswer | NoAnswer, others: list[Waiter] | None) -> None:
        """The one who asked first gave up. His cancelled future must not stay as the answer, nor a flight that never left."""
        waiting = [other for other in others or () if not other.cancelled()]
        if isinstance(answer, NoAnswer) and answer.reason is Silence.OUT_OF_TIME:
            self._answers.pop(flight.question, None)
            self._older.pop(flight.question, None)
            if waiting:
                flight.waiter = self._answers[flight.question] = waiting[0]
                self._others[waiting[0]] = waiting[1:]
                self._send(flight)
            return
        kept: Waiter = self._loop.create_future()
        for one in (kept, *waiting):
            one.set_result(answer)
        self._answers[flight.question] = kept

    def _goes_again(self, flight: Flight, reply: bytes) -> bool:
        """Whether the reply is not the last word; if so, the flight is on its way again."""
        question = flight.question
        if reply[2] & TC and not flight.over_tcp and (question.server or self._stream is not None):
            flight.over_tcp = True
            self._send(flight)
            return True
        match reply[3] & 15:
            case 2 if not flight.doubted:  # SERVFAIL
                flight.doubted = True
                self._loop.call_later(_DOUBT, self._send_again, flight)
                return True
            case 1 | 4 if not flight.plain:  # FORMERR, NOTIMP: perhaps a server from before EDNS (RFC 6891, 7)
                flight.plain = True
                flight.query = query(flight.asked, not question.server, question.checking_disabled, edns=False)
                self._send(flight)
                return True
            case _:
                return False

    def _send_again(self, flight: Flight) -> None:
        if not self._closed:
            self._send(flight)

    def _tick(self) -> None:
        now = self._loop.time()
        busy = False
        for channel in self._channels:
            channel.sweep(now)
            busy = busy or channel.busy
        if self._stream is not None:
            self._stream.sweep(now)
            busy = busy or self._stream.busy
        if self._servers.busy:
            self._servers.sweep(now)
            busy = True
        self._ticker = self._loop.call_later(TICK, self._tick) if busy else None

    async def close(self) -> None:
        """Hang up; whoever still waits is cancelled."""
        self._closed = True
        if self._ticker is not None:
            self._ticker.cancel()
        for channel in self._channels:
            channel.close()
        if self._stream is not None:
            self._stream.close()
        self._servers.close()
        for first in (*self._answers.values(), *self._older.values()):
            first.cancel()
        for others in self._others.values():
            for other in others:
                other.cancel()
        self._answers.clear()
        self._older.clear()
        self._others.clear()
        for _ in range(5):  # aborted connections are let go in the loop's next rounds
            await asyncio.sleep(0)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self.close()


def _channels_to(resolver: Resolver, timeout: float, tries: int, window: int, tls: ssl.SSLContext | None) -> tuple[Channel, ...]:
    address = (resolver.host, resolver.port)
    match resolver.scheme:
        case "udp":
            ports = 1 if is_loopback(resolver.host) else _PORTS_IN_USE
            return tuple(UdpChannel(address, timeout=timeout, tries=tries, window=window // ports) for _ in range(ports))
        case "tcp":
            return (StreamChannel(address, timeout=timeout),)
        case "tls":
            return (StreamChannel(address, timeout=timeout, tls=tls or ssl.create_default_context(), name=resolver.name),)
        case _:
            return (DohChannel(resolver, timeout=timeout, tls=tls or ssl.create_default_context()),)
