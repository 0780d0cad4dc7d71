"""Killed workers, databases that go away, full disks, clocks that jump: every scan is kept once, and the chain holds."""

import asyncio
import os
import random
import subprocess
import sys
import time
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from app.work.kit import Clock, Office, office, working
from hauberk.app.scanning import now
from hauberk.app.work import ordering
from hauberk.app.work.worker import Worker
from hauberk.store import domains, jobs, scans
from hauberk.store.jobs import Job, State
from hauberk.store.migration import migrate
from hauberk.store.store import Store
from hauberk.store.tables.work import jobs as table
from hauberk.store.verification import verify_chain
from store.real_postgresql import Server

TESTS = Path(__file__).resolve().parents[2]


async def _with_domains(one: Office, number: int) -> list[int]:
    """So many scans of as many domains are ordered; the ids of the domains."""
    async with one.store.tenant(one.tenant) as session:
        ids = [(await domains.add(session, f"d{n}.example", one.clock())).id for n in range(number)]
    assert await ordering.order_scans(one.store, one.tenant, ids, one.clock()) == number
    return ids


async def _ended(one: Office) -> int:
    async with one.store.tenant(one.tenant, writing=False) as session:
        done = select(func.count()).where(session.own(table), table.c.kind == "scan", table.c.state == State.DONE.value)
        row = await session.first(done)
    return int(row[0]) if row else 0


async def _until(one: Office, number: int, seconds: float = 180) -> None:  # a busy machine is no reason to fail
    async with asyncio.timeout(seconds):
        while await _ended(one) < number:  # noqa: ASYNC110 - what changes is in the database
            await asyncio.sleep(0.2)


async def _until_all(one: Office, are: Callable[[Job], bool]) -> None:
    """Until all scans are like that."""
    async with asyncio.timeout(180):
        while True:
            async with one.store.tenant(one.tenant, writing=False) as session:
                if all(are(job) for job in await jobs.recent(session) if job.kind == "scan"):
                    return
            await asyncio.sleep(0.02)


async def _holds(one: Office, ids: list[int]) -> None:
    """Every domain was scanned once, every job is done once, and the chain speaks of all of it."""
    async with one.store.tenant(one.tenant, writing=False) as session:
        stored = [await scans.history(session, id) for id in ids]
        report = await verify_chain(session)
        states = {job.state for job in await jobs.recent(session, limit=1000) if job.kind == "scan"}
    assert [len(one) for one in stored] == [1] * len(ids)
    assert report.broken is None
    assert report.links == 2 * len(ids)
    assert states == {State.DONE}


@asynccontextmanager
async def _killed_at_the_end(url: str, data: Path) -> AsyncGenerator[None]:
    """A worker in a process of its own, until the block ends in whatever way."""
    environment = {**os.environ, "PYTHONPATH": f"{TESTS}:{TESTS.parent / 'src'}"}
    command = [sys.executable, "-m", "app.work.working_process", url, str(data)]
    process = await asyncio.to_thread(subprocess.Popen, command, env=environment)
    try:
        yield
    finally:
        process.kill()
        await asyncio.to_thread(process.wait)


def test_a_worker_that_is_killed_during_200_scans_loses_and_doubles_none(url: str, tmp_path: Path) -> None:
    chance = random.Random(7)

    async def scenario() -> None:
        async with office(url, tmp_path) as one:
            one.clock.at = now()
            ids = await _with_domains(one, 200)
            for least in (20, 80):
                async with _killed_at_the_end(url, tmp_path):
                    await _until(one, least)
                    await asyncio.sleep(chance.random() / 10)
                assert await _ended(one) < 200
            async with _killed_at_the_end(url, tmp_path):
                await _until(one, 200)
            await _holds(one, ids)

    asyncio.run(scenario())


def test_a_worker_that_is_stopped_gives_back_what_does_not_end_soon(url: str, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with office(url, tmp_path) as one:
            ids = await _with_domains(one, 5)
            one.place.mute, one.place.delay = True, 30.0
            one.settings = replace(one.settings, grace=0.1, limit=600)  # a busy machine sees them all running in time
            async with working(one.worker()):
                await _until_all(one, lambda job: job.state is State.RUNNING)
                start = time.monotonic()
            assert time.monotonic() - start < 10
            async with one.store.tenant(one.tenant, writing=False) as session:
                left = [job for job in await jobs.recent(session) if job.kind == "scan"]
            assert {(job.state, job.outcome) for job in left} == {(State.WAITING, "the worker was stopped")}
            one.place.delay = 0.0
            await one.work_off()
            await _holds(one, ids)

    asyncio.run(scenario())


def test_a_worker_that_is_stopped_while_it_claims_leaves_nothing_claimed(url: str, tmp_path: Path) -> None:
    chance = random.Random(3)

    async def scenario() -> None:
        async with office(url, tmp_path) as one:
            await _with_domains(one, 20)
            one.place.mute, one.place.delay = True, 30.0
            one.settings = replace(one.settings, grace=0.0)
            for _ in range(25):
                async with working(one.worker()):
                    await asyncio.sleep(chance.random() * 0.02)
                async with one.store.tenant(one.tenant, writing=False) as session:
                    assert State.RUNNING not in {job.state for job in await jobs.recent(session)}  # nobody has to wait for a lease's end
                    tried = await session.first(select(func.max(table.c.attempts)).where(session.own(table)))
                if tried is not None and tried[0] >= 4:
                    break
                one.clock.advance(timedelta(hours=1))

    asyncio.run(scenario())


def test_the_database_goes_away_during_scans_and_comes_back(postgresql: Server, postgresql_url: str, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with office(postgresql_url, tmp_path) as one:
            ids = await _with_domains(one, 30)
            one.place.mute, one.place.delay = True, 0.05
            one.settings = replace(one.settings, at_once=6)
            async with working(one.worker()):
                await _until(one, 5)
                await asyncio.to_thread(postgresql.stop)
                await asyncio.sleep(1)
                await asyncio.to_thread(postgresql.start)
                await _until(one, 30)
            await _holds(one, ids)

    asyncio.run(scenario())


@pytest.fixture
def small_disk(tmp_path: Path) -> Generator[Path]:
    """A disk of two megabytes."""
    place = tmp_path / "small"
    place.mkdir()
    if os.geteuid() != 0:
        pytest.skip("mounting a small disk needs root")
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", place], capture_output=True).returncode != 0:
        pytest.skip("this machine does not let us mount a small disk")
    yield place
    subprocess.run(["umount", "-l", place], check=True)


def test_the_disk_is_full_for_a_while(small_disk: Path, tmp_path: Path) -> None:
    url = f"sqlite:///{small_disk / 'hauberk.db'}"

    async def scenario() -> None:
        await migrate(url)
        async with office(url, tmp_path) as one:
            ids = await _with_domains(one, 20)
            one.place.mute, one.place.delay = True, 0.2
            one.settings = replace(one.settings, at_once=4)
            ballast = small_disk / "ballast"
            async with working(one.worker()):
                await asyncio.to_thread(_fill, ballast)
                await asyncio.sleep(1.5)
                assert await _ended(one) < 20
                ballast.unlink()
                await asyncio.to_thread(subprocess.run, ["mount", "-o", "remount,size=16m", small_disk], check=True)
                await _until(one, 20)
            await _holds(one, ids)

    asyncio.run(scenario())


def _fill(file: Path) -> None:
    with file.open("wb", buffering=0) as opened:
        try:
            while True:
                opened.write(bytes(4096))
        except OSError:
            pass


def test_another_writer_holds_sqlite_for_some_seconds(tmp_path: Path, migrated_file: Path) -> None:
    file = tmp_path / "hauberk.db"
    file.write_bytes(migrated_file.read_bytes())

    async def scenario() -> None:
        async with office(f"sqlite:///{file}", tmp_path) as one:
            ids = await _with_domains(one, 10)
            one.place.mute = True
            holding = await asyncio.to_thread(_hold, file)
            async with working(one.worker()):
                await asyncio.sleep(2)
                assert await _ended(one) == 0
                await asyncio.to_thread(holding.communicate, b"\n")
                await _until(one, 10)
            await _holds(one, ids)

    asyncio.run(scenario())


def _hold(file: Path) -> subprocess.Popen[bytes]:
    """A process that has the write lock until it reads a line."""
    said = """
import sqlite3, sys
held = sqlite3.connect(sys.argv[1], isolation_level=None)
held.execute("BEGIN IMMEDIATE")
print(flush=True)
input()
"""
    process = subprocess.Popen([sys.executable, "-c", said, file], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.readline()
    return process


def test_a_clock_that_jumps_back_and_forth_loses_and_doubles_nothing(url: str, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with office(url, tmp_path) as one:
            one.place.mute, one.place.delay = True, 0.05
            one.settings = replace(one.settings, at_once=5)
            one.clock.advance(timedelta(days=3))  # ordered by a clock that runs ahead
            ids = await _with_domains(one, 20)
            async with working(one.worker()):
                for jump in (timedelta(days=-3), timedelta(hours=2), timedelta(hours=-5), timedelta(days=30), timedelta(days=-30)):
                    await asyncio.sleep(0.2)
                    one.clock.advance(jump)
                await _until(one, 20)
            await _holds(one, ids)

    asyncio.run(scenario())


def test_a_worker_that_is_slower_than_its_lease_keeps_its_job(url: str, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with office(url, tmp_path) as one:
            job = await ordering.order_scan(one.store, one.tenant, one.domain_id, "ada", one.clock())
            one.place.mute, one.place.delay = True, 0.3
            async with working(one.worker()):
                await _until_all(one, lambda scan: scan.state is State.RUNNING)
                one.clock.advance(timedelta(hours=1))
                await _until(one, 1)
            assert (await one.job(job.id)).attempts == 1

    asyncio.run(scenario())


def test_two_workers_whose_clocks_differ_scan_each_domain_once(url: str, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with office(url, tmp_path) as one:
            ids = await _with_domains(one, 30)
            one.place.mute, one.place.delay = True, 0.03
            one.settings = replace(one.settings, at_once=6)
            other = await Store.open(url)
            ahead = Clock(one.clock() + timedelta(minutes=10))  # to whom every lease of the other has run out
            async with working(one.worker()), working(Worker(other, one.place.world, one.settings, ahead)):
                await _until(one, 30)
            await other.close()
            await _holds(one, ids)

    asyncio.run(scenario())


def test_a_job_that_kills_every_worker_is_given_up(url: str, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with office(url, tmp_path) as one:
            job = await ordering.order_scan(one.store, one.tenant, one.domain_id, "ada", one.clock())
            for _ in range(5):  # claimed, and never heard of again
                async with one.store.system() as session:
                    assert await jobs.claim(session, "doomed", one.clock(), timedelta(minutes=2), kinds=("scan",))
                one.clock.advance(timedelta(minutes=3))
            await one.work_off()
            found = await ordering.progress(one.store, one.tenant, job.id)
            assert found is not None and found.state is State.FAILED
            assert found.reason == "given up after 5 attempts"

    asyncio.run(scenario())


def test_a_scanner_without_a_resolver_says_so_and_tries_again(url: str, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with office(url, tmp_path) as one:
            job = await ordering.order_scan(one.store, one.tenant, one.domain_id, "ada", one.clock())

            def nowhere() -> object:
                raise OSError("no resolver is configured")

            async with working(Worker(one.store, nowhere, one.settings, one.clock)):  # pyright: ignore[reportArgumentType]
                await _until_all(one, lambda job: bool(job.outcome))
            found = await ordering.progress(one.store, one.tenant, job.id)
            assert found is not None and found.state is State.WAITING
            assert found.reason == "OSError: no resolver is configured"
            one.clock.advance(timedelta(minutes=1))
            await one.work_off()
            assert (await one.job(job.id)).state is State.DONE

    asyncio.run(scenario())
