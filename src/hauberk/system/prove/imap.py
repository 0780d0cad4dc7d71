"""A small IMAP client (RFC 9051): log in, find messages by header field, fetch them; and hear when the server says goodbye."""

import re
import ssl
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from hauberk.system.prove.targets import Account, Service
from hauberk.system.prove.wire import Recorder, UnansweredError, Wire, connected

_LITERAL = re.compile(rb"\{([0-9]{1,9})\}\r\n$")
_LARGEST = 50_000_000


class Imap:
    """One session. Raises `UnansweredError`."""

    def __init__(self, wire: Wire) -> None:
        self.wire = wire
        self._number = 0

    async def command(self, text: str, *, secret: str = "") -> tuple[bool, list[bytes]]:
        """Whether the answer was OK, and the untagged lines, literals as items of their own."""
        self._number += 1
        tag = f"p{self._number}"
        await self.wire.send(f"{tag} {text}\r\n".encode(), secret=secret)
        return await self._answer(tag.encode())

    async def login(self, account: Account) -> bool:
        ok, _ = await self.command(
            f"LOGIN {_quoted(account.address)} {_quoted(account.password)}", secret=f"LOGIN {account.address}, password not shown"
        )
        return ok

    async def holding(self, field: str, value: str) -> list[bytes]:
        """The messages of the selected folder whose header field contains `value`."""
        ok, lines = await self.command(f"UID SEARCH HEADER {field} {_quoted(value)}")
        if not ok:
            raise UnansweredError("the mailbox cannot be searched")
        found: list[bytes] = []
        for line in lines:
            if line.upper().startswith(b"* SEARCH"):
                for uid in line.split()[2:]:
                    _, parts = await self.command(f"UID FETCH {uid.decode()} BODY.PEEK[]")
                    found += [part for part in parts if not part.startswith((b"* ", b")"))]
        return found

    async def _answer(self, tag: bytes) -> tuple[bool, list[bytes]]:
        lines: list[bytes] = []
        while len(lines) < 10_000:
            line = await self.wire.line()
            if line.startswith(tag + b" "):
                return line[len(tag) + 1 :].upper().startswith(b"OK"), lines
            lines.append(line.rstrip(b"\r\n"))
            literal = _LITERAL.search(line)
            if literal:
                size = int(literal[1])
                if size > _LARGEST:
                    raise UnansweredError("a message of more than 50 MB")
                lines.append(await self.wire.octets(size))
        raise UnansweredError("an IMAP answer without end")


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


@asynccontextmanager
async def mailbox_session(service: Service, context: ssl.SSLContext, record: Recorder, address: str = "") -> AsyncGenerator[Imap]:
    """Greeted over implicit TLS, nobody logged in yet. Raises `UnansweredError`."""
    async with connected(address or service.addresses[0], service.port, record, tls=context, host=service.host) as wire:
        greeting = await wire.line()
        if not greeting.upper().startswith((b"* OK", b"* PREAUTH")):
            raise UnansweredError("the IMAP greeting refuses")
        yield Imap(wire)
