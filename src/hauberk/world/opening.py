"""The way to a ClientHello on a mail port: greeting, EHLO, STARTTLS (SMTP), or `a STARTTLS` (IMAP), or STLS (POP3), or nothing at all.

Nothing is written down here: a scan holds one recorded session with an endpoint first (`world.smtp`), the hellos come after it.
"""

import asyncio

from hauberk.model.dns import Silence
from hauberk.protocols.lines import Grammar, LineReader
from hauberk.protocols.mailbox import TAG, MailboxReply, MailProtocol, MailService, imap_greeting, imap_line, pop_line
from hauberk.protocols.malformed import Malformed
from hauberk.protocols.smtp import Reply, smtp_line
from hauberk.world.dial import Stream
from hauberk.world.smtp import SmtpPatience

_MOST_QUOTED = 500


class RefusedError(Exception):
    """The server said no on the way; the text is its reply."""


class UnheardError(Exception):
    """The way ended without an answer."""

    def __init__(self, reason: Silence, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


class Opening:
    """Leads one connection to the point where the server waits for a ClientHello, before `deadline` (by the loop's clock)."""

    def __init__(self, stream: Stream, service: MailService, helo: str, patience: SmtpPatience, deadline: float) -> None:
        self._loop = asyncio.get_running_loop()
        self._stream = stream
        self._service = service
        self._helo = helo
        self._patience = patience
        self._deadline = deadline
        self._reader: LineReader[Reply | MailboxReply] = LineReader(smtp_line)

    async def hold(self) -> None:
        """Raises `RefusedError`, `UnheardError`."""
        if self._service.tls_at_once:
            return
        match self._service.protocol:
            case MailProtocol.SMTP:
                await self._must("", smtp_line)
                await self._must(f"EHLO {self._helo}", smtp_line)
                reply = await self._must("STARTTLS", smtp_line)
                if isinstance(reply, Reply) and reply.code != 220:
                    raise RefusedError(str(reply)[:_MOST_QUOTED])
            case MailProtocol.IMAP:
                await self._must("", imap_greeting)
                await self._must(f"{TAG} STARTTLS", imap_line)
            case MailProtocol.POP3:
                await self._must("", pop_line)
                await self._must("STLS", pop_line)

    async def leave(self) -> None:
        """Say goodbye to a server that refused us; how it takes that changes nothing."""
        goodbye, grammar = FAREWELLS[self._service.protocol]
        try:
            await self._ask(goodbye, grammar, self._patience.farewell)
        except UnheardError:
            return

    async def _must(self, command: str, grammar: Grammar[Reply | MailboxReply]) -> Reply | MailboxReply:
        reply = await self._ask(command, grammar, self._patience.reply if command else self._patience.greeting)
        if not reply.positive:
            raise RefusedError(str(reply)[:_MOST_QUOTED])
        return reply

    async def _ask(self, command: str, grammar: Grammar[Reply | MailboxReply], seconds: float) -> Reply | MailboxReply:
        """One command (none for the greeting) and its reply, whole within so many seconds however it drips."""
        to = command.removeprefix(f"{TAG} ").partition(" ")[0] or "the greeting"
        self._reader.begin_with(grammar)
        if command:
            self._reader.drop_remainder()
            self._stream.send(f"{command}\r\n".encode())
        try:
            async with asyncio.timeout_at(min(self._loop.time() + seconds, self._deadline)):
                return await self._reply(to)
        except TimeoutError:
            raise UnheardError(Silence.TIMEOUT, f"{to} was not answered in full within {seconds:g} s") from None
        except OSError as error:
            raise UnheardError(Silence.UNREACHABLE, f"the connection broke before {to} was answered: {error.strerror or error}") from None

    async def _reply(self, to: str) -> Reply | MailboxReply:
        while True:
            while self._reader.take_line() is not None:
                pass
            reply = self._reader.reply
            if isinstance(reply, Malformed):
                raise UnheardError(Silence.GARBLED, f"the answer to {to} is of another protocol: {reply.marked()}")
            if reply is not None:
                return reply
            if self._reader.overrun:
                raise UnheardError(Silence.GARBLED, f"the server sent {self._reader.overrun}")
            data = await self._stream.receive()
            if not data:
                raise UnheardError(Silence.UNREACHABLE, f"the server closed the connection before {to} was answered")
            self._reader.feed(data)


FAREWELLS: dict[MailProtocol, tuple[str, Grammar[Reply | MailboxReply]]] = {
    MailProtocol.SMTP: ("QUIT", smtp_line),
    MailProtocol.IMAP: (f"{TAG} LOGOUT", imap_line),
    MailProtocol.POP3: ("QUIT", pop_line),
}
