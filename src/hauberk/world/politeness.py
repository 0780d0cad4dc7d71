"""Being a good guest: few connections at a time to one address, pauses between them, a cap over all."""

import asyncio
import math
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Manners:
    """`per_address` and `total` count connections that are open at the same time.

    `pause` (seconds) is the mean time between two beginnings at one address; `burst` may begin one upon the other's end, and the next
    burst that many pauses after this one began: servers count connections by the minute, and waking up for each costs twice the work. It
    is meant for mail servers, which count connections; a web server that has the policies of thousands of domains does not.

    `budget` is the most connections with hellos that one server sees in a run; the walks want far fewer.
    """

    per_address: int = 2
    pause: float = 0.1
    burst: int = 8
    total: int = 500
    budget: int = 400


class _Host:
    """What is known of one address while connections to it are open, wanted or just begun."""

    __slots__ = ("began", "leaving", "left", "slots", "users")

    def __init__(self, manners: Manners) -> None:
        self.slots = asyncio.Semaphore(manners.per_address)
        self.users = 0
        self.leaving = False  # a timer will look whether it can be forgotten
        self.began = -math.inf  # when the newest burst did, or will
        self.left = 0  # of that burst


class Politeness:
    """Gives out turns to connect; an address that nobody uses any more is forgotten after its pause."""

    def __init__(self, manners: Manners) -> None:
        self._manners = manners
        self._span = manners.burst * manners.pause
        self._total = asyncio.Semaphore(manners.total)
        self._hosts: dict[str, _Host] = {}

    async def begin(self, address: str, *, pausing: bool = True) -> None:
        """Wait for a turn; it is held until `end`. Who is cancelled while waiting has none."""
        host = self._hosts.get(address)
        if host is None:
            host = self._hosts[address] = _Host(self._manners)
        host.users += 1
        held: list[asyncio.Semaphore] = []
        try:
            # The address comes first: who waits for a busy address must not take a place from the others.
            for places in (host.slots, self._total):
                await places.acquire()
                held.append(places)
            if pausing:
                await self._pause(host)
        except BaseException:
            self._leave(address, host, held)
            raise

    def end(self, address: str) -> None:
        """Give back a turn that `begin` gave: the connection is closed."""
        host = self._hosts[address]
        self._leave(address, host, (host.slots, self._total))

    def _leave(self, address: str, host: _Host, held: Iterable[asyncio.Semaphore]) -> None:
        for places in held:
            places.release()
        host.users -= 1
        if not host.users and not host.leaving:
            host.leaving = True
            asyncio.get_running_loop().call_later(self._span, self._forget, address)

    async def _pause(self, host: _Host) -> None:
        """Whole bursts begin a span apart, so that a burst is not drawn out by the pace of the one before."""
        now = asyncio.get_running_loop().time()
        if not host.left or host.began + self._span <= now:
            host.began, host.left = max(now, host.began + self._span), self._manners.burst
        host.left -= 1
        if host.began > now:
            await asyncio.sleep(host.began - now)

    def _forget(self, address: str) -> None:
        host = self._hosts[address]
        host.leaving = False
        if host.users:
            return
        loop = asyncio.get_running_loop()
        rest = host.began + self._span - loop.time()
        if rest > 0:
            host.leaving = True
            loop.call_later(rest, self._forget, address)
        else:
            del self._hosts[address]
