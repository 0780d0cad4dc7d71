"""Virus signatures for the MDA: the MTA has the internet and fetches them, the inside has not and fetches them here.

`python -m hauberk.system.signature_server --folder FOLDER --listen ADDRESS [--user NAME]`. Plain HTTP from one folder, files of
ClamAV's kinds only; freshclam verifies the signature that a .cvd or .cld carries. The firewall lets nobody but the MDA come here.
"""

import argparse
import asyncio
import os
import re
import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from pathlib import Path

from hauberk.system import ports
from hauberk.system.unprivileged import become

_NAME = re.compile(
    r"/([A-Za-z0-9][A-Za-z0-9_-]{0,60}\.(?:cvd|cld|cud|hdb|hsb|mdb|msb|ndb|ldb|yar|yara|ign2|fp|sfp|crb|ftm|cdb|pdb|wdb|gdb|idb))"
)
_RANGE = re.compile(r"bytes=(\d{1,12})-(\d{0,12})")
_LONGEST_REQUEST = 8192
_SECONDS = 10.0  # for the request
_SENDING_SECONDS = 600.0
_PIECE = 262_144
_MOST_CONNECTIONS = 32


@dataclass(frozen=True, slots=True)
class Settings:
    folder: Path
    listen: tuple[str, ...]
    port: int = ports.SIGNATURES
    user: str = ""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A file of the folder, from the octet `first` to `last` (None: its end), if it is newer than `since`. `head`: without the content."""

    name: str
    head: bool
    first: int = 0
    last: int | None = None
    since: datetime | None = None


def parse_request(octets: bytes) -> Wanted | str:
    """What a request wants, or the status that it gets instead."""
    line, *fields = octets.decode("latin-1").split("\r\n")
    words = line.split(" ")
    if len(words) != 3 or words[2] not in ("HTTP/1.1", "HTTP/1.0"):
        return "400 Bad Request"
    if words[0] not in ("GET", "HEAD"):
        return "405 Method Not Allowed"
    named = _NAME.fullmatch(words[1])
    if named is None:
        return "404 Not Found"
    values = {name.strip().lower(): value.strip() for name, _, value in (field.partition(":") for field in fields)}
    span = _RANGE.fullmatch(values.get("range", ""))
    first, last = (int(span[1]), int(span[2]) if span[2] else None) if span else (0, None)
    return Wanted(named[1], words[0] == "HEAD", first, last, _time(values.get("if-modified-since", "")))


def _time(text: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


class SignatureServer:
    """An async context manager; `ports` are known once it is entered."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._open = 0
        self._server: asyncio.Server | None = None

    @property
    def ports(self) -> tuple[int, ...]:
        return tuple(one.getsockname()[1] for one in self._server.sockets) if self._server else ()

    async def __aenter__(self) -> "SignatureServer":
        self._server = await asyncio.start_server(
            self._serve, self._settings.listen, self._settings.port, limit=_LONGEST_REQUEST, reuse_address=True
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._server:
            self._server.close()
            await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open += 1
        try:
            async with asyncio.timeout(_SECONDS):
                wanted = parse_request(await reader.readuntil(b"\r\n\r\n"))
            async with asyncio.timeout(_SENDING_SECONDS):
                if self._open > _MOST_CONNECTIONS:
                    wanted = "503 Service Unavailable"
                await (_refuse(writer, wanted) if isinstance(wanted, str) else self._send(writer, wanted))
                writer.close()
                await writer.wait_closed()
        except (TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, OSError):
            writer.transport.abort()
        finally:
            self._open -= 1

    async def _send(self, writer: asyncio.StreamWriter, wanted: Wanted) -> None:
        try:
            file = (self._settings.folder / wanted.name).open("rb")
        except OSError:
            await _refuse(writer, "404 Not Found")
            return
        with file:
            status = os.fstat(file.fileno())
            changed = datetime.fromtimestamp(int(status.st_mtime), UTC)
            if wanted.since is not None and changed <= wanted.since:
                await _refuse(writer, "304 Not Modified")
                return
            end = status.st_size if wanted.last is None else min(wanted.last + 1, status.st_size)
            if wanted.first >= max(end, 1):
                await _refuse(writer, "416 Range Not Satisfiable")
                return
            whole = (wanted.first, end) == (0, status.st_size)
            head = [f"HTTP/1.1 {'200 OK' if whole else '206 Partial Content'}", f"Content-Length: {end - wanted.first}"]
            head += [] if whole else [f"Content-Range: bytes {wanted.first}-{end - 1}/{status.st_size}"]
            head += [
                f"Last-Modified: {format_datetime(changed, usegmt=True)}",
                "Content-Type: application/octet-stream",
                "Connection: close",
            ]
            writer.write("\r\n".join((*head, "", "")).encode())
            file.seek(wanted.first)
            left = 0 if wanted.head else end - wanted.first
            while left > 0 and (piece := file.read(min(_PIECE, left))):
                writer.write(piece)
                left -= len(piece)
                await writer.drain()


async def _refuse(writer: asyncio.StreamWriter, status: str) -> None:
    writer.write(f"HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())
    await writer.drain()


def parse(arguments: Sequence[str] | None = None) -> Settings:
    parser = argparse.ArgumentParser(prog="hauberk.system.signature_server", description="Serve virus signatures to the MDA.")
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--listen", action="append", required=True, metavar="ADDRESS")
    parser.add_argument("--port", type=int, default=ports.SIGNATURES)
    parser.add_argument("--user", default="", help="become this user once the port is open")
    given = parser.parse_args(arguments)
    return Settings(given.folder, tuple(given.listen), given.port, given.user)


async def serve(settings: Settings) -> None:
    """Until SIGTERM or SIGINT."""
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    async with SignatureServer(settings):
        become(settings.user)
        await stopped.wait()


def main() -> int:
    try:
        asyncio.run(serve(parse()))
    except (OSError, KeyError) as error:
        sys.stderr.write(f"signature server: {error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
