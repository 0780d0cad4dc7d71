"""Live worlds for work that never ends: each answers for a while and is then left, since a world keeps its answers."""

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime

from hauberk.app.work.work_settings import Clock, WorldFactory
from hauberk.world.world import World

_SECONDS = 60.0
_MOST_DOMAINS = 1000


@dataclass
class _Shared:
    """A world that is open, and who is in it."""

    manager: AbstractAsyncContextManager[World]
    world: World
    began: datetime
    since: float
    seconds: float
    domains: set[str] = field(default_factory=set[str])
    visitors: int = 0

    @property
    def is_young(self) -> bool:
        return time.monotonic() - self.since < self.seconds and len(self.domains) < _MOST_DOMAINS

    def serves(self, domain: str, ordered_at: datetime) -> bool:
        return self.is_young and domain not in self.domains and self.began >= ordered_at


class Worlds:
    """Domains that are looked at in the same minute share a world: what several ask is asked once, and manners hold for all of them."""

    def __init__(self, factory: WorldFactory, clock: Clock, *, seconds: float = _SECONDS) -> None:
        self._factory = factory
        self._seconds = seconds
        self._clock = clock
        self._current: _Shared | None = None
        self._open: list[_Shared] = []
        self._entering = asyncio.Lock()

    @asynccontextmanager
    async def visit(self, domain: str, ordered_at: datetime) -> AsyncGenerator[World]:
        """A world that asks anew whatever was asked before the scan was ordered. Raises what entering it raises."""
        async with self._entering:
            if self._current is None or not self._current.serves(domain, ordered_at):
                self._current = await self._enter()
            shared = self._current
            shared.domains.add(domain)
            shared.visitors += 1
        try:
            yield shared.world
        finally:
            shared.visitors -= 1
            await self._leave_old()

    async def rest(self) -> None:
        """Leave a world that is old and that nobody is in: its sockets and answers are of no more use."""
        if self._current is not None and not self._current.is_young and not self._current.visitors:
            self._current = None
            await self._leave_old()

    async def close(self) -> None:
        """Leave the world; whoever is still in it gets no more answers."""
        self._current = None
        for shared in self._open:
            shared.visitors = 0
        await self._leave_old()

    async def _enter(self) -> _Shared:
        began, manager = self._clock(), self._factory()
        shared = _Shared(manager, await manager.__aenter__(), began, time.monotonic(), self._seconds)
        self._open.append(shared)
        return shared

    async def _leave_old(self) -> None:
        left = [shared for shared in self._open if shared.visitors == 0 and shared is not self._current]
        for shared in left:
            self._open.remove(shared)
            await shared.manager.__aexit__(None, None, None)
