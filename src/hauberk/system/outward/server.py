"""Postfix's socketmap table (socketmap_table(5)): netstrings, `NAME KEY` in, `OK VALUE`, `NOTFOUND ` or `TEMP REASON` out."""

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final

_MOST_OCTETS: Final = 1000  # of a request; a domain has 253
_LENGTH: Final = re.compile(rb"[1-9][0-9]{0,3}\Z|0\Z")
# Next hops that are no domain: `[host]:port`, and the parent domains that Postfix tries as well (`.example.com`).
_DOMAIN: Final = re.compile(r"(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)+[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])\Z")
_log = logging.getLogger(__name__)


async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, entry: Callable[[str], Awaitable[str]]) -> None:
    """Serve one connection until it ends; what is no netstring ends it."""
    try:
        while (request := await _request(reader)) is not None:
            writer.write(netstring(await _reply(request, entry)))
            await writer.drain()
    except (OSError, asyncio.IncompleteReadError, ValueError):
        pass
    finally:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()


async def _request(reader: asyncio.StreamReader) -> bytes | None:
    try:
        head = await reader.readuntil(b":")
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError):
        return None
    length = head[:-1]
    if not _LENGTH.match(length) or int(length) > _MOST_OCTETS:
        raise ValueError("no netstring")
    octets = await reader.readexactly(int(length) + 1)
    if not octets.endswith(b","):
        raise ValueError("no netstring")
    return octets[:-1]


async def _reply(request: bytes, entry: Callable[[str], Awaitable[str]]) -> str:
    """A look that fails is a temporary failure: Postfix then keeps the message and tries again."""
    domain = request.partition(b" ")[2].decode("ascii", "replace").lower().removesuffix(".")
    if not _DOMAIN.match(domain):
        return "NOTFOUND "
    try:
        found = await entry(domain)
    except Exception as error:
        _log.warning("%s: %s: %s", domain, type(error).__name__, error)
        return f"TEMP the MTA-STS policy of {domain} could not be looked up"
    return f"OK {found}" if found else "NOTFOUND "


def netstring(text: str) -> bytes:
    octets = text.encode("ascii", "replace")
    return b"%d:%s," % (len(octets), octets)
