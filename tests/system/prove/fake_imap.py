"""An IMAP server for the tests of probes: it knows passwords, holds messages, and may forget to end sessions."""

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass, field

from system.prove.fake_mta import ALICE


@dataclass
class FakeImap:
    """`lets_in` judges user and password; `ended` says whether sessions are to be ended now."""

    lets_in: Callable[[str, str], bool] = lambda user, password: (user, password) == (ALICE, "right")
    messages: list[bytes] = field(default_factory=list[bytes])
    ended: asyncio.Event = field(default_factory=asyncio.Event)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"* OK ready\r\n")
        end = asyncio.ensure_future(self.ended.wait())
        try:
            while True:
                line = asyncio.ensure_future(reader.readline())
                await asyncio.wait((line, end), return_when=asyncio.FIRST_COMPLETED)
                if end.done():
                    writer.write(b"* BYE you have left\r\n")
                    line.cancel()
                    return
                if not line.result():
                    return
                self._answer(line.result().decode(), writer)
                await writer.drain()
        except OSError:
            return
        finally:
            end.cancel()
            writer.close()

    def _answer(self, line: str, writer: asyncio.StreamWriter) -> None:
        tag, _, command = line.strip().partition(" ")
        if login := re.fullmatch(r'LOGIN "(.*)" "(.*)"', command):
            writer.write(f"{tag} {'OK in' if self.lets_in(login[1], login[2]) else 'NO wrong'}\r\n".encode())
        elif search := re.fullmatch(r'UID SEARCH HEADER \S+ "(.*)"', command):
            hits = [str(at) for at, raw in enumerate(self.messages, 1) if search[1].encode() in raw.partition(b"\r\n\r\n")[0]]
            writer.write(f"* SEARCH {' '.join(hits)}\r\n{tag} OK\r\n".encode())
        elif fetch := re.fullmatch(r"UID FETCH (\d+) .*", command):
            raw = self.messages[int(fetch[1]) - 1]
            writer.write(b"* 1 FETCH (UID 1 BODY[] {%d}\r\n%b)\r\n" % (len(raw), raw) + f"{tag} OK\r\n".encode())
        else:
            writer.write(f"{tag} OK\r\n".encode())
