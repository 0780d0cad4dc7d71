"""The outermost layer of the API: HEAD for every GET, a limit on bodies, headers on every answer, and no error that escapes."""

import logging
from collections.abc import Callable, MutableMapping
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hauberk.web.api.problem import Kind, Refused, answer
from hauberk.web.api.rate import Allowance

_log = logging.getLogger(__name__)

BodyLimit = Callable[[str, str], int]
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self'; frame-ancestors 'none'; base-uri 'none'; "
    "form-action 'none'",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class Edge:
    """ASGI middleware. `body_limit` says for a method and a path of the API how many octets are taken."""

    def __init__(self, app: ASGIApp, body_limit: BodyLimit) -> None:
        self._app = app
        self._body_limit = body_limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        scope.setdefault("state", {})
        root: str = scope.get("root_path", "")
        exchange = _Exchange(scope, receive, send, self._body_limit(scope["method"], scope["path"].removeprefix(root)))
        if scope["method"] == "HEAD":
            scope = {**scope, "method": "GET"}
        if exchange.declared_too_large:
            await exchange.refuse()
            return
        try:
            await self._app(scope, exchange.receive, exchange.send)
        except Exception as error:
            instance = uuid4().urn
            _log.error("%s: %s %s failed", instance, scope["method"], scope["path"], exc_info=error)
            if not exchange.begun:
                refused = Refused(Kind.INTERNAL, "this is a fault of the program; it was written down", instance=instance)
                await answer(root, refused)(scope, receive, exchange.send)


@dataclass
class _Exchange:
    """One request and its answer."""

    scope: MutableMapping[str, Any]
    inner_receive: Receive
    inner_send: Send
    limit: int
    taken: int = 0
    begun: bool = False
    refused: bool = False

    @property
    def declared_too_large(self) -> bool:
        declared = next((value for name, value in self.scope["headers"] if name == b"content-length"), b"0")
        return declared.isdigit() and int(declared[:20]) > self.limit

    async def receive(self) -> Message:
        """The next part of the body. Where it is too much, the application hears that the client has gone."""
        message = await self.inner_receive()
        if message["type"] == "http.request":
            self.taken += len(message.get("body", b""))
            if self.taken > self.limit:
                if not self.begun:
                    await self.refuse()
                return {"type": "http.disconnect"}
        return message

    async def refuse(self) -> None:
        refused = Refused(Kind.TOO_LARGE, f"at most {self.limit:,} octets are taken here", headers={"Connection": "close"})
        await answer(self.scope.get("root_path", ""), refused)(self.scope, self.inner_receive, self.send)
        self.refused = True

    async def send(self, message: Message) -> None:
        """Pass the answer on, unless another one was given already; a HEAD gets no body."""
        if self.refused:
            return
        if message["type"] == "http.response.start":
            self.begun = True
            headers = MutableHeaders(scope=message)
            for name, value in (*_HEADERS.items(), *self._rate_headers()):
                headers.setdefault(name, value)
            headers.setdefault("Cache-Control", "private, no-cache")
            headers.add_vary_header("Authorization")
        elif self.scope["method"] == "HEAD" and message["type"] == "http.response.body":
            message = {**message, "body": b""}
        await self.inner_send(message)

    def _rate_headers(self) -> tuple[tuple[str, str], ...]:
        allowance: Allowance | None = self.scope["state"].get("allowance")
        return tuple(allowance.headers.items()) if allowance else ()
