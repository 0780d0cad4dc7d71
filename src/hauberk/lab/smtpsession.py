"""The dialogues of the lab's mail servers (RFC 5321, RFC 3207), faults included."""

import asyncio
import os
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import cast

from hauberk.lab.mailspec import Behaviour, MailServerSpec
from hauberk.lab.recipients import reply_to_recipient

_GREETINGS = {
    Behaviour.GREETING_554: "554 5.7.1 {name} You are not allowed to connect",
    Behaviour.GREETING_421: "421 4.7.0 {name} Too many connections, try again later",
    Behaviour.GREYLISTED_GREETING: "450 4.7.1 {name} Greylisted, try again in 300 seconds",
}
_VERBS = {
    "MAIL": "250 2.1.0 Ok",
    "DATA": "503 5.5.1 No valid recipients",
    "RSET": "250 2.0.0 Ok",
    "NOOP": "250 2.0.0 Ok",
    "VRFY": "252 2.0.0 Send some mail, I will try my best",
    "EXPN": "502 5.5.1 Not here",
    "HELP": "214 2.0.0 RFC 5321",
    "AUTH": "503 5.5.1 AUTH is not offered here",
}
_HANDSHAKE_FAILURE = bytes.fromhex("15030300020228")  # a fatal alert (RFC 8446, 6.2)


@dataclass(slots=True)
class Log:
    """What a server went through, for tests of politeness: `said` are the lines that clients sent."""

    connections: int = 0
    at_once: int = 0
    most_at_once: int = 0
    said: list[str] = field(default_factory=list[str])
    open: set[asyncio.Transport] = field(default_factory=set[asyncio.Transport])


class Session(asyncio.Protocol):
    """One connection. The dialogue goes on after STARTTLS with the same object and an empty buffer (RFC 3207, 4.2)."""

    def __init__(self, spec: MailServerSpec, context: Callable[[], ssl.SSLContext], log: Log) -> None:
        self._spec = spec
        self._context = context
        self._log = log
        self._name = spec.name or spec.host
        self._received = b""
        self._encrypted = False
        self._upgrading = False
        self._deaf = False
        self._over = False
        self._errors = 0
        self._to_hello = b""
        self._transport: asyncio.Transport | None = None
        self._task: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport = cast(asyncio.Transport, transport)  # uvloop's is one in all but its bases
        self._transport = transport
        log = self._log
        log.open.add(transport)
        log.connections += 1
        log.at_once += 1
        log.most_at_once = max(log.most_at_once, log.at_once)
        self._task = asyncio.get_running_loop().create_task(self._greet())

    def connection_lost(self, exc: Exception | None) -> None:
        if self._over:
            return
        self._over = self._deaf = True
        self._log.at_once -= 1
        if self._transport:
            self._log.open.discard(self._transport)
        if self._task and self._task is not asyncio.current_task():
            self._task.cancel()

    def data_received(self, data: bytes) -> None:
        if self._to_hello and self._transport:
            self._transport.write(self._to_hello)
            self._to_hello = b""
            self._close()
        if self._deaf:
            return
        self._received += data
        if self._upgrading:  # the client's first line may come before the loop hands over the encrypted transport
            return
        while b"\n" in self._received and not self._deaf:
            line, _, self._received = self._received.partition(b"\n")
            self._answer(line.rstrip(b"\r").decode("utf-8", "backslashreplace"))
        if len(self._received) > 4096:
            self._say("500 5.5.2 Line too long")
            self._close()

    def _say(self, *lines: str) -> None:
        if self._transport and not self._transport.is_closing():
            self._transport.write("".join(line + "\r\n" for line in lines).encode("utf-8", "surrogateescape"))

    def _close(self) -> None:
        self._deaf = True
        if self._transport:
            self._transport.close()

    async def _greet(self) -> None:
        spec = self._spec
        match spec.behaviour:
            case Behaviour.TIMEOUT:
                self._deaf = True
            case Behaviour.CLOSES_AT_ONCE:
                self._close()
            case Behaviour.RESETS:
                await asyncio.sleep(0.05)  # or the client's connect call itself would fail
                self._reset()
            case Behaviour.GARBAGE:
                self._garble()
            case Behaviour.ENDLESS_BANNER:
                await self._never_end()
            case Behaviour.GREETING_554 | Behaviour.GREETING_421 | Behaviour.GREYLISTED_GREETING:
                self._say(_GREETINGS[spec.behaviour].format(name=self._name))
                self._close()
            case _:
                await self._welcome(spec)

    async def _welcome(self, spec: MailServerSpec) -> None:
        if spec.behaviour is Behaviour.MEGABYTE_BANNER:
            self._say(*("220-" + "hauberk " * 120 for _ in range(1100)))
        for line in spec.greeting:
            await asyncio.sleep(spec.delay)
            self._say(f"220-{line}")
        await asyncio.sleep(spec.delay)
        self._say(f"220 {self._name} ESMTP")

    async def _never_end(self) -> None:
        self._deaf = True
        while self._transport and not self._transport.is_closing():
            self._say("220-" + "There is more to come. " * 40)
            await asyncio.sleep(0.01)

    def _reset(self) -> None:
        if self._transport:
            connection: socket.socket = self._transport.get_extra_info("socket")
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            self._transport.abort()

    def _garble(self) -> None:
        if self._transport:
            self._transport.write(_garbage())

    def _answer(self, line: str) -> None:
        if len(self._log.said) < 10_000:
            self._log.said.append(line)
        match line.partition(" ")[0].upper():
            case "EHLO":
                self._hello()
            case "HELO":
                self._say(f"250 {self._name}")
            case "QUIT":
                self._say("221 2.0.0 Bye")
                self._close()
            case "STARTTLS" if self._offers_starttls():
                self._start_tls()
            case "RCPT":
                reply = reply_to_recipient(self._spec, line, self._errors)
                self._errors += reply.startswith("5")
                self._say(reply)
                if reply.startswith("421"):
                    self._close()
            case verb:
                self._say(_VERBS.get(verb, "500 5.5.2 Error: command not recognised"))

    def _offers_starttls(self) -> bool:
        return not self._encrypted and self._spec.behaviour is not Behaviour.NO_STARTTLS

    def _hello(self) -> None:
        match self._spec.behaviour:
            case Behaviour.EHLO_REFUSED:
                self._say("502 5.5.1 Error: command not implemented")
                return
            case Behaviour.EHLO_STALLS:
                self._deaf = True
                return
            case Behaviour.EHLO_CLOSES:
                self._close()
                return
            case _:
                pass
        extensions = [self._name, "PIPELINING", "SIZE 52428800", "8BITMIME", "ENHANCEDSTATUSCODES"]
        if self._offers_starttls():
            extensions.append("STARTTLS")
        if self._spec.auth_in_clear:
            extensions.append("AUTH PLAIN LOGIN")
        extensions.append("SMTPUTF8")
        self._say(*(f"250-{extension}" for extension in extensions[:-1]), f"250 {extensions[-1]}")

    def _start_tls(self) -> None:
        match self._spec.behaviour:
            case Behaviour.STARTTLS_454:
                self._say("454 4.7.0 TLS not available due to temporary reason")
                return
            case Behaviour.CLOSES_AFTER_STARTTLS:
                self._say("220 2.0.0 Ready to start TLS")
                self._close()
                return
            case Behaviour.HANDSHAKE_STALLS | Behaviour.HANDSHAKE_FAILS | Behaviour.GARBAGE_AFTER_STARTTLS as behaviour:
                self._say("220 2.0.0 Ready to start TLS")
                self._deaf = True
                self._to_hello = {Behaviour.HANDSHAKE_FAILS: _HANDSHAKE_FAILURE, Behaviour.GARBAGE_AFTER_STARTTLS: _garbage()}.get(
                    behaviour, b""
                )
                return
            case _:
                pass
        injected = self._received if self._spec.behaviour is Behaviour.OBEYS_INJECTED else b""
        self._received = b""
        self._upgrading = True
        self._say("220 2.0.0 Ready to start TLS")
        self._task = asyncio.get_running_loop().create_task(self._encrypt(injected))

    async def _encrypt(self, injected: bytes) -> None:
        transport = self._transport
        if transport is None:
            return
        try:
            encrypted = await asyncio.get_running_loop().start_tls(
                transport, self, self._context(), server_side=True, ssl_handshake_timeout=20.0
            )
        except (OSError, TimeoutError):
            # The client went away or there was nothing to agree upon; nobody else tells this protocol that it is over.
            self.connection_lost(None)
            return
        self._log.open.discard(transport)
        if encrypted is not None:
            self._log.open.add(encrypted)
            self._transport = encrypted
        self._encrypted = True
        self._upgrading = False
        self.data_received(injected)


def _garbage() -> bytes:
    return b"\x00\xff\x16\x03\x01" + os.urandom(400) + b"\r\n" + os.urandom(400) + b"\n"
