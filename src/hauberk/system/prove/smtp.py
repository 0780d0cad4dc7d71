"""An SMTP client for probes: it says what it is told to, also what no client should (RFC 5321)."""

import base64
import ssl
from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

from hauberk.protocols.smtp import Ehlo, Reply, parse_ehlo
from hauberk.system.prove.experiment import Scene
from hauberk.system.prove.targets import Service
from hauberk.system.prove.wire import Recorder, UnansweredError, Wire, connected

END = b"\r\n.\r\n"


class Smtp:
    """One session. Every method returns the reply and raises `UnansweredError`."""

    def __init__(self, wire: Wire, host: str) -> None:
        self.wire = wire
        self.host = host

    async def greeting(self) -> Reply:
        return await self.wire.reply()

    async def command(self, text: str) -> Reply:
        return await self.octets(text.encode("utf-8", "surrogateescape") + b"\r\n")

    async def octets(self, data: bytes) -> Reply:
        await self.wire.send(data)
        return await self.wire.reply()

    async def ehlo(self, name: str) -> Ehlo:
        """Raises `UnansweredError` where the greeting was refused too."""
        reply = await self.command(f"EHLO {name}")
        parsed = parse_ehlo(reply)
        if not isinstance(parsed, Ehlo):
            raise UnansweredError(f"EHLO was answered with {reply}")
        return parsed

    async def start_tls(self, context: ssl.SSLContext) -> Reply:
        reply = await self.command("STARTTLS")
        if reply.code == 220:
            await self.wire.start_tls(context, self.host)
        return reply

    async def login(self, user: str, password: str) -> Reply:
        """AUTH PLAIN (RFC 4616)."""
        token = base64.b64encode(f"\0{user}\0{password}".encode()).decode()
        await self.wire.send(f"AUTH PLAIN {token}\r\n".encode(), secret=f"AUTH PLAIN for {user}, password not shown")
        return await self.wire.reply()

    async def envelope(self, sender: str, recipient: str) -> Reply:
        """MAIL and RCPT; the reply to the one that was refused, or to RCPT."""
        reply = await self.command(f"MAIL FROM:<{sender}>")
        return await self.command(f"RCPT TO:<{recipient}>") if reply.positive else reply

    async def data(self, message: bytes) -> Reply:
        """DATA and the message with its dots doubled (RFC 5321, 4.5.2); the reply to its end, or to DATA where that was refused."""
        reply = await self.command("DATA")
        if reply.code != 354:
            return reply
        stuffed = message.removesuffix(b"\r\n").replace(b"\r\n.", b"\r\n..")
        return await self.octets(stuffed + END)

    async def transaction(self, sender: str, recipient: str, message: bytes) -> Reply:
        """A whole message; the first reply that refuses, or the last."""
        reply = await self.envelope(sender, recipient)
        return await self.data(message) if reply.positive else reply

    async def quit(self) -> None:
        try:
            await self.wire.send(b"QUIT\r\n")
            await self.wire.reply(2)
        except UnansweredError:
            return


@asynccontextmanager
async def session(
    service: Service, helo: str, record: Recorder, *, tls: ssl.SSLContext | None = None, address: str = "", sources: tuple[str, ...] = ()
) -> AsyncGenerator[Smtp]:
    """Connected, greeted, introduced; `tls` is for implicit TLS (RFC 8314). Raises `UnansweredError`, also for a greeting that refuses."""
    async with connected(address or service.addresses[0], service.port, record, tls=tls, host=service.host, sources=sources) as wire:
        smtp = Smtp(wire, service.host)
        greeting = await smtp.greeting()
        if greeting.code != 220:
            raise UnansweredError(f"the greeting was {greeting}")
        await smtp.ehlo(helo)
        yield smtp
        await smtp.quit()


def verifying(anchors: str) -> ssl.SSLContext:
    """A context that verifies against `anchors` (PEM), or the system's where that is empty."""
    return ssl.create_default_context(cadata=anchors or None)


def opportunistic(certificate: Path | None = None) -> ssl.SSLContext:
    """A context that takes any certificate, as mail servers do among themselves (RFC 7435); may show one of its own."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    if certificate:
        context.load_cert_chain(certificate)
    return context


def from_outside(scene: Scene, *, helo: str = "", address: str = "") -> AbstractAsyncContextManager[Smtp]:
    """A stranger's session with our MX, from where the stranger is."""
    targets = scene.targets
    return session(targets.mx, helo or targets.outside.helo, scene.record, address=address, sources=targets.outside.sources)
