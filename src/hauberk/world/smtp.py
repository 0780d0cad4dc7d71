"""One SMTP session with one endpoint: greeting, EHLO, STARTTLS, one handshake, EHLO, QUIT; every line is written down.

No message is ever offered. A server that refuses us (421, 45z, 554) is told QUIT and left alone.
"""

import asyncio
from dataclasses import dataclass, replace

from hauberk.model.dns import NoAnswer
from hauberk.model.transport import Ending, Endpoint, SmtpSession, Speaker, Turn
from hauberk.protocols.lines import line_text
from hauberk.protocols.malformed import Malformed, visible
from hauberk.protocols.smtp import Ehlo, Reply, ReplyReader, parse_ehlo
from hauberk.world.dial import Dialer, Stream
from hauberk.world.tls import NotTlsFailure, TlsFailure, TlsStream


@dataclass(frozen=True, slots=True)
class SmtpPatience:
    """Time limits in seconds. They are shorter than RFC 5321, 4.5.3.2 asks of mail servers; postscreen makes first contacts wait 6 s."""

    greeting: float = 15.0
    reply: float = 10.0
    handshake: float = 10.0
    farewell: float = 2.0
    session: float = 45.0


async def converse(dialer: Dialer, endpoint: Endpoint, helo: str, patience: SmtpPatience) -> SmtpSession | NoAnswer:
    """Hold one session; `NoAnswer` when no connection came about.

    A server that answers our hello with nothing of its own may be one that a long hello or TLS 1.3 confuses, as other senders do not:
    it is visited once more with a short one. When that helps, the second session is the answer and `detail` tells of the first.
    """
    session = await _hold(dialer, endpoint, helo, patience, short_hello=False)
    if not isinstance(session, SmtpSession) or not _may_be_confused(session):
        return session
    second = await _hold(dialer, endpoint, helo, patience, short_hello=True)
    if isinstance(second, SmtpSession) and second.tls is not None and second.tls.completed:
        first = (
            f"a first handshake that offered TLS 1.3 failed ({session.tls.error if session.tls else ''}); this one offered TLS 1.2 at most"
        )
        return replace(second, detail="; ".join(part for part in (second.detail, first) if part))
    return session


def _may_be_confused(session: SmtpSession) -> bool:
    return session.tls is not None and not session.tls.completed and not session.tls.version and session.ending is not Ending.GARBLED


async def _hold(dialer: Dialer, endpoint: Endpoint, helo: str, patience: SmtpPatience, *, short_hello: bool) -> SmtpSession | NoAnswer:
    async with dialer.dial(endpoint.address, endpoint.port) as stream:
        if isinstance(stream, NoAnswer):
            return stream
        return await _Conversation(stream, patience, short_hello).hold(endpoint.host, helo)


class _OverError(Exception):
    """The session ended before our QUIT."""

    def __init__(self, ending: Ending, detail: str) -> None:
        super().__init__(detail)
        self.ending = ending
        self.detail = detail


class _Conversation:
    def __init__(self, stream: Stream, patience: SmtpPatience, short_hello: bool) -> None:
        self._loop = asyncio.get_running_loop()
        self._stream = stream
        self._patience = patience
        self._short_hello = short_hello
        self._deadline = self._loop.time() + patience.session
        self._reader = ReplyReader()
        self._turns: list[Turn] = []
        self._tls: TlsStream | None = None
        self._encrypted = False
        self._injected = ""

    async def hold(self, host: str, helo: str) -> SmtpSession:
        try:
            await self._talk(host, helo)
            await self._say_goodbye()
            ending, detail = Ending.QUIT, ""
        except _OverError as over:
            ending, detail = over.ending, over.detail
        observed = self._tls.observed(waited=self._heard_through_tls()) if self._tls else None
        if self._encrypted and self._tls:
            self._tls.close()
        return SmtpSession(tuple(self._turns), ending, "; ".join(part for part in (detail, self._injected) if part), observed)

    async def _talk(self, host: str, helo: str) -> None:
        greeting = await self._reply("the greeting", self._patience.greeting)
        if not greeting.positive:
            return
        reply = await self._command(f"EHLO {helo}")
        if reply.code != 421 and not reply.positive and not reply.transient:
            await self._command(f"HELO {helo}")
            return
        ehlo = parse_ehlo(reply)
        if not isinstance(ehlo, Ehlo) or not ehlo.offers("STARTTLS"):
            return
        if (await self._command("STARTTLS")).code == 220:
            await self._start_tls(host)
            await self._command(f"EHLO {helo}")

    async def _start_tls(self, host: str) -> None:
        injected = self._reader.remainder
        if injected:
            shown = visible(line_text(injected[:100]))
            self._injected = f"{len(injected)} octets came in clear behind the reply to STARTTLS: {shown}"
        self._reader.drop_remainder()
        tls = self._tls = TlsStream(self._stream, host, short_hello=self._short_hello)
        try:
            async with asyncio.timeout_at(self._until(self._patience.handshake)):
                await tls.handshake()
        except TimeoutError:
            raise _OverError(Ending.TIMEOUT, f"the TLS handshake did not end within {self._patience.handshake:g} s") from None
        except NotTlsFailure as failure:
            raise _OverError(Ending.GARBLED, f"the TLS handshake failed: {failure}") from None
        except TlsFailure as failure:
            raise _OverError(Ending.CLOSED, f"the TLS handshake failed: {failure}") from None
        except OSError as error:
            raise _OverError(Ending.RESET, f"the connection broke during the TLS handshake: {error.strerror or error}") from None
        self._encrypted = True

    async def _say_goodbye(self) -> None:
        """QUIT; how the server takes it changes nothing."""
        try:
            self._say("QUIT")
            await self._reply("QUIT", self._patience.farewell)
        except _OverError:
            return

    async def _command(self, text: str) -> Reply:
        self._say(text)
        return await self._reply(text.partition(" ")[0], self._patience.reply)

    def _say(self, text: str) -> None:
        self._note(Speaker.CLIENT, text)
        data = f"{text}\r\n".encode()
        try:
            (self._tls if self._tls and self._encrypted else self._stream).send(data)
        except TlsFailure as failure:
            raise _OverError(Ending.CLOSED, f"TLS ended: {failure}") from None

    async def _reply(self, to: str, seconds: float) -> Reply:
        """The reply to the last command, whole within so many seconds however it drips."""
        self._reader.begin()
        try:
            async with asyncio.timeout_at(self._until(seconds)):
                while True:
                    reply = self._heard()
                    if isinstance(reply, Reply):
                        return reply
                    if isinstance(reply, Malformed):
                        raise _OverError(Ending.GARBLED, f"the answer to {to} is not SMTP: {reply.marked()}")
                    await self._listen(to)
        except TimeoutError:
            raise _OverError(Ending.TIMEOUT, f"{to} was not answered in full within {seconds:g} s{self._cut_line()}") from None

    def _heard(self) -> Reply | Malformed | None:
        """Note the whole lines that have come; the reply once it is complete."""
        while (line := self._reader.take_line()) is not None:
            self._note(Speaker.SERVER, line)
        if self._reader.reply is None and self._reader.overrun:
            raise _OverError(Ending.TOO_MUCH, f"the server sent {self._reader.overrun}{self._cut_line()}")
        return self._reader.reply

    async def _listen(self, to: str) -> None:
        try:
            data = await (self._tls if self._tls and self._encrypted else self._stream).receive()
        except TlsFailure as failure:
            raise _OverError(Ending.CLOSED, f"TLS ended before {to} was answered: {failure}") from None
        except OSError as error:
            raise _OverError(Ending.RESET, f"the connection broke before {to} was answered: {error.strerror or error}") from None
        if not data:
            raise _OverError(Ending.CLOSED, f"the server closed the connection before {to} was answered{self._cut_line()}")
        self._reader.feed(data)

    def _note(self, speaker: Speaker, text: str) -> None:
        elapsed = round((self._loop.time() - self._stream.began) * 1000)
        self._turns.append(Turn(speaker, text, elapsed, self._encrypted))

    def _until(self, seconds: float) -> float:
        return min(self._loop.time() + seconds, self._deadline)

    def _cut_line(self) -> str:
        """The beginning of a line that did not end; it is no line of the dialogue."""
        begun = self._reader.remainder[:60]
        return f" (it began a line: {visible(line_text(begun))})" if begun else ""

    def _heard_through_tls(self) -> bool:
        return any(turn.encrypted and turn.speaker is Speaker.SERVER for turn in self._turns)
