"""What stands before every route: the right host name, a request of bearable size, and the headers that keep a page to itself."""

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hauberk.app.server_settings import ServerSettings, host_of

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


class Protection:
    """An ASGI application around another. A request for a host that is not this server's is refused: it may be a name that somebody
    else has pointed here, so that a browser takes our pages for theirs (DNS rebinding)."""

    def __init__(self, app: ASGIApp, settings: ServerSettings) -> None:
        self._app = app
        self._settings = settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        head = scope["method"] == "HEAD"  # answered as GET is, without the body (RFC 9110, 9.3.2)

        async def send_protected(message: Message) -> None:
            if message["type"] == "http.response.start":
                protect(MutableHeaders(scope=message), self._settings)
            elif head and message["type"] == "http.response.body":
                message = {**message, "body": b""}
            await send(message)

        if host_of(Headers(scope=scope).get("host", "")) not in self._settings.hosts:
            refusal = PlainTextResponse("This server is not known by the name that was asked for.\n", 421)
            await refusal(scope, receive, send_protected)
            return
        asked = {**scope, "method": "GET"} if head else scope
        await self._app(asked, _limited(scope, receive, self._settings.largest_body), send_protected)


def _limited(scope: Scope, receive: Receive, most: int) -> Receive:
    """Takes at most so many octets of a body: whoever reads on gets a 413, at once where the length was declared."""
    declared = Headers(scope=scope).get("content-length", "0")
    taken = int(declared[:20]) if declared.isdecimal() and int(declared[:20]) > most else 0

    async def take() -> Message:
        nonlocal taken
        if taken <= most:
            message = await receive()
            taken += len(message.get("body", b""))
            if taken <= most:
                return message
        raise HTTPException(413, headers={"Connection": "close"})

    return take


def protect(headers: MutableHeaders, settings: ServerSettings) -> None:
    """Add what is not there; a route may say otherwise itself (a badge is shown anywhere)."""
    for name, value in _HEADERS.items():
        headers.setdefault(name, value)
    if settings.https:
        headers.setdefault("Strict-Transport-Security", _HTTPS_ONLY)
    headers.setdefault("Cache-Control", "no-store")
