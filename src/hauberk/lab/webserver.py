"""One HTTPS server on loopback for every web site of the lab, told apart by SNI (MTA-STS policies, BIMI logos)."""

import asyncio
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import cast
from urllib.parse import urlsplit

from hauberk.lab.pki import CertificateSpec


class Delivery(StrEnum):
    """How a page comes, or does not."""

    WHOLE = "whole"
    ENDLESS = "endless"  # without a length, and it never ends
    STALLS = "stalls"  # promises more than it sends, and leaves the connection open
    SILENT = "silent"  # takes the request and says nothing
    CLOSES = "closes"
    GARBAGE = "garbage"  # not HTTP


@dataclass(frozen=True, slots=True)
class PageSpec:
    """What one URL gives. `certificate` is the site's, by default a trusted one for its host; `tls` its lowest and highest version."""

    url: str
    status: int = 200
    content_type: str = "text/plain"
    location: str = ""
    body: str = ""
    delivery: Delivery = Delivery.WHOLE
    certificate: CertificateSpec | None = None
    tls: tuple[str, str] = ("TLSv1.2", "TLSv1.3")

    @property
    def host(self) -> str:
        return urlsplit(self.url).hostname or ""

    @property
    def path(self) -> str:
        return urlsplit(self.url).path or "/"


_NOT_FOUND = PageSpec("", status=404, body="There is nothing here.\n")


class WebServer:
    """An async context manager. `contexts` holds a TLS context a host; who asks without a known name gets the first.

    `place` is where to listen, by default any free loopback port.
    """

    def __init__(
        self, pages: tuple[PageSpec, ...], contexts: Mapping[str, ssl.SSLContext], place: tuple[str, int] = ("127.0.0.1", 0)
    ) -> None:
        self._place = place
        self.port = 0
        self.asked: list[str] = []
        self.open: set[asyncio.Transport] = set()
        self._pages = {(page.host, page.path): page for page in pages}
        self._contexts = contexts
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> "WebServer":
        first = next(iter(self._contexts.values()))

        def by_name(connection: ssl.SSLObject, name: str | None, _context: ssl.SSLContext) -> None:
            connection.context = self._contexts.get(name or "", first)

        first.sni_callback = by_name
        self._server = await asyncio.get_running_loop().create_server(lambda: _Request(self), *self._place, ssl=first)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._server:
            self._server.close()
        for transport in tuple(self.open):
            transport.abort()

    def page(self, host: str, path: str) -> PageSpec:
        self.asked.append(f"https://{host}{path}")
        return self._pages.get((host, path), _NOT_FOUND)


class _Request(asyncio.Protocol):
    def __init__(self, server: WebServer) -> None:
        self._server = server
        self._received = b""
        self._transport: asyncio.Transport | None = None
        self._task: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is one in all but its bases
        self._server.open.add(self._transport)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._transport:
            self._server.open.discard(self._transport)
        if self._task:
            self._task.cancel()

    def data_received(self, data: bytes) -> None:
        self._received += data
        if self._transport is None or b"\r\n\r\n" not in self._received or self._task:
            return
        first, *fields = self._received.partition(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")
        host = next((field.partition(":")[2].strip() for field in fields if field.lower().startswith("host:")), "")
        path = first.partition(" ")[2].partition(" ")[0].partition("?")[0]
        page = self._server.page(host.partition(":")[0].lower(), path)
        self._task = asyncio.get_running_loop().create_task(_deliver(page, self._transport))


async def _deliver(page: PageSpec, transport: asyncio.Transport) -> None:
    body = page.body.encode()
    match page.delivery:
        case Delivery.SILENT:
            return
        case Delivery.GARBAGE:
            transport.write(b"\x00\x01\x02 this is not HTTP\n" * 20)
        case Delivery.ENDLESS:
            transport.write(_head(page, None) + body)
            while not transport.is_closing():
                transport.write(b"# and so on, and so on, for ever and ever\n" * 50)
                await asyncio.sleep(0.01)
        case Delivery.STALLS:
            transport.write(_head(page, len(body) + 1000) + body)
            return
        case Delivery.WHOLE:
            transport.write(_head(page, len(body)) + body)
        case Delivery.CLOSES:
            pass
    transport.close()


def _head(page: PageSpec, length: int | None) -> bytes:
    lines = [f"HTTP/1.1 {page.status} Hauberk", f"Content-Type: {page.content_type}", "Connection: close"]
    if length is not None:
        lines.append(f"Content-Length: {length}")
    if page.location:
        lines.append(f"Location: {page.location}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("utf-8", "surrogateescape")
