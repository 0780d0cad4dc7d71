"""The running of `hauberk serve`: the settings, the socket, the database, and an end that loses nothing."""

import asyncio
import contextlib
import logging
import signal
import socket
import sys
from collections.abc import Generator
from dataclasses import dataclass, replace
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

import msgspec
import uvicorn
from fastapi import FastAPI

from hauberk.app.scanning import now
from hauberk.app.server_settings import LOOPBACK, Provider, ServerSettings
from hauberk.cli import exits
from hauberk.cli.working import MailOptions, work_settings, world_factory
from hauberk.store.errors import Fault, StoreError
from hauberk.store.migration import migrate
from hauberk.store.store import Store
from hauberk.store.url import is_sqlite, parse
from hauberk.web.application import create_app
from hauberk.web.installation import installation_in
from hauberk.web.sign_in.set_up import set_up_link
from hauberk.world.live import LiveConfig

_GRACE = 10  # seconds for requests that are under way when the server ends


@dataclass(frozen=True, slots=True)
class Request:
    """The command line of `serve`, as typed."""

    database: str
    data: Path
    host: str
    port: int
    url: str
    proxies: tuple[str, ...]
    tls_certificate: Path | None
    tls_key: Path | None
    providers: Path | None
    work: bool | None
    key: Path | None
    mail: MailOptions


class ProviderEntry(msgspec.Struct, rename="kebab", forbid_unknown_fields=True, frozen=True):
    """One `[[provider]]` of the file; the secret stands there or in a file of its own."""

    name: str
    issuer: str
    client_id: str
    client_secret: str = ""
    client_secret_file: str = ""
    label: str = ""
    tenant: str = ""


class ProviderFile(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    provider: tuple[ProviderEntry, ...] = ()


async def run_server(request: Request, config: LiveConfig) -> None:
    """Serve until SIGINT or SIGTERM; a second one ends it at once. Raises `StoreError`."""
    logging.getLogger("hauberk").setLevel(min(logging.WARNING, logging.getLogger().level))
    with contextlib.closing(_listening(request)) as listener:
        settings = settings_of(request, config, listener.getsockname()[1])
        store = await opened(request.database)
        try:
            app = create_app(settings, store, now, world_factory(config))
            link = await set_up_link(installation_in(app))
            await _Server(_uvicorn_config(app, settings, request), _greeting(settings, link)).serve(sockets=[listener])
        finally:
            await store.close()


def _greeting(settings: ServerSettings, link: str) -> str:
    lines = [f"{settings.url} (Ctrl-C ends it)"]
    if link:
        lines.append(f"nobody can sign in yet; set it up here, once: {link}")
    if not settings.works:
        lines.append("this process serves only; `hauberk worker` scans and reports")
    return "".join(f"hauberk: {line}\n" for line in lines)


def settings_of(request: Request, config: LiveConfig, port: int) -> ServerSettings:
    """The settings that the options ask for; `port` is the one that was got. Ends the command with a message when one is wrong."""
    url = _url_of(request, port)
    work = work_settings(config, data=request.data, key=request.key, mail=request.mail, base_url=url)
    works = is_sqlite(parse(request.database)) if request.work is None else request.work
    return ServerSettings(
        database=request.database,
        work=work,
        host=request.host,
        port=port,
        url=url,
        proxies=request.proxies,
        providers=_providers(request.providers) if request.providers else (),
        works=works,
    )


async def opened(database: str) -> Store:
    """The store, made or brought up to date first where that is needed. Raises `StoreError`."""
    try:
        return await Store.open(database, connections=20)
    except StoreError as error:
        there_is_none = error.fault is Fault.AWAY and is_sqlite(parse(database))
        if not there_is_none and error.fault is not Fault.OUTDATED:
            raise
    await migrate(database)
    return await Store.open(database, connections=20)


def _listening(request: Request) -> socket.socket:
    """The socket, bound before anything else is done. Ends the command with a message when it cannot be had."""
    try:
        family = socket.AF_INET6 if ":" in request.host else socket.AF_INET
        listener = socket.socket(family)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((request.host, request.port))
    except OSError as error:
        exits.refuse(f"cannot listen at {request.host} port {request.port}: {error.strerror or error}")
    return listener


def _url_of(request: Request, port: int) -> str:
    if (request.tls_certificate is None) != (request.tls_key is None):
        exits.refuse("--tls-certificate and --tls-key go together")
    for file in (request.tls_certificate, request.tls_key):
        if file is not None and not file.is_file():
            exits.refuse(f"{file}: there is no such file")
    if not request.url:
        if request.host not in LOOPBACK:
            exits.refuse("say with --url how people reach a server that does not listen on this machine only: --url https://NAME")
        host = f"[{request.host}]" if ":" in request.host else request.host
        return f"{'https' if request.tls_key else 'http'}://{host}:{port}"
    parts = _parts(request.url)
    if parts is None:
        exits.refuse(f"--url {request.url[:80]!r} has to be like https://hauberk.example.com, without a path")
    if parts.scheme == "http" and not _is_loopback(parts.hostname or ""):
        sys.stderr.write("hauberk: over http:// passwords and sessions can be read on the way; put it behind https\n")
    return f"{parts.scheme}://{parts.netloc.lower()}"


def _parts(url: str) -> SplitResult | None:
    """The parts of an http or https URL with a host, a port perhaps, and nothing more."""
    try:
        parts = urlsplit(url)
        whole = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        return None
    return parts if whole and not (parts.username or parts.query or parts.fragment or parts.path.strip("/")) else None


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _providers(file: Path) -> tuple[Provider, ...]:
    try:
        entries = msgspec.toml.decode(file.read_bytes(), type=ProviderFile).provider
        made = tuple(_provider(entry, file.parent) for entry in entries)
    except OSError as error:
        exits.refuse(f"--providers {error.filename}: {error.strerror}")
    except msgspec.MsgspecError as error:
        exits.refuse(f"--providers {file}: {error}")
    names = [one.name for one in made]
    if len(set(names)) != len(names):
        exits.refuse(f"--providers {file}: two providers have the same name")
    return made


def _provider(entry: ProviderEntry, folder: Path) -> Provider:
    """Raises `OSError`."""
    if not entry.name.isascii() or not entry.name.replace("-", "").isalnum():
        exits.refuse(f"--providers: the name {entry.name[:40]!r} stands in addresses: letters, digits and hyphens")
    if urlsplit(entry.issuer).scheme != "https" and not _is_loopback(urlsplit(entry.issuer).hostname or ""):
        exits.refuse(f"--providers: the issuer of {entry.name} has to be an https:// URL")
    provider = Provider(entry.name, entry.issuer, entry.client_id, entry.client_secret, entry.label, entry.tenant)
    if not entry.client_secret_file:
        return provider
    return replace(provider, client_secret=(folder / entry.client_secret_file).read_text().strip())


def _uvicorn_config(app: FastAPI, settings: ServerSettings, request: Request) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        lifespan="on",
        log_config=None,
        access_log=logging.getLogger().level <= logging.DEBUG,
        server_header=False,
        proxy_headers=bool(settings.proxies),
        forwarded_allow_ips=list(settings.proxies),
        limit_concurrency=2000,
        timeout_graceful_shutdown=_GRACE,
        ssl_certfile=request.tls_certificate,
        ssl_keyfile=request.tls_key,
    )


class _Server(uvicorn.Server):
    """Says so when it takes requests. Ends on a signal without raising it again, so that the store is closed and the exit code is 0."""

    def __init__(self, config: uvicorn.Config, greeting: str) -> None:
        super().__init__(config)
        self._greeting = greeting

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        sys.stderr.write(self._greeting)

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._stop)
        try:
            yield
        finally:
            for number in (signal.SIGINT, signal.SIGTERM):
                loop.remove_signal_handler(number)

    def _stop(self) -> None:
        if self.should_exit:
            self.force_exit = True
        else:
            sys.stderr.write("hauberk: stopping; what is under way is brought to an end or given back\n")
        self.should_exit = True
