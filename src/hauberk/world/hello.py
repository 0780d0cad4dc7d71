"""One connection a hello: the opening, the octets of the hello, the server's first flight; the handshake is never finished.

A server that refuses us (421, 450, 451, 454, 554 ...) on the way has said nothing of its TLS: that is a refusal, and it is not asked again.

Theory of operation: a full probe is a hundred connections of five short steps, and waking a task for each step costs more than the step.
So a visit goes on inside the loop's own callbacks, and one future tells when it is over.
"""

import asyncio
import math
import re
from functools import lru_cache

from hauberk.model.dns import NoAnswer, Silence
from hauberk.model.transport import Ending, Flight, Hello
from hauberk.protocols.lines import LineReader, line_text
from hauberk.protocols.mailbox import MailProtocol, service_on
from hauberk.protocols.malformed import Malformed
from hauberk.protocols.opening import GOODBYES, AnyReply, Step, opening
from hauberk.protocols.smtp import Reply
from hauberk.protocols.tls.completeness import FlightState, FlightWatch
from hauberk.world.dial import Connection, Dialer
from hauberk.world.dialogue import SmtpPatience

MOST_FLIGHT = 65_536
_MOST_AT_ONCE = 8_192
_POSITIVE = re.compile(rb"(?:2[0-9][0-9]-[^\n]*\n)*(2[0-9][0-9])(?: ([^\r\n]*))?\r?\n")
_REFUSAL = re.compile(rb"(?:[45][0-9][0-9][ -]|\* BYE|-ERR)[^\r\n]{0,500}", re.IGNORECASE)


@lru_cache(maxsize=64)
def _whole_reply(data: bytes) -> Reply | None:
    """Kept, since a server says the same to each of a hundred connections."""
    found = _POSITIVE.fullmatch(data)
    return Reply(int(found[1]), (line_text(found[2] or b""),)) if found else None


async def say_hello(dialer: Dialer, hello: Hello, helo: str, patience: SmtpPatience) -> Flight | NoAnswer:
    """The server's flight; `NoAnswer` when the hello could not be put because no connection, or no answer in the opening, came about."""
    async with dialer.call(hello.endpoint.address, hello.endpoint.port, lambda: _Visit(hello, helo, patience)) as visit:
        return visit if isinstance(visit, NoAnswer) else await visit.answer


class _Visit(Connection):
    """Drives the opening, then gathers the flight, at most `MOST_FLIGHT` octets; `answer` is set when it is over."""

    def __init__(self, hello: Hello, helo: str, patience: SmtpPatience) -> None:
        super().__init__()
        self._loop = asyncio.get_running_loop()
        self._hello = hello.octets
        self._service = service_on(hello.endpoint.port)
        self._smtp = self._service.protocol is MailProtocol.SMTP
        self._opening = opening(self._service, helo)
        self._patience = patience
        self._lines = LineReader()
        self._before: list[str] = []
        self._step: Step | None = None
        self._refusal = ""
        self._watch: FlightWatch | None = None
        self._received = bytearray()
        self._timer: asyncio.TimerHandle | None = None
        self._end = self._due = math.inf
        self._limit = self._seconds = 0.0
        self.answer: asyncio.Future[Flight | NoAnswer] = self._loop.create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._end = self._loop.time() + self._patience.session
        self._take(None)

    def data_received(self, data: bytes) -> None:
        if self.answer.done():
            return
        if self._refusal:
            self._over(Flight(b"", Ending.QUIT, self._refusal))
        elif self._watch is not None:
            self._gather(self._watch, data)
        elif (reply := self._at_once(data)) is not None:
            self._take(reply)
        else:
            self._lines.feed(data)
            self._hear()

    def connection_lost(self, exc: Exception | None) -> None:
        self._gone(Ending.RESET if exc else Ending.CLOSED, f"broke ({exc})" if exc else "was closed by the server")

    def eof_received(self) -> None:
        self._gone(Ending.CLOSED, "was closed by the server")

    def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        super().close()

    def _take(self, reply: AnyReply | None) -> None:
        """Take a reply in (None at the beginning) and go on."""
        try:
            step = next(self._opening) if reply is None else self._opening.send(reply)
        except StopIteration as stop:
            self._refusal = stop.value
            if self._refusal:
                self._wait(self._patience.farewell)
                self.send(f"{GOODBYES[self._service.protocol]}\r\n".encode())
            else:
                self._watch = FlightWatch(self._hello)
                self._wait(self._patience.handshake)
                self.send(self._hello)
            return
        self._step = step
        self._before = []
        self._lines.begin()
        self._wait(self._patience.reply if step.command else self._patience.greeting)
        if step.command:
            self.send(f"{step.command}\r\n".encode())

    def _at_once(self, data: bytes) -> Reply | None:
        """The usual case without reading line by line: a whole positive reply in one piece, with the text of its last line."""
        if not self._smtp or len(data) > _MOST_AT_ONCE or self._before or self._lines.remainder:
            return None
        return _whole_reply(data)

    def _hear(self) -> None:
        while self._step is not None and self._watch is None and not self._refusal and (line := self._lines.take_line()) is not None:
            reply = self._step.grammar(self._before, line)
            if isinstance(reply, Malformed):
                self._unheard(Silence.GARBLED, f"the answer to {self._step.name} is not {self._service.protocol.upper()}: {reply.marked()}")
                return
            if reply is not None:
                self._take(reply)
        if self._lines.overrun and self._watch is None and not self._refusal:
            self._unheard(Silence.GARBLED, f"the server sent {self._lines.overrun}")

    def _gather(self, watch: FlightWatch, data: bytes) -> None:
        data = data[: MOST_FLIGHT - len(self._received)]
        self._received += data
        match watch.feed(data):
            case FlightState.WHOLE:
                self._land(Ending.QUIT)
            case FlightState.BROKEN:
                self._land(Ending.GARBLED)
            case FlightState.OPEN if len(self._received) >= MOST_FLIGHT:
                self._land(Ending.TOO_MUCH)
            case FlightState.OPEN:
                pass

    def _gone(self, ending: Ending, words: str) -> None:
        if self._refusal:
            self._over(Flight(b"", Ending.QUIT, self._refusal))
        elif self._watch is not None:
            self._land(ending)
        elif self._step is not None:
            self._unheard(Silence.UNREACHABLE, f"the connection {words} before {self._step.name} was answered")

    def _look_at_clock(self) -> None:
        if self._loop.time() < self._limit:
            self._due = self._limit
            self._timer = self._loop.call_at(self._due, self._look_at_clock)
        elif self._refusal:
            self._over(Flight(b"", Ending.QUIT, self._refusal))
        elif self._watch is not None:
            self._land(Ending.TIMEOUT)
        elif self._step is not None:
            self._unheard(Silence.TIMEOUT, f"{self._step.name} was not answered in full within {self._seconds:g} s")

    def _wait(self, seconds: float) -> None:
        """Allow so much time from now on. The timer may ring early and then looks again, so that most visits set it once."""
        now = self._loop.time()
        self._seconds, self._limit = seconds, min(now + seconds, self._end)
        if self._timer is not None:
            if self._limit >= self._due:
                return
            self._timer.cancel()
        self._due = min(self._limit, now + self._patience.reply, now + self._patience.handshake)
        self._timer = self._loop.call_at(self._due, self._look_at_clock)

    def _land(self, ending: Ending) -> None:
        refusal = _REFUSAL.match(self._received)
        self._over(Flight(b"", ending, line_text(refusal[0])) if refusal else Flight(bytes(self._received), ending))

    def _unheard(self, reason: Silence, detail: str) -> None:
        self._over(NoAnswer(reason, detail))

    def _over(self, answer: Flight | NoAnswer) -> None:
        if not self.answer.done():
            self.answer.set_result(answer)
