"""The worker: claims what is due, does many jobs at once, keeps its leases, and gives back what it cannot bring to an end."""

import asyncio
import logging
import os
import secrets
import socket
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import datetime, timedelta

from hauberk.app.work import orders
from hauberk.app.work.delivery import do_delivery
from hauberk.app.work.digest import do_digest
from hauberk.app.work.issuing import do_report
from hauberk.app.work.orders import stage
from hauberk.app.work.patrol import do_watch, rounds
from hauberk.app.work.rejudging import do_rejudging
from hauberk.app.work.scan_job import do_scan
from hauberk.app.work.work_settings import Clock, WorkSettings, WorldFactory
from hauberk.app.work.workshop import Held, TryLaterError, WontDoError, Workshop
from hauberk.app.work.worlds import Worlds
from hauberk.store import jobs, schedule, tenants
from hauberk.store.errors import Fault, StoreError
from hauberk.store.jobs import Job
from hauberk.store.store import Store
from hauberk.store.whole import whole

_WORK: dict[str, Callable[[Workshop, Held], Awaitable[None]]] = {
    orders.SCAN: do_scan,
    orders.REPORT: do_report,
    orders.DELIVER: do_delivery,
    orders.WATCH: do_watch,
    orders.DIGEST: do_digest,
    orders.REJUDGE: do_rejudging,
}
_AGAIN = tuple(timedelta(minutes=minutes) for minutes in (0.5, 2, 10, 30))
# Whoever is to be told may be away for a day.
_DELIVER_AGAIN = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 180, 360, 720, 720))
_BEAT = 1.0
_TOGETHER = 0.03  # what ends within this time is followed by one claim
_SCHEDULE_BEAT = 15.0
_LONGEST_PAUSE = 30.0
_MOST_DUE = 200

_log = logging.getLogger(__name__)


class Worker:
    """One process's worker. Any number may share a database; on SQLite the process that serves is one too."""

    def __init__(self, store: Store, worlds: WorldFactory, settings: WorkSettings, clock: Clock) -> None:
        self._shop = Workshop(store, Worlds(worlds, clock), settings, clock)
        self._name = f"{socket.gethostname()[:60]}:{os.getpid()}:{secrets.token_hex(4)}"
        self._held: dict[int, Held] = {}
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._freed = asyncio.Event()
        self._stopping = False
        self._ordered: dict[int, tuple[str, ...]] = {}
        self._forgot_at: datetime | None = None

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop` is set; then bring to an end what ends soon and give back the rest. A database that is away is waited for."""
        others = [
            asyncio.create_task(self._again_and_again(beat, seconds))
            for beat, seconds in ((self._keep_leases, _BEAT), (self._order_due, _SCHEDULE_BEAT))
        ]
        claiming = asyncio.create_task(self._claim_and_start())
        try:
            await stop.wait()
        finally:
            self._stopping = True
            await _end(claiming)
            if self._tasks:
                await asyncio.wait(self._tasks.values(), timeout=self._shop.settings.grace)
            for task in tuple(self._tasks.values()):
                await _end(task)
            for other in others:
                await _end(other)
            await self._shop.worlds.close()

    async def _again_and_again(self, beat: Callable[[], Awaitable[None]], seconds: float) -> None:
        pause = seconds
        while True:
            try:
                await beat()
                pause = seconds
            except StoreError as error:
                _log.warning("the worker goes on, although %s", error)
                pause = min(pause * 2, _LONGEST_PAUSE)
            except Exception:
                _log.exception("the worker goes on")
                pause = _LONGEST_PAUSE
            await asyncio.sleep(pause)

    async def _claim_and_start(self) -> None:
        pause = self._shop.settings.poll
        while True:
            try:
                claimed = await whole(self._claim())  # whoever stops it half way would leave jobs claimed that nobody does
                pause = self._shop.settings.poll
            except StoreError as error:
                _log.warning("nothing can be claimed, as %s", error)
                claimed, pause = 0, min(pause * 2, _LONGEST_PAUSE)
            except Exception:
                _log.exception("claiming failed")
                claimed, pause = 0, _LONGEST_PAUSE
            if not claimed:
                self._freed.clear()
                with suppress(TimeoutError):
                    async with asyncio.timeout(pause):
                        await self._freed.wait()
                await asyncio.sleep(_TOGETHER)

    async def _claim(self) -> int:
        """How many jobs were begun. Those that somebody waits for find room when the rest is full."""
        settings = self._shop.settings
        room = settings.at_once - len(self._held)
        if room > 0:
            return await self._begin(min(room, 20), None)
        if room + settings.urgent > 0:
            return await self._begin(room + settings.urgent, orders.WAITED_FOR)
        return 0

    async def _begin(self, limit: int, least: int | None) -> int:
        now, lease = self._shop.now(), self._shop.settings.lease
        async with self._shop.store.system() as session:
            claimed = await jobs.claim(
                session, self._name, now, lease, kinds=tuple(_WORK), least=least, limit=limit, holding=tuple(self._held)
            )
        for job in claimed:
            self._held[job.id] = Held(job, lease_until=job.lease_until)
            self._tasks[job.id] = asyncio.create_task(self._do(self._held[job.id]))
        return len(claimed)

    async def _do(self, held: Held) -> None:
        try:
            if held.job.attempts > len(_pauses(held.job)) + 1:  # whoever claimed it so often has died of it
                raise WontDoError(held.job.outcome or f"given up after {held.job.attempts - 1} attempts")
            await _WORK[held.job.kind](self._shop, held)
        except asyncio.CancelledError:
            await self._give_back(held, "the worker was stopped", self._shop.now())
            raise
        except WontDoError as error:
            await self._give_back(held, str(error), None)
        except TryLaterError as error:
            await self._give_back(held, str(error), self._next_attempt(held.job))
        except StoreError as error:
            if error.fault is not Fault.CONFLICT:
                _log.warning("job %d: %s", held.job.id, error)
            await self._give_back(held, str(error), self._next_attempt(held.job))
        except Exception as error:
            _log.exception("job %d (%s) failed", held.job.id, held.job.kind)
            await self._give_back(held, f"{type(error).__name__}: {error}"[:500], self._next_attempt(held.job))
        finally:
            self._held.pop(held.job.id, None)
            self._tasks.pop(held.job.id, None)
            self._freed.set()

    def _next_attempt(self, job: Job) -> datetime | None:
        pauses = _pauses(job)
        return self._shop.now() + pauses[job.attempts - 1] if job.attempts <= len(pauses) else None

    async def _give_back(self, held: Held, reason: str, again_at: datetime | None) -> None:
        """To be tried again, or never. Where the store does not take it, the lease runs out and says the same."""

        async def write() -> None:
            async with self._shop.store.system() as session:
                await jobs.fail(session, held.job, reason, self._shop.now(), again_at=again_at)

        try:
            await (write() if self._stopping else self._shop.patiently(write))
        except StoreError as error:
            _log.info("job %d is not given back: %s", held.job.id, error)

    async def _keep_leases(self) -> None:
        """Renew what is half over, and say how far those jobs are that somebody waits for."""
        await self._shop.worlds.rest()
        now, lease = self._shop.now(), self._shop.settings.lease
        due = [held for held in self._held.values() if _wants_word(held, now, lease)]
        if not due:
            return
        lost: list[Held] = []
        async with self._shop.store.system() as session:
            for held in due:
                try:
                    await jobs.extend(session, held.job, now + lease, progress=stage(held.stage))
                except StoreError as error:
                    if error.fault is not Fault.CONFLICT:
                        raise
                    lost.append(held)
                else:
                    held.told, held.lease_until = held.stage, now + lease
        for held in lost:  # cancelled, or another's by now, or just finished
            task = self._tasks.get(held.job.id)
            if task is not None:
                task.cancel()

    async def _order_due(self) -> None:
        """The scans that are due, the rounds of every tenant, and the forgetting of what has long ended."""
        now = self._shop.now()
        while True:
            async with self._shop.store.system() as session:
                ordered = await schedule.order_due(session, now, limit=_MOST_DUE)
            if ordered:
                self._freed.set()
            if ordered < _MOST_DUE:
                break
        async with self._shop.store.system(writing=False) as session:
            served = [tenant.id for tenant in await tenants.all_tenants(session) if tenant.archived_at is None]
        for tenant in served:
            await self._order_rounds(tenant, now)
        if self._forgot_at is None or not timedelta(0) <= now - self._forgot_at < timedelta(days=1):
            async with self._shop.store.system() as session:
                await jobs.forget_ended(session, now - self._shop.settings.keep_jobs)
            self._forgot_at = now

    async def _order_rounds(self, tenant: int, now: datetime) -> None:
        wanted = rounds(now)
        keys = tuple(order.key for order, _ in wanted)
        if self._ordered.get(tenant) == keys:
            return
        async with self._shop.store.tenant(tenant) as session:
            for order, due_at in wanted:
                await jobs.enqueue(session, order, due_at, now)
        self._ordered[tenant] = keys


def _pauses(job: Job) -> tuple[timedelta, ...]:
    return _DELIVER_AGAIN if job.kind == orders.DELIVER else _AGAIN


def _wants_word(held: Held, now: datetime, lease: timedelta) -> bool:
    half_over = held.lease_until is None or not now + lease / 2 < held.lease_until <= now + lease
    return half_over or (held.job.priority >= orders.WAITED_FOR and held.told != held.stage)


async def _end(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.wait((task,))
