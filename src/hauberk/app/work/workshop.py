"""What every job is done with, and a job while it is being done."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from hauberk.app.work.orders import Stage
from hauberk.app.work.work_settings import Clock, WorkSettings
from hauberk.app.work.worlds import Worlds
from hauberk.store.errors import StoreError
from hauberk.store.jobs import Job
from hauberk.store.session import TenantSession
from hauberk.store.store import Store

T = TypeVar("T")
_PAUSES = (0.2, 0.5, 1, 2, 5, 10, *(15,) * 20)  # seconds: five minutes in all

_log = logging.getLogger(__name__)


class WontDoError(Exception):
    """The job cannot be done, now or later; the message says why, for people."""


class TryLaterError(Exception):
    """The job cannot be done now, for a reason that lies elsewhere; the message says which, for people."""


@dataclass
class Held:
    """A claimed job: `stage` is how far it is, `told` what people were told of that last."""

    job: Job
    stage: Stage = field(default_factory=lambda: Stage("begun", 0.0))
    told: Stage = field(default_factory=lambda: Stage("", 0.0))
    lease_until: datetime | None = None

    def tell(self, words: str, fraction: float) -> None:
        self.stage = Stage(words, round(fraction, 3))


@dataclass(frozen=True, slots=True)
class Workshop:
    store: Store
    worlds: Worlds
    settings: WorkSettings
    clock: Clock
    turns: dict[int, asyncio.Lock] = field(default_factory=dict[int, asyncio.Lock])

    @asynccontextmanager
    async def writing(self, held: Held) -> AsyncGenerator[TenantSession]:
        """A session of the job's tenant. Its chain lets one write at a time: those of this process wait here, without a connection."""
        async with self.turns.setdefault(held.job.tenant_id, asyncio.Lock()), self.store.tenant(held.job.tenant_id) as session:
            yield session

    @asynccontextmanager
    async def reading(self, held: Held) -> AsyncGenerator[TenantSession]:
        async with self.store.tenant(held.job.tenant_id, writing=False) as session:
            yield session

    def now(self) -> datetime:
        return self.clock()

    async def patiently(self, write: Callable[[], Awaitable[T]]) -> T:
        """Write what took long to find out, and again while the database is away, busy or full, for some minutes. Raises `StoreError`."""
        for pause in _PAUSES:
            try:
                return await write()
            except StoreError as error:
                if not error.may_pass:
                    raise
                _log.warning("kept for %s s, as %s", pause, error)
                await asyncio.sleep(pause)
        return await write()
