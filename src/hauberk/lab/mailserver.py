"""Mail servers on loopback that behave, or misbehave, as their specification says."""

import asyncio
import socket
import ssl
from collections.abc import Callable

from hauberk.lab.mailspec import Behaviour, MailServerSpec
from hauberk.lab.smtpsession import Log, Session


class MailServer:
    """A specification that listens; an async context manager.

    `context` makes the TLS context at the first STARTTLS; `place` is where to listen, by default any free loopback port.
    """

    def __init__(self, spec: MailServerSpec, context: Callable[[], ssl.SSLContext], place: tuple[str, int] = ("127.0.0.1", 0)) -> None:
        self.spec = spec
        self._place = place
        self.port = 0
        self.log = Log()
        self._make_context = context
        self._context: ssl.SSLContext | None = None
        self._server: asyncio.Server | None = None
        self._closed_port: socket.socket | None = None

    async def __aenter__(self) -> "MailServer":
        if self.spec.behaviour is Behaviour.REFUSED:
            # Bound without listening: nobody else gets the port, and connecting is refused.
            self._closed_port = socket.socket()
            self._closed_port.bind(self._place)
            self.port = self._closed_port.getsockname()[1]
            return self
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: Session(self.spec, self._tls, self.log), *self._place)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._closed_port:
            self._closed_port.close()
        if self._server:
            self._server.close()
        for transport in tuple(self.log.open):
            transport.abort()

    def _tls(self) -> ssl.SSLContext:
        if self._context is None:
            self._context = self._make_context()
        return self._context
