"""Killed at any moment, the store has lost nothing that was acknowledged and doubled nothing."""

import asyncio
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

from hauberk.store import domains, jobs, scans
from hauberk.store.jobs import Order, State
from hauberk.store.verification import verify_chain
from store.samples import NOW, new_tenant, opened

TESTS = Path(__file__).resolve().parent.parent
SCANS = 200


async def _ordered(url: str) -> int:
    async with opened(url) as store:
        tenant = await new_tenant(store)
        async with store.tenant(tenant) as session:
            await domains.add(session, "example.com", NOW)
            for number in range(SCANS):
                await jobs.enqueue(session, Order("scan", f"scan {number}", str(number).encode()), NOW, NOW)
        return tenant


def _start(url: str, tenant: int, run: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "store.storing_process", url, str(tenant), f"worker {run}"]
    environment = {**os.environ, "PYTHONPATH": f"{TESTS}:{TESTS.parent / 'src'}"}
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)


def _run_and_kill(process: subprocess.Popen[str], after: int, delay: float) -> list[str]:
    """What it acknowledged before it was killed, `delay` seconds after its line number `after`."""
    assert process.stdout is not None
    said: list[str] = []
    while len(said) < after and (line := process.stdout.readline()):
        said.append(line.strip())
    time.sleep(delay)
    process.send_signal(signal.SIGKILL)
    rest, _ = process.communicate()
    return said + rest.split("\n")[:-1]  # a last line without its end was not acknowledged


def test_a_process_that_is_killed_again_and_again_stores_each_scan_once(url: str) -> None:
    tenant = asyncio.run(_ordered(url))
    chance = random.Random(4)
    acknowledged: list[str] = []
    for run in range(4):
        acknowledged += _run_and_kill(_start(url, tenant, run), after=30, delay=chance.random() / 20)
        asyncio.run(_holds(url, tenant, acknowledged))
    time.sleep(1.1)  # the lease of the last one that was killed
    last = _start(url, tenant, 99)
    rest, _ = last.communicate(timeout=120)
    assert last.returncode == 0
    acknowledged += rest.splitlines()
    asyncio.run(_holds(url, tenant, acknowledged, whole=True))


async def _holds(url: str, tenant: int, acknowledged: list[str], *, whole: bool = False) -> None:
    async with opened(url) as store, store.tenant(tenant) as session:
        report = await verify_chain(session)
        assert report.broken is None
        domain = await domains.by_name(session, "example.com")
        assert domain is not None
        stored = [scan.key for scan in await scans.history(session, domain.id, limit=2 * SCANS)]
        assert len(stored) == len(set(stored))
        assert set(acknowledged) <= set(stored)
        assert len(acknowledged) == len(set(acknowledged))
        assert report.links == 2 * len(stored)
        done = [job.key for job in await jobs.recent(session, limit=2 * SCANS) if job.state is State.DONE]
        assert sorted(done) == sorted(stored)
        if whole:
            assert len(stored) == SCANS
