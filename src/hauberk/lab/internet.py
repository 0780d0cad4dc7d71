"""The lab: a small internet on loopback, in this process, without privileges. It plays the addresses of RFC 5737 and RFC 3849.

Nobody listens at those addresses: `Lab.routes` maps each place (address, port) of the world to the loopback port that plays it, and
whoever connects applies the map. IPv6 addresses are played on IPv4 loopback, because not every machine has `::1`.
"""

import asyncio
import signal
import ssl
from collections.abc import Callable
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec

from hauberk.lab.blueprint import NAME_SERVERS, SILENT_SERVER, Blueprint, Placed, draw
from hauberk.lab.declared import Declared, shipped
from hauberk.lab.mailserver import MailServer
from hauberk.lab.nameserver import Authority, Lie, NameServer, Resolver, liar
from hauberk.lab.pki import Pki
from hauberk.lab.tls import server_context
from hauberk.lab.webserver import WebServer
from hauberk.lab.zones import Zones

_LOOPBACK = "127.0.0.1"

# The name that a scanner of the lab gives with EHLO.
LAB_HELO = "scanner.example"


class Lab:
    """An async context manager. `at` (aware, UTC; now by default) is the time that certificates are dated around.

    `domains` says which domains there are (by default all that ship), `further` adds to them. Once entered:
    `resolver_url` is a validating resolver (`udp://127.0.0.1:port`), `routes` the map of places, `anchor_pem_path` a file with
    the root that the lab's certificates lead to, `domains` each domain with its sentence, `mail` the servers by host.
    """

    def __init__(self, at: datetime | None = None, domains: tuple[Declared, ...] | None = None, further: tuple[Declared, ...] = ()) -> None:
        self.at = at or datetime.now(UTC)
        self.declared = (shipped() if domains is None else domains) + further
        self.domains = {domain.name: domain.says for domain in self.declared if domain.says}
        self.pki = Pki(self.at)
        self.routes: dict[tuple[str, int], tuple[str, int]] = {}
        self.mail: dict[str, tuple[MailServer, ...]] = {}
        self.resolver_url = ""
        self.loop: asyncio.AbstractEventLoop | None = None
        self.anchor_pem_path = Path()
        self._blueprint: Blueprint | None = None
        self._resolver: NameServer | None = None
        self._web: WebServer | None = None
        self._folder = Path()
        self._running = AsyncExitStack()

    @property
    def zones(self) -> Zones:
        return self._drawn.zones

    @property
    def resolver(self) -> NameServer:
        if self._resolver is None:
            raise RuntimeError("the lab has not been entered")
        return self._resolver

    @property
    def web(self) -> WebServer:
        if self._web is None:
            raise RuntimeError("the lab has no web server")
        return self._web

    async def __aenter__(self) -> "Lab":
        self.loop = asyncio.get_running_loop()
        async with AsyncExitStack() as stack:
            self._folder = Path(stack.enter_context(TemporaryDirectory(prefix="hauberk-lab-")))
            self.anchor_pem_path = self._folder / "root.pem"
            self.anchor_pem_path.write_bytes(self.pki.anchor_pem)
            drawn = self._blueprint = draw(self.declared, self.pki)
            self._resolver = await stack.enter_async_context(NameServer(Resolver(drawn.zones)))
            self.resolver_url = f"udp://{_LOOPBACK}:{self._resolver.port}"
            await self._start_authorities(stack, drawn.zones)
            for placed in drawn.servers:
                await self._start_mail(stack, placed)
            await self._start_web(stack, drawn)
            self._running = stack.pop_all()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._running.aclose()

    async def lying_resolver(self, lie: Lie) -> str:
        """The URL of one more resolver, which lies about the same zones."""
        server = await self._running.enter_async_context(NameServer(liar(lie, self.zones)))
        return f"udp://{_LOOPBACK}:{server.port}"

    @property
    def _drawn(self) -> Blueprint:
        if self._blueprint is None:
            raise RuntimeError("the lab has not been entered")
        return self._blueprint

    async def _start_authorities(self, stack: AsyncExitStack, zones: Zones) -> None:
        for _, addresses in NAME_SERVERS:
            responder = liar(Lie.SILENT, zones) if addresses[0] == SILENT_SERVER else Authority(zones, addresses[0])
            server = await stack.enter_async_context(NameServer(responder))
            for address in addresses:
                self.routes[(address, 53)] = (_LOOPBACK, server.port)

    async def _start_mail(self, stack: AsyncExitStack, placed: Placed) -> None:
        spec = placed.spec

        def context() -> ssl.SSLContext:
            return server_context(placed.issued(), self._folder, spec.tls, spec.suites, spec.group, spec.dh)

        server = await stack.enter_async_context(MailServer(spec, context))
        self.mail[spec.host] = (*self.mail.get(spec.host, ()), server)
        for address in placed.addresses:
            self.routes.setdefault((address, 25), (_LOOPBACK, server.port))

    async def _start_web(self, stack: AsyncExitStack, drawn: Blueprint) -> None:
        if not drawn.sites:
            return
        contexts = {host: server_context(issued, self._folder, versions) for host, (issued, versions) in drawn.sites.items()}
        self._web = await stack.enter_async_context(WebServer(drawn.pages, contexts))
        for address in drawn.web_addresses:
            self.routes[(address, 443)] = (_LOOPBACK, self._web.port)


@dataclass(frozen=True, slots=True)
class Route:
    """One entry of the route map: connect to `to_address` and `to_port` in place of `address` and `port`."""

    address: str
    port: int
    to_address: str
    to_port: int


@dataclass(frozen=True, slots=True)
class Directions:
    """What another process needs to scan a lab; `domains` are name and sentence, one a line of the lab's list."""

    resolver: str
    ca_file: str
    routes: tuple[Route, ...]
    domains: tuple[tuple[str, str], ...]


def directions(lab: Lab) -> Directions:
    routes = tuple(Route(*place, *to) for place, to in sorted(lab.routes.items()))
    return Directions(lab.resolver_url, str(lab.anchor_pem_path), routes, tuple(lab.domains.items()))


def read_directions(path: Path) -> Directions:
    """Raises OSError and `msgspec.ValidationError`."""
    return msgspec.json.decode(path.read_bytes(), type=Directions)


async def serve(write_to: Path, further: tuple[Declared, ...] = (), ready: Callable[[], None] = lambda: None) -> None:
    """Run the lab until SIGINT, SIGTERM or cancelled, after writing its directions as JSON to `write_to`; the file goes with the lab."""
    interrupted = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        with suppress(ValueError, RuntimeError, NotImplementedError):  # not in the main thread, or on Windows
            asyncio.get_running_loop().add_signal_handler(number, interrupted.set)
    async with Lab(further=further) as lab:
        _write(write_to, directions(lab))
        ready()
        try:
            await interrupted.wait()
        finally:
            write_to.unlink(missing_ok=True)  # noqa: ASYNC240 - nothing else runs any more


def _write(path: Path, known: Directions) -> None:
    """Whole or not at all: somebody may be waiting for the file."""
    partial = path.with_name(f".{path.name}.partial")
    partial.write_bytes(msgspec.json.format(msgspec.json.encode(known), indent=1))
    partial.replace(path)
