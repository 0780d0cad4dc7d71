"""The running of `hauberk serve`: the socket, the database, and an end that loses nothing."""

import asyncio
import contextlib
import logging
import signal
import socket
import sys
from collections.abc import Generator

import uvicorn
from fastapi import FastAPI

from hauberk.app.scanning import now
from hauberk.app.server_settings import ServerSettings
from hauberk.cli import exits
from hauberk.cli.serve_settings import Request, settings_of
from hauberk.cli.working import world_factory
from hauberk.store.errors import Fault, StoreError
from hauberk.store.migration import migrate
from hauberk.store.store import Store
from hauberk.store.url import is_sqlite, parse
from hauberk.web.application import create_app
from hauberk.web.installation import installation_in
from hauberk.web.sign_in.set_up import set_up_link
from hauberk.world.live import LiveConfig

_GRACE = 10  # seconds for requests that are under way when the server ends


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
