"""A small mail server for the tests of probes, whose every virtue can be taken away: the broken twins.

`Strict` is how a sound server behaves; each test spoils one thing and shows that its probe notices.
"""

import asyncio
import re
import ssl
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from hauberk.lab.pki import CertificateSpec, Pki
from hauberk.system.prove.gathering import Seek, token_of
from hauberk.system.prove.messages import eicar, gtube
from hauberk.system.prove.probe import Place
from hauberk.system.prove.settling import Delivered
from hauberk.system.prove.targets import Account, Canaries, Engines, Outside, Service, Targets

OWN, FAR = "corp.test", "partner.test"
ALICE = f"alice@{OWN}"
SINK = f"sink@{FAR}"
_ADDRESS = re.compile(rb"^(?:MAIL FROM|RCPT TO):\s*(\S.*)$", re.IGNORECASE)


def only_own(recipient: bytes) -> str:
    """The reply of a server that relays for nobody and knows its people."""
    if recipient.lower() in (f"<{ALICE}>".encode(), b"<postmaster@corp.test>"):
        return "250 2.1.5 ok"
    return "550 5.1.1 no such user" if recipient.lower().endswith(b"@corp.test>") else "554 5.7.1 relay access denied"


def inspected(message: bytes) -> str:
    """The reply of a server that scans, by content; archives are unpacked by nobody here: the zip's own octets are known."""
    if eicar() in message:
        return "554 5.7.1 virus found: Eicar-Test-Signature"
    if gtube().encode() in message:
        return "554 5.7.1 spam refused"
    author = re.search(rb"^From: (.*)$", message, re.MULTILINE)
    if author and author[1].strip().endswith((b"corp.test", b"strict.test")):
        return "554 5.7.1 rejected by DMARC policy"
    return "250 2.0.0 queued"


@dataclass
class FakeMta:
    """`ends`: what ends the data besides CRLF . CRLF. `injectable`: what comes behind STARTTLS is carried out. `kept`: what was taken."""

    judge_recipient: Callable[[bytes], str] = only_own
    judge_message: Callable[[bytes], str] = inspected
    ends: tuple[bytes, ...] = ()
    strict_lines: bool = True
    injectable: bool = False
    patient: bool = False
    offers_auth: bool = False
    login_said: str = "535 5.7.8 wrong"
    verbs: dict[str, str] = field(default_factory=lambda: {"VRFY": "502 5.5.1 no", "EXPN": "502 5.5.1 no", "ETRN": "502 5.5.1 no"})
    kept: list[tuple[tuple[bytes, ...], bytes]] = field(default_factory=list[tuple[tuple[bytes, ...], bytes]])

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await _Session(self, reader, writer).run()
        except (OSError, asyncio.IncompleteReadError, ValueError):
            pass
        finally:
            writer.close()


class _Session:
    def __init__(self, server: FakeMta, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.server, self.reader, self.writer = server, reader, writer
        self.buffer = b""
        self.recipients: list[bytes] = []

    def say(self, line: str) -> None:
        self.writer.write(line.encode() + b"\r\n")

    async def fill(self) -> None:
        data = await self.reader.read(65536)
        if not data:
            raise ValueError("gone")
        self.buffer += data

    async def line(self) -> bytes:
        while b"\n" not in self.buffer:
            await self.fill()
        line, _, self.buffer = self.buffer.partition(b"\n")
        return line.rstrip(b"\r")

    async def run(self) -> None:
        self.say("220 mx1.corp.test ESMTP")
        while True:
            line = await self.line()
            verb = line.split(b" ")[0].upper().decode("latin-1")
            if self.buffer and not self.server.patient and verb not in ("STARTTLS", "HELO", "DATA"):
                self.say("503 5.5.0 improper use of pipelining")
                return
            if verb == "QUIT":
                self.say("221 bye")
                return
            await self.answer(verb, line)

    async def answer(self, verb: str, line: bytes) -> None:
        server = self.server
        match verb:
            case "EHLO" | "HELO" | "LHLO":
                self.say(
                    "250-mx1.corp.test\r\n250-AUTH PLAIN\r\n250 STARTTLS" if server.offers_auth else "250-mx1.corp.test\r\n250 STARTTLS"
                )
            case "STARTTLS":
                await self.start_tls()
            case "MAIL":
                self.recipients = []
                self.say("250 ok")
            case "RCPT":
                found = _ADDRESS.match(line)
                reply = server.judge_recipient(found[1] if found else b"")
                if reply.startswith("250"):
                    self.recipients.append(found[1] if found else b"")
                self.say(reply)
            case "DATA" if self.recipients:
                self.say("354 go on")
                await self.data()
            case "NOOP" | "RSET":
                self.say("250 ok")
            case "AUTH" if server.offers_auth:
                self.say(server.login_said)
            case _:
                self.say(server.verbs.get(verb, "502 5.5.2 unknown"))

    async def start_tls(self) -> None:
        self.say("220 go on")
        injected, self.buffer = self.buffer, b""
        await self.writer.start_tls(server_context())
        if self.server.injectable:
            self.buffer = injected

    async def data(self) -> None:
        ends = (b"\r\n.\r\n", *self.server.ends)
        while True:
            places = [(at, end) for end in ends if (at := self.buffer.find(end)) >= 0]
            if places:
                at, end = min(places, key=lambda place: (place[0], -len(place[1])))
                message, self.buffer = self.buffer[:at], self.buffer[at + len(end) :]
                break
            await self.fill()
        if self.server.strict_lines and re.search(rb"(?<!\r)\n|\r(?!\n)", message):
            self.say("521 5.5.2 bare newline received")
            raise ValueError("refused")
        reply = self.server.judge_message(message)
        if reply.startswith("250"):
            self.server.kept.append((tuple(self.recipients), message + b"\r\n"))
        self.say(reply)


@cache
def _pki() -> Pki:
    return Pki(datetime.now(UTC))


@cache
def server_context() -> ssl.SSLContext:
    issued = _pki().issue(CertificateSpec(("mx1.corp.test", "mail.corp.test")))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with TemporaryDirectory() as folder:
        file = Path(folder) / "chain.pem"
        file.write_bytes(issued.key_pem + issued.chain_pem)
        context.load_cert_chain(file)
    return context


def anchors() -> str:
    return _pki().anchor_pem.decode()


@asynccontextmanager
async def listening(serve: Callable[[asyncio.StreamReader, asyncio.StreamWriter], object], *, tls: bool = False) -> AsyncGenerator[int]:
    """The port on loopback where `serve` takes connections."""
    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=server_context() if tls else None)  # pyright: ignore[reportArgumentType]
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


def targets(mx: int = 1, submission: int = 1, imap: int = 1, **more: object) -> Targets:
    """Targets on loopback; ports that no test listens on are 1, where nothing answers."""

    def service(host: str, port: int) -> Service:
        return Service(host, ("127.0.0.1",), port)

    made = Targets(
        organisation="Corp Ltd",
        domain=OWN,
        mx=service("mx1.corp.test", mx),
        relay=service("mx1.corp.test", 1),
        submission=service("mail.corp.test", submission),
        imap=service("mail.corp.test", imap),
        lmtp=service("mail.corp.test", 1),
        resolver=service("mx1.corp.test", 1),
        policy=None,
        anchors=anchors(),
        flows=(),
        zones=(),
        mailbox=Account(ALICE, "right"),
        colleague=Account(f"bob@{OWN}"),
        outside=Outside(SINK, "probe@evil.test", "mx.evil.test", impersonated="ceo@strict.test"),
        canaries=Canaries("FIRST-CANARY", "SECOND-CANARY"),
        engines=Engines(("clamav",), ("microsoft",)),
    )
    return replace(made, **more)  # pyright: ignore[reportArgumentType]


def seekers(server: FakeMta) -> dict[Place, Seek]:
    """What the server took, as mailbox and sink: by the recipient's domain as a server that relays would read it."""

    async def at_mailbox(tokens: frozenset[str]) -> list[Delivered]:
        return [Delivered(token_of(raw), Place.MAILBOX, raw) for to, raw in server.kept if token_of(raw) in tokens and _own(to)]

    async def at_sink(tokens: frozenset[str]) -> list[Delivered]:
        return [Delivered(token_of(raw), Place.SINK, raw) for to, raw in server.kept if token_of(raw) in tokens and not _own(to)]

    return {Place.MAILBOX: at_mailbox, Place.SINK: at_sink}


def _own(recipients: tuple[bytes, ...]) -> bool:
    return all(one.lower() == f"<{ALICE}>".encode() for one in recipients)
