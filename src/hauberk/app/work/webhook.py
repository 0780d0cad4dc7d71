"""One POST to a webhook: the address is looked at after the name was resolved and is the one connected to; redirects are not followed."""

import asyncio
import socket
import ssl
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

import h11

from hauberk import __version__
from hauberk.app.work.mailing import NotDeliveredError
from hauberk.app.work.work_settings import WorkSettings
from hauberk.protocols.malformed import visible
from hauberk.world.guard import AddressGuard

SECONDS = 15.0
_LARGEST_ANSWER = 65_536


@dataclass(frozen=True, slots=True)
class Post:
    url: str
    headers: tuple[tuple[str, str], ...]
    body: bytes


async def post(request: Post, settings: WorkSettings) -> None:
    """Raises `NotDeliveredError` unless the answer is 2xx."""
    parts = urlsplit(request.url)
    host = parts.hostname or ""
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        async with asyncio.timeout(SECONDS):
            address = await _permitted(host, port, settings, clear=parts.scheme != "https")
            status = await _exchange(request, address, port, settings.ca_file)
    except TimeoutError:
        raise NotDeliveredError(f"{host} did not answer within {SECONDS:g} s") from None
    except ssl.SSLCertVerificationError as error:
        raise NotDeliveredError(f"{host} shows no certificate that can be trusted: {error.verify_message}") from None
    except h11.RemoteProtocolError as error:
        raise NotDeliveredError(f"{host} does not speak HTTP: {visible(str(error))[:100]}") from None
    except OSError as error:
        raise NotDeliveredError(f"{host} cannot be reached: {error.strerror or type(error).__name__}") from None
    if 300 <= status < 400:
        raise NotDeliveredError(f"{host} answered {status}, a redirect, which is not followed: give the address it leads to")
    if not 200 <= status < 300:
        raise NotDeliveredError(f"{host} answered {status}", final=status == 410)


async def _permitted(host: str, port: int, settings: WorkSettings, *, clear: bool) -> str:
    """The first of the host's addresses that the guard lets through; in clear only to networks that the operator allows."""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise NotDeliveredError(f"{host} has no address") from None
    guard, objection = AddressGuard(settings.allow), ""
    for address in dict.fromkeys(str(one[4][0]) for one in found):
        objection = guard.objection(address)
        if not objection and clear and not any(ip_address(address) in network for network in settings.allow):
            objection = "not reached over https"
        if not objection:
            return address
    raise NotDeliveredError(f"nothing is sent to {host}: it is {objection}")


async def _exchange(request: Post, address: str, port: int, ca_file: Path | None) -> int:
    parts = urlsplit(request.url)
    context = _context(ca_file) if parts.scheme == "https" else None
    name = parts.hostname if context else None
    reader, writer = await asyncio.open_connection(address, port, ssl=context, server_hostname=name)
    try:
        http = h11.Connection(h11.CLIENT, max_incomplete_event_size=_LARGEST_ANSWER)
        head = [("Host", parts.netloc), ("User-Agent", f"Hauberk/{__version__}"), ("Content-Type", "application/json")]
        head += [("Content-Length", str(len(request.body))), ("Connection", "close"), *request.headers]
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        for event in (h11.Request(method="POST", target=target, headers=head), h11.Data(data=request.body), h11.EndOfMessage()):
            writer.write(http.send(event) or b"")
        await writer.drain()
        while True:
            event = http.next_event()
            if isinstance(event, h11.Response):
                return event.status_code  # what else it says is of no use
            if event is h11.NEED_DATA:
                http.receive_data(await reader.read(8192))
            elif isinstance(event, h11.ConnectionClosed):
                raise NotDeliveredError(f"{parts.hostname} closed the connection without an answer")
    finally:
        writer.close()
        with suppress(OSError, TimeoutError):
            async with asyncio.timeout(2):
                await writer.wait_closed()


@cache
def _context(ca_file: Path | None) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if ca_file is not None:
        context.load_verify_locations(ca_file)
    return context
