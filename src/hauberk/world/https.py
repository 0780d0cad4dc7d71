"""One HTTPS GET without redirects: what the server said and the chain it showed; nothing is verified here."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from ipaddress import ip_address
from typing import TypeAlias
from urllib.parse import urlsplit

import h11

from hauberk import __version__
from hauberk.model.dns import NoAnswer, Silence
from hauberk.model.transport import HttpsAnswer, Url
from hauberk.world.dial import Dialer, Stream
from hauberk.world.tls import TlsFailure, TlsStream

Resolve: TypeAlias = Callable[[str], Awaitable[tuple[str, ...] | NoAnswer]]
"""The addresses of a host name."""

_MOST_HEADER_OCTETS = 32_768
_MOST_OVERHEAD = 131_072  # headers, interim responses and chunk framing together
_MOST_ADDRESSES = 4
_MOST_VALUE = 2_000
_TARGET = re.compile(r"/[!-~]*")
_HOST = re.compile(r"[a-z0-9_](?:[a-z0-9_.-]{0,251}[a-z0-9_])?")


@dataclass(frozen=True, slots=True)
class HttpsPatience:
    """Time limits in seconds: for the handshake with the whole exchange (RFC 8461, 3.3 suggests one minute), and for all addresses."""

    exchange: float = 15.0
    fetch: float = 30.0


async def get(dialer: Dialer, url: Url, resolve: Resolve, patience: HttpsPatience) -> HttpsAnswer | NoAnswer:
    """The answer of the first address that a connection can be opened to; `NoAnswer` when there is none."""
    target = _read(url.url)
    if isinstance(target, NoAnswer):
        return target
    try:
        async with asyncio.timeout(patience.fetch):
            addresses = await resolve(target.host)
            if isinstance(addresses, NoAnswer):
                return addresses
            return await _get_from_any(dialer, target, addresses, url.limit, patience)
    except TimeoutError:
        return NoAnswer(Silence.TIMEOUT, f"no answer within {patience.fetch:g} s")


async def _get_from_any(
    dialer: Dialer, target: "_Target", addresses: tuple[str, ...], limit: int, patience: HttpsPatience
) -> HttpsAnswer | NoAnswer:
    failure: NoAnswer | None = None
    for address in addresses[:_MOST_ADDRESSES]:
        async with dialer.dial(address, 443) as stream:
            if isinstance(stream, Stream):
                return await _Exchange(stream, address, target, limit).hold(patience.exchange)
            # That this machine lacks a family is the least telling of several failures.
            if failure is None or failure.reason is Silence.NO_ROUTE:
                failure = stream
    return failure or NoAnswer(Silence.UNREACHABLE, f"{target.host} has no address")


@dataclass(frozen=True, slots=True)
class _Target:
    host: str
    path: str


def _read(url: str) -> _Target | NoAnswer:
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").lower().removesuffix("."), parts.port
    except ValueError as error:
        return NoAnswer(Silence.FORBIDDEN, f"not a URL: {error}")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    if parts.scheme != "https" or port not in (None, 443) or parts.username is not None:
        return NoAnswer(Silence.FORBIDDEN, "only https URLs on port 443 are fetched")
    if not _HOST.fullmatch(host) or _is_address(host):
        return NoAnswer(Silence.FORBIDDEN, "the URL does not name a host")
    if not _TARGET.fullmatch(path):
        return NoAnswer(Silence.FORBIDDEN, "the URL holds characters that no URL has")
    return _Target(host, path)


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


class _TooMuchError(Exception):
    """The answer is larger than what is kept of it."""


class _Exchange:
    """One request and its answer, as far as it came."""

    def __init__(self, stream: Stream, address: str, target: _Target, limit: int) -> None:
        self._tls = TlsStream(stream, target.host, b"http/1.1")
        self._http = h11.Connection(h11.CLIENT, max_incomplete_event_size=_MOST_HEADER_OCTETS)
        self._address = address
        self._target = target
        self._limit = limit
        self._received = 0
        self._response: h11.Response | None = None
        self._body = bytearray()

    async def hold(self, seconds: float) -> HttpsAnswer:
        truncated, error = False, ""
        try:
            async with asyncio.timeout(seconds):
                await self._tls.handshake()
                await self._ask()
                self._tls.close()
        except TimeoutError:
            error = f"the answer did not end within {seconds:g} s"
        except _TooMuchError as failure:
            truncated, error = True, str(failure)
        except h11.RemoteProtocolError as failure:
            error = f"not HTTP: {failure}"
        except TlsFailure as failure:
            error = str(failure)
        except OSError as failure:
            error = f"the connection broke: {failure.strerror or failure}"
        return HttpsAnswer(
            address=self._address,
            tls=self._tls.observed(waited=self._response is not None),
            status=self._response.status_code if self._response else 0,
            content_type=self._value(b"content-type"),
            location=self._value(b"location"),
            body=bytes(self._body[: self._limit]),
            truncated=truncated,
            error=error,
        )

    async def _ask(self) -> None:
        headers = [("Host", self._target.host), ("User-Agent", f"Hauberk/{__version__}"), ("Accept", "*/*"), ("Connection", "close")]
        for event in (h11.Request(method="GET", target=self._target.path, headers=headers), h11.EndOfMessage()):
            self._tls.send(self._http.send(event) or b"")
        while True:
            event = self._http.next_event()
            if event is h11.NEED_DATA:
                await self._refill()
            elif isinstance(event, h11.Response):
                self._response = event
            elif isinstance(event, h11.Data):
                self._body += event.data
                if len(self._body) > self._limit:
                    raise _TooMuchError(f"the body is longer than {self._limit} octets")
            elif isinstance(event, (h11.EndOfMessage, h11.ConnectionClosed)) or event is h11.PAUSED:
                return

    async def _refill(self) -> None:
        data = await self._tls.receive()
        self._received += len(data)
        if self._received > self._limit + _MOST_OVERHEAD:
            raise _TooMuchError("the answer is wrapped in more than it holds")
        self._http.receive_data(data)

    def _value(self, name: bytes) -> str:
        """A header's first value; octets that are not UTF-8 as `\\xNN`."""
        if self._response is None:
            return ""
        return next((value for key, value in self._response.headers if key == name), b"").decode("utf-8", "backslashreplace")[:_MOST_VALUE]
