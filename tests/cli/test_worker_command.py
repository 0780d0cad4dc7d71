"""`hauberk worker` as an operator runs it: several processes on one database, scanning the lab, stopped by a signal."""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from cli.command import Hauberk
from hauberk.app.scanning import now
from hauberk.app.work import ordering
from hauberk.store import domains, jobs, reports, scans, tenants
from hauberk.store.jobs import State
from hauberk.store.store import Store
from hauberk.store.verification import verify_chain

NAMES = ("exemplary.test", "typical.test", "bad.test")


def _start(url: str, folder: Path, network: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "hauberk.cli.main", "worker", "--database", url, "--data", folder, "--network", network]
    return subprocess.Popen(command, stderr=subprocess.PIPE, env={**os.environ, "PYTHONPATH": ":".join(sys.path)})


@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
def test_two_workers_share_the_scans_of_a_lab_and_end_when_they_are_told(url: str, tmp_path: Path, network: Path) -> None:
    async def ordered(store: Store) -> tuple[int, list[int], int]:
        async with store.system() as system:
            tenant = (await tenants.add(system, "acme", "Acme Ltd", now())).id
        async with store.tenant(tenant) as session:
            ids = [(await domains.add(session, name, now())).id for name in NAMES]
        for id in ids:
            await ordering.order_scan(store, tenant, id, "ada", now())
        return tenant, ids, (await ordering.order_report(store, tenant, ids[0], ("pdf",), "ada", now(), fresh=True)).id

    async def ended(store: Store, tenant: int) -> None:
        async with asyncio.timeout(90):
            while True:
                async with store.tenant(tenant, writing=False) as session:
                    open_ = [job for job in await jobs.recent(session) if job.kind in ("scan", "report") and job.finished_at is None]
                if not open_:
                    return
                await asyncio.sleep(0.2)

    async def scenario() -> None:
        store = await Store.open(url)
        tenant, ids, report = await ordered(store)
        running = [await asyncio.to_thread(_start, url, tmp_path / "data", network) for _ in range(2)]
        try:
            await ended(store, tenant)
        finally:
            for process in running:
                process.send_signal(signal.SIGTERM)
            said = [(await asyncio.to_thread(process.communicate, timeout=20))[1].decode() for process in running]
        assert [process.returncode for process in running] == [0, 0], said
        assert all("working" in one and "stopping" in one and "Traceback" not in one for one in said), said
        found = await ordering.progress(store, tenant, report)
        assert found is not None and found.state is State.DONE, found
        async with store.tenant(tenant, writing=False) as session:
            assert [len(await scans.history(session, id)) for id in ids] == [2, 1, 1]
            assert [one.format for one in await reports.page(session)] == ["pdf"]
            assert (await verify_chain(session)).holds
        await store.close()

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--mail-relay", "http://relay.example"), "smtp://, smtps:// or smtp+plain://"),
        (("--mail-relay", "smtp://relay.example", "--mail-from", "nobody"), "--mail-from"),
        (("--url", "hauberk.example"), "--url"),
        (("--key", "missing.pem"), "missing.pem cannot be read"),
    ],
)
def test_a_wrong_option_is_said_before_anything_is_done(hauberk: Hauberk, arguments: tuple[str, ...], said: str) -> None:
    outcome = hauberk("worker", *arguments)
    assert (outcome.code, said in outcome.err) == (2, True), outcome


def test_a_database_that_is_not_there_is_said(hauberk: Hauberk) -> None:
    outcome = hauberk("worker", "--database", "sqlite:///none.db")
    assert outcome.code == 3
    assert "none.db" in outcome.err
