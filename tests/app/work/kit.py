"""A store, a clock that is set by hand, a world of a case that can be changed, and a worker that does what is due."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
from sqlalchemy import and_, or_, select

from hauberk.app.work.patrol import rounds
from hauberk.app.work.work_settings import WorkSettings
from hauberk.app.work.worker import Worker
from hauberk.lab.casebook import Case, CaseWorld
from hauberk.model.dns import NoAnswer, Silence
from hauberk.model.observation import TrustStore, Vantage
from hauberk.protocols.walk import Ask, Reply
from hauberk.store import domains, jobs, tenants
from hauberk.store.jobs import Job, State
from hauberk.store.store import Store
from hauberk.store.tables.work import jobs as table
from hauberk.world.recorded import Ready

START = datetime(2026, 11, 23, 12, tzinfo=UTC)  # a Monday
GOOD = """
example.com. MX 10 mx.example.com.
mx.example.com. A 192.0.2.25
example.com. TXT "v=spf1 mx -all"
_dmarc.example.com. TXT "v=DMARC1; p=reject; rua=mailto:dmarc@example.com"
"""


class Clock:
    def __init__(self, at: datetime = START) -> None:
        self.at = at

    def __call__(self) -> datetime:
        return self.at

    def advance(self, by: timedelta) -> None:
        self.at += by


@dataclass
class Place:
    """The world as it is now; `delay` is how long each answer takes. A `mute` world answers nothing, which is judged in no time."""

    case: Case = field(default_factory=lambda: Case("a small company", "pass", records=GOOD, at=START))
    delay: float = 0.0
    mute: bool = False
    entered: int = 0

    def change(self, **values: object) -> None:
        self.case = msgspec.structs.replace(self.case, **values)

    @asynccontextmanager
    async def world(self) -> AsyncGenerator["_Slow"]:
        self.entered += 1
        yield _Slow(CaseWorld(self.case), self.delay, self.mute)


@dataclass(frozen=True)
class _Slow:
    world: CaseWorld
    delay: float
    mute: bool

    @property
    def vantage(self) -> Vantage:
        return self.world.vantage

    def ask(self, question: Ask, /) -> Awaitable[Reply]:
        return self._later(question) if self.delay else self._answer(question)

    async def _later(self, question: Ask) -> Reply:
        await asyncio.sleep(self.delay)
        return await self._answer(question)

    def _answer(self, question: Ask) -> Awaitable[Reply]:
        return Ready(NoAnswer(Silence.TIMEOUT, "no answer within 7 s")) if self.mute else self.world.ask(question)

    def trust(self, chains: tuple[tuple[bytes, ...], ...], /) -> TrustStore:
        return self.world.trust(chains)


@dataclass
class Office:
    """Everything a test works with; one tenant with the domain example.com."""

    store: Store
    clock: Clock
    place: Place
    settings: WorkSettings
    tenant: int
    domain_id: int

    def worker(self) -> Worker:
        return Worker(self.store, self.place.world, self.settings, self.clock)

    async def work_off(self) -> None:
        """Do what is due, and what becomes due at the same moment."""
        async with working(self.worker()):
            async with asyncio.timeout(120):
                while await self._due():  # noqa: ASYNC110 - what changes is in the database
                    await asyncio.sleep(0.04)

    async def _due(self) -> bool:
        due = and_(table.c.state == State.WAITING.value, table.c.due_at <= self.clock())
        waiting = select(table.c.id).where(or_(table.c.state == State.RUNNING.value, due)).limit(1)
        async with self.store.tenant(self.tenant, writing=False) as session:
            ordered = await jobs.by_key(session, rounds(self.clock())[0][0].key)
            return ordered is None or await session.first(waiting) is not None

    async def job(self, id: int) -> Job:
        async with self.store.tenant(self.tenant, writing=False) as session:
            found = await jobs.by_id(session, id)
        assert found is not None
        return found


@asynccontextmanager
async def working(worker: Worker) -> AsyncGenerator[Worker]:
    """A worker that works for the length of the block."""
    stop = asyncio.Event()
    running = asyncio.create_task(worker.run(stop))
    try:
        yield worker
    finally:
        stop.set()
        await running


@asynccontextmanager
async def office(url: str, data: Path) -> AsyncGenerator[Office]:
    """Opened over a database with all tables and no rows."""
    store = await Store.open(url)
    clock = Clock()
    try:
        async with store.system() as system:
            tenant = (await tenants.add(system, "acme", "Acme Ltd", clock())).id
        async with store.tenant(tenant) as session:
            domain = await domains.add(session, "example.com", clock())
        settings = WorkSettings(data / "data", poll=0.02, gather=timedelta(0), depth="handshake", base_url="https://hauberk.example")
        yield Office(store, clock, Place(), settings, tenant, domain.id)
    finally:
        await store.close()


def patient(settings: WorkSettings, **values: object) -> WorkSettings:
    return replace(settings, **values)  # pyright: ignore[reportArgumentType]
