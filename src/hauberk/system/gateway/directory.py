"""Which logins own an address: asked of the account directory each time, so that a change holds from the next message on.

An answer that cannot be had is an exception, never "nobody" or "anybody": the gateway turns it into 451.
"""

import asyncio
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import Protocol, cast
from urllib.parse import quote

from hauberk.system.gateway.config import DirectoryKind, SenderDirectory


class Directory(Protocol):
    async def logins(self, address: str) -> frozenset[str]:
        """The logins that own this address (lower case), in lower case."""
        ...

    async def close(self) -> None: ...


def directory(settings: SenderDirectory) -> Directory:
    """The directory that the configuration names; nothing is opened yet."""
    match settings.kind:
        case DirectoryKind.SQLITE:
            return _Sqlite(settings)
        case DirectoryKind.POSTGRESQL:
            return _Postgresql(settings)
        case DirectoryKind.FILE:
            return _File(Path(settings.where))


async def owns(directory: Directory, login: str, address: str) -> bool:
    """Whether this login may write as this address. `name+tag@domain` belongs to whom `name@domain` does, unless it is listed itself."""
    wanted = address.lower()
    found = await directory.logins(wanted)
    local, _, domain = wanted.rpartition("@")
    base = local.partition("+")[0]
    if not found and base and base != local:
        found = await directory.logins(f"{base}@{domain}")
    return login.lower() in found


def _split(values: Iterable[str]) -> frozenset[str]:
    return frozenset(login.lower() for value in values for login in value.replace(",", " ").split())


class _Sqlite:
    """The file is opened read-only for each question: it may be put in place anew at any time."""

    def __init__(self, settings: SenderDirectory) -> None:
        self._uri = f"file:{quote(settings.where)}?mode=ro"
        self._query = settings.query

    async def logins(self, address: str) -> frozenset[str]:
        return await asyncio.to_thread(self._ask, address)

    def _ask(self, address: str) -> frozenset[str]:
        with closing(sqlite3.connect(self._uri, uri=True, timeout=5)) as database:
            return _split(str(row[0]) for row in database.execute(self._query, (address,)))

    async def close(self) -> None:
        return None


def _first_line(path: str) -> str:
    return Path(path).read_text("utf-8").partition("\n")[0]


class _Pool(Protocol):
    """As much of asyncpg's pool as is used here; it brings no types."""

    async def fetch(self, query: str, *args: str) -> list[tuple[str, ...]]: ...
    def terminate(self) -> None: ...


class _Postgresql:
    def __init__(self, settings: SenderDirectory) -> None:
        self._settings = settings
        self._pool: _Pool | None = None
        self._opening = asyncio.Lock()

    async def logins(self, address: str) -> frozenset[str]:
        async with self._opening:
            if self._pool is None:
                import asyncpg  # pyright: ignore[reportMissingTypeStubs]

                settings = self._settings
                secret = await asyncio.to_thread(_first_line, settings.password_file) if settings.password_file else None
                made: object = await asyncpg.create_pool(  # pyright: ignore[reportUnknownMemberType]
                    settings.where, password=secret, min_size=0, max_size=4, timeout=10, command_timeout=10
                )
                self._pool = cast(_Pool, made)
        return _split(str(row[0]) for row in await self._pool.fetch(self._settings.query, address))

    async def close(self) -> None:
        if self._pool is not None:
            self._pool.terminate()


class _File:
    """`address login[,login...]`, one a line; `#` begins a comment."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def logins(self, address: str) -> frozenset[str]:
        return await asyncio.to_thread(self._ask, address)

    def _ask(self, address: str) -> frozenset[str]:
        lines = (line.partition("#")[0].split(None, 1) for line in self._path.read_text("utf-8").splitlines())
        return _split(parts[1] for parts in lines if len(parts) == 2 and parts[0].lower() == address)

    async def close(self) -> None:
        return None
