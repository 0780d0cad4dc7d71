"""Being a good guest: few connections at a time to one address, pauses between them, a cap over all."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Manners:
    """`per_address` and `total` count connections that are open at the same time.

    `pause` (seconds) is the mean time between two beginnings at one address; `burst` may begin one upon the other's end, and the next
    ones after that many pauses: servers count connections by the minute, and waking up for each costs twice the work. It is meant for
    mail servers, which count connections; a web server that has the policies of thousands of domains does not.

    `budget` is the most connections with hellos that one server sees in a run; the walks want far fewer.
    """

    per_address: int = 2
    pause: float = 0.1
    burst: int = 8
    total: int = 500
    budget: int = 400


class _Host:
    """What is known of one address while connections to it are open, wanted or just begun."""

    __slots__ = ("slots", "starts", "users")

    def __init__(self, manners: Manners) -> None:
        self.slots = asyncio.Semaphore(manners.per_address)
        self.users = 0
        self.starts: deque[float] = deque(maxlen=manners.burst)


class Politeness:
    """Gives out turns to connect; an address that nobody uses any more is forgotten after its pause."""

    def __init__(self, manners: Manners) -> None:
        self._manners = manners
        self._span = manners.burst * manners.pause
        self._total = asyncio.Semaphore(manners.total)
        self._hosts: dict[str, _Host] = {}

    @asynccontextmanager
    async def turn(self, address: str, *, pausing: bool = True) -> AsyncGenerator[None]:
        """Held for as long as a connection to the address is open."""
        host = self._hosts.get(address)
        if host is None:
            host = self._hosts[address] = _Host(self._manners)
        host.users += 1
        try:
            # The address comes first: who waits for a busy address must not take a place from the others.
            async with host.slots, self._total:
                if pausing:
                    await self._pause(host)
                yield
        finally:
            host.users -= 1
            if not host.users:
                asyncio.get_running_loop().call_later(self._span, self._forget, address)

    async def _pause(self, host: _Host) -> None:
        now = asyncio.get_running_loop().time()
        full = len(host.starts) == host.starts.maxlen
        start = max(now, host.starts[0] + self._span) if full else now
        host.starts.append(start)
        if start > now:
            await asyncio.sleep(start - now)

    def _forget(self, address: str) -> None:
        host = self._hosts.get(address)
        now = asyncio.get_running_loop().time()
        if host is not None and not host.users and (not host.starts or host.starts[-1] + self._span <= now):
            del self._hosts[address]
