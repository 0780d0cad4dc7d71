"""Requests to a platform's API: time-outs, patience with busy servers, and errors in words."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from ipaddress import ip_address

import httpx
import msgspec

from hauberk import __version__
from hauberk.app.push.evidence import PushError
from hauberk.protocols.malformed import visible

TRIES = 5
LONGEST_PAUSE = 60.0  # seconds; a server that asks for more is not waited for
_LARGEST_ANSWER = 1024 * 1024
_TIMEOUT = httpx.Timeout(60, connect=10, write=120)
_MEANINGS = {
    400: "found fault with the request",
    401: "does not know the credentials",
    403: "does not allow this with these credentials",
    404: "has no such thing",
    412: "wants its terms and conditions accepted first",
    413: "finds the file too large",
    415: "does not take files of this kind",
    422: "found fault with the request",
    429: "is asked too often",
}


class _Complaint(msgspec.Struct):
    """How the platforms word an error; either field may be missing."""

    message: str | tuple[str, ...] = ""
    error: str = ""


@dataclass(frozen=True, slots=True)
class Call:
    """One request. `repeatable` says that doing it twice does no harm, so that it is sent again when the answer got lost on the way."""

    method: str
    path: str
    repeatable: bool = True
    query: tuple[tuple[str, str], ...] = ()
    json: msgspec.Struct | None = None
    fields: tuple[tuple[str, str], ...] = ()
    file: tuple[str, bytes, str] | None = None
    token: str = ""
    secret: str = ""


class Exchange:
    """Calls to the API at `base`, named `service` in messages. Closed by `async with`."""

    def __init__(self, service: str, base: str, *, pause: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        self._service = service
        self._base = checked_base(base)
        self._pause = pause
        self._client = httpx.AsyncClient(timeout=_TIMEOUT, follow_redirects=False, headers={"User-Agent": f"hauberk/{__version__}"})

    async def __aenter__(self) -> "Exchange":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.aclose()

    async def call(self, call: Call) -> bytes:
        """The body of the answer. Busy (429, 503) is waited for, as are failures of what is `repeatable`. Raises `PushError`."""
        for attempt in range(1, TRIES + 1):
            last = attempt == TRIES
            try:
                status, retry_after, body = await self._once(call)
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                if last:
                    raise PushError(f"{self._service} cannot be reached at {self._base}: {visible(str(error)) or 'time-out'}") from None
                retry_after = ""
            except httpx.HTTPError as error:
                if last or not call.repeatable:
                    raise PushError(self._lost(call, error)) from None
                retry_after = ""
            else:
                if 200 <= status < 300:
                    return body
                busy = status in (429, 503) or (status >= 500 and call.repeatable)
                if last or not busy or _asked(retry_after) > LONGEST_PAUSE:
                    raise PushError(self._refused(call, status, body))
            await self._pause(_asked(retry_after) or min(LONGEST_PAUSE, 2.0 ** (attempt - 1) * random.uniform(0.75, 1.25)))
        raise AssertionError("the last try returns or raises")

    async def _once(self, call: Call) -> tuple[int, str, bytes]:
        request = self._client.build_request(
            call.method,
            self._base + call.path,
            params=list(call.query) or None,
            content=msgspec.json.encode(call.json) if call.json is not None else None,
            data=dict(call.fields) or None,
            files={"file": call.file} if call.file else None,
            headers={
                "Accept": "application/json",
                **({"Authorization": f"Bearer {call.token}"} if call.token else {}),
                **({"Content-Type": "application/json"} if call.json is not None else {}),
            },
        )
        response = await self._client.send(request, stream=True)
        try:
            body = b""
            async for chunk in response.aiter_bytes():
                body += chunk
                if len(body) > _LARGEST_ANSWER:
                    raise PushError(f"{self._service} answered with more than {_LARGEST_ANSWER // 1024 // 1024} MiB")
        finally:
            await response.aclose()
        return response.status_code, response.headers.get("Retry-After", ""), body

    def _lost(self, call: Call, error: httpx.HTTPError) -> str:
        what = f"{self._service} gave no answer to {call.method} {visible(call.path)} ({type(error).__name__})"
        return what if call.repeatable else f"{what}; whether it was taken is not known: look there before pushing again"

    def _refused(self, call: Call, status: int, body: bytes) -> str:
        meaning = _MEANINGS.get(status, "has trouble of its own" if status >= 500 else "did not take it")
        try:
            complaint = msgspec.json.decode(body, type=_Complaint)
            words = complaint.message if isinstance(complaint.message, str) else "; ".join(complaint.message)
            detail = words or complaint.error
        except (msgspec.MsgspecError, UnicodeDecodeError):
            detail = ""
        for secret in filter(None, (call.token, call.secret)):
            detail = detail.replace(secret, "…")
        return f"{self._service} {meaning} ({status}){': ' + visible(detail[:300]) if detail else ''}"


def checked_base(url: str) -> str:
    """The URL without a slash at the end. Tokens go over TLS only, except to this machine. Raises `PushError`."""
    try:
        parts = httpx.URL(url)
    except (httpx.InvalidURL, UnicodeError):
        raise PushError(f"{visible(url[:80])!r} is no URL") from None
    safe = parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(parts.host))
    if not parts.host or parts.userinfo or parts.query or parts.fragment or " " in url or not safe:
        raise PushError(f"{visible(url[:80])!r}: the API's address begins with https:// and has neither a user nor a query")
    return url.rstrip("/")


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _asked(retry_after: str) -> float:
    """Seconds that a Retry-After field asks for (RFC 9110, 10.2.3), 0 for none."""
    if retry_after.isascii() and retry_after.isdigit():
        return float(retry_after[:9])
    try:
        at = parsedate_to_datetime(retry_after)
    except ValueError:
        return 0.0
    return max(0.0, ((at if at.tzinfo else at.replace(tzinfo=UTC)) - datetime.now(UTC)).total_seconds())
