"""OpenPGP keys from the recipient's own domain (Web Key Directory, draft-koch-openpgp-webkey-service): over HTTPS, verified, bounded.

The recipient's domain says where to connect to, so addresses of this machine's own networks are not dialled. What was found is kept for
an hour, that there is nothing for five minutes. No answer is no key, so that the message is refused rather than sent in clear.
"""

import asyncio
import contextlib
import hashlib
import logging
import ssl
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Final, TypeAlias
from urllib.parse import quote

import h11

from hauberk.system.gateway.openpgp import BadKey, OpenPgpKey, read_keys
from hauberk.world.guard import AddressGuard

_ALPHABET: Final = "ybndrfg8ejkmcpqxot1uwisza345h769"
_MOST_OCTETS: Final = 1_000_000
_KEPT_SECONDS: Final = 3600.0
_MISSED_SECONDS: Final = 300.0
_MOST_KEPT: Final = 10_000
_log = logging.getLogger(__name__)

Route: TypeAlias = Callable[[str], Awaitable[tuple[tuple[str, int], ...]]]
"""Where a host name is reached on port 443: addresses and ports."""


def zbase32(octets: bytes) -> str:
    """z-base-32 (RFC 6189, 5.1.6)."""
    bits = "".join(f"{octet:08b}" for octet in octets)
    bits += "0" * (-len(bits) % 5)
    return "".join(_ALPHABET[int(bits[at : at + 5], 2)] for at in range(0, len(bits), 5))


@dataclass(frozen=True, slots=True)
class Place:
    """A host and a path on it."""

    host: str
    path: str


def places(address: str) -> tuple[Place, Place]:
    """The advanced and the direct place of an address's key (draft, 3.1)."""
    local, _, domain = address.rpartition("@")
    name = zbase32(hashlib.sha1(local.lower().encode(), usedforsecurity=False).digest())
    query = f"?l={quote(local, safe='')}"
    start = "/.well-known/openpgpkey/"
    return Place(f"openpgpkey.{domain}", f"{start}{domain}/hu/{name}{query}"), Place(domain, f"{start}hu/{name}{query}")


async def route(host: str) -> tuple[tuple[str, int], ...]:
    """The public addresses of a host, as the system's resolver knows them."""
    found = await asyncio.get_running_loop().getaddrinfo(host, 443, proto=6)
    addresses = dict.fromkeys(str(one[4][0]) for one in found)
    return tuple((address, 443) for address in addresses if not AddressGuard().objection(address))


class Wkd:
    """Looks keys up. `seconds` for all of one look-up; `trust_anchors`: a PEM file, empty for the system's."""

    def __init__(self, seconds: float, trust_anchors: str = "", way: Route = route) -> None:
        self._seconds = seconds
        self._context = ssl.create_default_context(cafile=trust_anchors or None)
        self._way = way
        self._kept: dict[str, tuple[float, tuple[OpenPgpKey, ...]]] = {}

    async def keys(self, address: str) -> tuple[OpenPgpKey, ...]:
        """The keys that the domain publishes for this address (lower case), and that name it."""
        until, kept = self._kept.get(address, (0.0, ()))
        if time.monotonic() < until:
            return kept
        found: tuple[OpenPgpKey, ...] = ()
        try:
            async with asyncio.timeout(self._seconds):
                found = await self._find(address)
        except TimeoutError:
            _log.info("no key was found for %s within %g s", address, self._seconds)
        except UnicodeError:
            _log.info("no host name or path can be made of %r", address)
        if len(self._kept) >= _MOST_KEPT:
            self._kept.clear()
        self._kept[address] = (time.monotonic() + (_KEPT_SECONDS if found else _MISSED_SECONDS), found)
        return found

    async def _find(self, address: str) -> tuple[OpenPgpKey, ...]:
        """The direct place counts only where the advanced one's host does not exist (draft, 3.1)."""
        for place in places(address):
            try:
                ways = await self._way(place.host)
            except OSError:
                continue
            octets = await self._get(place, ways)
            if octets is None:
                return ()
            try:
                return tuple(key for key in read_keys(octets) if address in key.addresses)
            except BadKey as error:
                _log.info("%s publishes no key for %s: %s", place.host, address, error)
                return ()
        return ()

    async def _get(self, place: Place, ways: tuple[tuple[str, int], ...]) -> bytes | None:
        for host, port in ways[:4]:
            try:
                reader, writer = await asyncio.open_connection(host, port, ssl=self._context, server_hostname=place.host)
            except (OSError, ValueError) as error:
                _log.info("%s (%s): %s", place.host, host, error)
                continue
            try:
                return await _exchange(reader, writer, place)
            except (OSError, h11.ProtocolError) as error:
                _log.info("%s: %s", place.host, error)
            finally:
                writer.close()
                with contextlib.suppress(OSError):
                    await writer.wait_closed()
        return None


async def _exchange(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, place: Place) -> bytes | None:
    """The body of a 200; redirects are not followed (draft, 4.5 allows that)."""
    connection = h11.Connection(h11.CLIENT)
    request = h11.Request(method="GET", target=place.path, headers=[("Host", place.host), ("Connection", "close")])
    writer.write((connection.send(request) or b"") + (connection.send(h11.EndOfMessage()) or b""))
    await writer.drain()
    body = bytearray()
    status = 0
    while True:
        for event in _events(connection):
            match event:
                case h11.Response():
                    status = event.status_code
                case h11.Data():
                    body += event.data
                case _:
                    return bytes(body) if status == 200 else None
        if len(body) > _MOST_OCTETS:
            raise OSError("the key has too many octets")
        connection.receive_data(await reader.read(65_536))


def _events(connection: h11.Connection) -> Iterator[h11.Event]:
    while True:
        event = connection.next_event()
        if event is h11.NEED_DATA or event is h11.PAUSED:
            return
        if isinstance(event, h11.Event) and not isinstance(event, h11.InformationalResponse):
            yield event
            if isinstance(event, (h11.EndOfMessage, h11.ConnectionClosed)):
                return
