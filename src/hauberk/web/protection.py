"""What stands before every route: the right host name, a request of bearable size, and the headers that keep a page to itself."""

from collections.abc import Iterable
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

CONTENT_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
    )
)
_HEADERS = {
    "Content-Security-Policy": CONTENT_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=(), publickey-credentials-get=(self), "
    "publickey-credentials-create=(self)",
}
_HTTPS_ONLY = "max-age=31536000"
_LOOPBACK = ("127.0.0.1", "localhost", "[::1]")


class Protection:
    """An ASGI application around another. `url` is the server's own; it is known by loopback's names too where it listens `on_loopback`."""

    def __init__(self, app: ASGIApp, url: str, *, on_loopback: bool) -> None:
        self._app = app
        self._https = url.startswith("https://")
        self._hosts = frozenset((_host(urlsplit(url).netloc), *(_LOOPBACK if on_loopback else ())))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_protected(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._protect(MutableHeaders(scope=message))
            await send(message)

        if _host(Headers(scope=scope).get("host", "")) not in self._hosts:
            refusal = PlainTextResponse("This server is not known by the name that was asked for.\n", 421)
            await refusal(scope, receive, send_protected)
            return
        await self._app(scope, receive, send_protected)

    def _protect(self, headers: MutableHeaders) -> None:
        for name, value in _missing(headers, _HEADERS.items()):
            headers[name] = value
        if self._https:
            headers.setdefault("Strict-Transport-Security", _HTTPS_ONLY)
        headers.setdefault("Cache-Control", "no-store")


def _missing(headers: MutableHeaders, wanted: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """A route may be stricter, and says so itself (a badge may be shown anywhere)."""
    return [(name, value) for name, value in wanted if name not in headers]


def _host(netloc: str) -> str:
    """The host without its port, in lower case (RFC 9110, 4.2.3)."""
    name = netloc.rpartition("@")[2]
    return (name[: name.index("]") + 1] if name.startswith("[") and "]" in name else name.partition(":")[0]).lower()
