"""A dialogue of lines with a mail server over one connection, in clear and then through TLS; every line is written down."""

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass
from typing import TypeVar

from hauberk.model.transport import Ending, SmtpSession, Speaker, TlsHandshake, Turn
from hauberk.protocols.lines import Grammar, LineReader, line_text
from hauberk.protocols.mailbox import MailProtocol
from hauberk.protocols.malformed import Malformed, visible
from hauberk.world.dial import Stream
from hauberk.world.tls import NotTlsFailure, TlsFailure, TlsStream

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class SmtpPatience:
    """Time limits in seconds. They are shorter than RFC 5321, 4.5.3.2 asks of mail servers; postscreen makes first contacts wait 6 s."""

    greeting: float = 15.0
    reply: float = 10.0
    handshake: float = 10.0
    farewell: float = 2.0
    session: float = 45.0


class OverError(Exception):
    """The session ended before our goodbye."""

    def __init__(self, ending: Ending, detail: str) -> None:
        super().__init__(detail)
        self.ending = ending
        self.detail = detail


class Dialogue:
    """Says commands and hears replies, within `patience`. `turns` is all that was said; `injected` words what came where nothing may."""

    def __init__(self, stream: Stream, patience: SmtpPatience, protocol: MailProtocol = MailProtocol.SMTP) -> None:
        self._loop = asyncio.get_running_loop()
        self._stream = stream
        self._patience = patience
        self._deadline = self._loop.time() + patience.session
        self._language = protocol.upper()
        self._lines = LineReader()
        self._tls: TlsStream | None = None
        self._encrypted = False
        self.turns: list[Turn] = []
        self.injected = ""

    async def hold(self, talk: Awaitable[None]) -> SmtpSession:
        """The session that `talk` makes of this dialogue, however it ends."""
        try:
            await talk
            ending, detail = Ending.QUIT, ""
        except OverError as over:
            ending, detail = over.ending, over.detail
        observed = self.observed()
        self.close()
        return SmtpSession(tuple(self.turns), ending, "; ".join(part for part in (detail, self.injected) if part), observed)

    async def greeting(self, grammar: Grammar[R]) -> R:
        """What the server says first. Raises `OverError`, as all that follows."""
        return await self._reply("the greeting", grammar, self._patience.greeting)

    async def command(self, text: str, grammar: Grammar[R], verb: str = "") -> R:
        """A command and its reply; `verb` is what complaints call it, the first word if empty."""
        self._say(text)
        return await self._reply(verb or text.partition(" ")[0], grammar, self._patience.reply)

    async def command_with(self, text: str, following: str, grammar: Grammar[R]) -> R:
        """A command with another right behind it, in one piece; the reply to the first."""
        self._note(Speaker.CLIENT, text)
        self._note(Speaker.CLIENT, following)
        self._send(f"{text}\r\n{following}\r\n".encode())
        return await self._reply(text, grammar, self._patience.reply)

    async def say_goodbye(self, text: str, grammar: Grammar[object]) -> None:
        """How the server takes it changes nothing."""
        try:
            self._say(text)
            await self._reply(text, grammar, self._patience.farewell)
        except OverError:
            return

    async def start_tls(self, host: str, *, short_hello: bool = False) -> None:
        """Shake hands; what was buffered in clear is noted and dropped."""
        injected = self._lines.remainder
        if injected:
            shown = visible(line_text(injected[:100]))
            self.injected = f"{len(injected)} octets came in clear behind the reply to STARTTLS: {shown}"
        self._lines.drop_remainder()
        tls = self._tls = TlsStream(self._stream, host, short_hello=short_hello)
        await self._shake_hands(tls.handshake(), "the TLS handshake")
        self._encrypted = True

    async def renegotiate(self) -> None:
        """Ask for one more handshake inside TLS; how the server took it is in `observed`."""
        if self._tls:
            await self._shake_hands(self._tls.renegotiate(), "the second TLS handshake")

    async def _shake_hands(self, handshake: Awaitable[None], which: str) -> None:
        try:
            async with asyncio.timeout_at(self.until(self._patience.handshake)):
                await handshake
        except TimeoutError:
            raise OverError(Ending.TIMEOUT, f"{which} did not end within {self._patience.handshake:g} s") from None
        except NotTlsFailure as failure:
            raise OverError(Ending.GARBLED, f"{which} failed: {failure}") from None
        except TlsFailure as failure:
            raise OverError(Ending.CLOSED, f"{which} failed: {failure}") from None
        except OSError as error:
            raise OverError(Ending.RESET, f"the connection broke during {which}: {error.strerror or error}") from None

    def observed(self) -> TlsHandshake | None:
        """The handshake, if one was begun."""
        heard = any(turn.encrypted and turn.speaker is Speaker.SERVER for turn in self.turns)
        return self._tls.observed(waited=heard) if self._tls else None

    def close(self) -> None:
        """End TLS; the stream itself stays to be closed by who opened it."""
        if self._encrypted and self._tls:
            self._tls.close()

    def until(self, seconds: float) -> float:
        """So many seconds from now, or the end of the session if that is sooner, by the clock of the event loop."""
        return min(self._loop.time() + seconds, self._deadline)

    def _say(self, text: str) -> None:
        self._note(Speaker.CLIENT, text)
        self._send(f"{text}\r\n".encode())

    def _send(self, data: bytes) -> None:
        try:
            (self._tls if self._tls and self._encrypted else self._stream).send(data)
        except TlsFailure as failure:
            raise OverError(Ending.CLOSED, f"TLS ended: {failure}") from None

    async def _reply(self, to: str, grammar: Grammar[R], seconds: float) -> R:
        """The reply to the last command, whole within so many seconds however it drips."""
        self._lines.begin()
        before: list[str] = []
        try:
            async with asyncio.timeout_at(self.until(seconds)):
                while True:
                    reply = self._heard(before, grammar)
                    if isinstance(reply, Malformed):
                        raise OverError(Ending.GARBLED, f"the answer to {to} is not {self._language}: {reply.marked()}")
                    if reply is not None:
                        return reply
                    await self._listen(to)
        except TimeoutError:
            raise OverError(Ending.TIMEOUT, f"{to} was not answered in full within {seconds:g} s{self._cut_line()}") from None

    def _heard(self, before: list[str], grammar: Grammar[R]) -> R | Malformed | None:
        """Note the whole lines that have come; the reply once it is complete."""
        while (line := self._lines.take_line()) is not None:
            self._note(Speaker.SERVER, line)
            reply = grammar(before, line)
            if reply is not None:
                return reply
        if self._lines.overrun:
            raise OverError(Ending.TOO_MUCH, f"the server sent {self._lines.overrun}{self._cut_line()}")
        return None

    async def _listen(self, to: str) -> None:
        try:
            data = await (self._tls if self._tls and self._encrypted else self._stream).receive()
        except TlsFailure as failure:
            raise OverError(Ending.CLOSED, f"TLS ended before {to} was answered: {failure}") from None
        except OSError as error:
            raise OverError(Ending.RESET, f"the connection broke before {to} was answered: {error.strerror or error}") from None
        if not data:
            raise OverError(Ending.CLOSED, f"the server closed the connection before {to} was answered{self._cut_line()}")
        self._lines.feed(data)

    def _note(self, speaker: Speaker, text: str) -> None:
        elapsed = round((self._loop.time() - self._stream.began) * 1000)
        self.turns.append(Turn(speaker, text, elapsed, self._encrypted))

    def _cut_line(self) -> str:
        """The beginning of a line that did not end; it is no line of the dialogue."""
        begun = self._lines.remainder[:60]
        return f" (it began a line: {visible(line_text(begun))})" if begun else ""
