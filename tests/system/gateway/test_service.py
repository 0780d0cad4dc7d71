"""The gateway as a process: ready, reloaded, ended; and its workers, which may die."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from hauberk.system.gateway.config import Attachments, Engine, GatewayConfig, Limits, Tcp
from hauberk.system.gateway.config_file import render
from hauberk.system.gateway.findings import Kind
from hauberk.system.gateway.worker import Settings
from hauberk.system.gateway.workers import CannotStart, NoFindings, Workers
from system.gateway import submission
from system.gateway.milter_client import Letter, MilterClient, reply

MAIL = b"From: a@x.test\r\n\r\nHAUBERK-SECOND-ENGINE-TEST-FILE-9c1f4be27d50\r\n"
SETTINGS = Settings(Engine(), Attachments())


def until(holds: Callable[[], bool], seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it did not come about"
        time.sleep(0.02)


def verdict(where: str, body: bytes = b"Hello\r\n") -> str:
    host, _, port = where.removeprefix("inet:").rpartition(":")
    with MilterClient((host, int(port))) as client:
        client.negotiate()
        return reply(client.deliver(Letter(body=body)))


def test_ready_reloaded_and_ended(tmp_path: Path) -> None:
    config = replace(submission.config(tmp_path), ready_file=str(tmp_path / "ready"), log_file=str(tmp_path / "log"))
    with submission.gateway_process(tmp_path, config) as (process, where):
        assert (tmp_path / "ready").read_text() == f"{where.removeprefix('inet:')} {process.pid}\n"
        assert verdict(where) == "accept"

        def reload(changed: GatewayConfig | str, said: str) -> None:
            (tmp_path / "gateway.toml").write_text(changed if isinstance(changed, str) else render(changed))
            count = (tmp_path / "log").read_text().count(said)
            process.send_signal(signal.SIGHUP)
            until(lambda: (tmp_path / "log").read_text().count(said) > count)

        (tmp_path / "rules").mkdir()
        (tmp_path / "rules" / "own.yar").write_text('rule Own { strings: $a = "Hello" condition: $a }')
        with_rules = replace(config, engine=Engine(rules=str(tmp_path / "rules")))
        reload(with_rules, "reloaded")
        assert verdict(where).startswith("554 5.7.1 Corp refuses this message: Own")
        reload("side = 3", "not reloaded")
        (tmp_path / "rules" / "broken.yar").write_text("rule {")
        reload(with_rules, "not reloaded")
        assert verdict(where).startswith("554 ")
        process.terminate()
        assert process.wait(20) == 0 and not (tmp_path / "ready").exists()


def run(folder: Path, config: GatewayConfig | str) -> tuple[int, str]:
    (folder / "gateway.toml").write_text(config if isinstance(config, str) else render(config))
    command = (sys.executable, "-m", "hauberk.system.gateway", str(folder / "gateway.toml"))
    done = subprocess.run(command, capture_output=True, timeout=60, check=False)
    return done.returncode, done.stderr.decode()


def test_what_keeps_it_from_starting_is_said_in_a_line(tmp_path: Path) -> None:
    config = submission.config(tmp_path)
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "broken.yar").write_text("rule {")
    (tmp_path / "latin").mkdir()
    (tmp_path / "latin" / "a.yar").write_bytes(b"// \xe4")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        cases = (
            ("side = 3", "listen: a text is wanted"),
            (replace(config, engine=Engine(rules=str(tmp_path / "rules"))), "broken.yar"),
            (replace(config, engine=Engine(rules=str(tmp_path / "latin"))), "a.yar is not UTF-8"),
            (replace(config, log_file=str(tmp_path / "none" / "log")), "none/log cannot be written: No such file"),
            (replace(config, ready_file=str(tmp_path / "none" / "ready")), "none/ready cannot be written: No such file"),
            (replace(config, listen=Tcp("127.0.0.1", taken.getsockname()[1])), "cannot listen at 127.0.0.1"),
        )
        for bad, reason in cases:
            code, said = run(tmp_path, bad)
            assert code == 2 and reason in said and "Traceback" not in said, said


def test_a_worker_that_died_is_replaced() -> None:
    async def use() -> None:
        workers = Workers(SETTINGS, 1, 30)
        await workers.start()
        try:
            assert [one.kind for one in await workers.inspect(MAIL)] == [Kind.MATCH, Kind.MATCH]
            killed = _children()
            for pid in killed:
                os.kill(pid, signal.SIGKILL)
            await asyncio.to_thread(until, lambda: not any(_there(pid) for pid in killed))
            await asyncio.sleep(0.1)  # until the loop knows as well
            assert [one.kind for one in await workers.inspect(MAIL)] == [Kind.MATCH, Kind.MATCH]
        finally:
            await workers.stop()
        assert _children() == []

    asyncio.run(use())


def _there(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


def _children() -> list[int]:
    found = Path(f"/proc/{os.getpid()}/task").glob("*/children")
    pids = [int(pid) for path in found for pid in path.read_text().split()]
    return [pid for pid in pids if b"hauberk.system.gateway.worker" in Path(f"/proc/{pid}/cmdline").read_bytes()]


def test_a_worker_that_takes_too_long_is_killed() -> None:
    async def use() -> None:
        workers = Workers(SETTINGS, 1, 0.000001)
        await workers.start()
        with pytest.raises(NoFindings, match="more than"):
            await workers.inspect(MAIL * 10_000)
        assert _children() == []
        await workers.stop()

    asyncio.run(use())


def test_a_worker_does_not_take_more_memory_than_it_may() -> None:
    async def use() -> None:
        workers = Workers(Settings(Engine(memory_octets=150_000_000), Attachments()), 1, 60)
        await workers.start()
        try:
            found = await workers.inspect(b"From: a@x.test\r\n\r\n" + b"x" * 60_000_000)
            assert [one.kind for one in found] == [Kind.BOMB]
        except NoFindings:
            pass  # killed by the limit: no verdict, so that the message is deferred
        assert [one.kind for one in await workers.inspect(MAIL)] == [Kind.MATCH, Kind.MATCH]
        await workers.stop()

    asyncio.run(use())


def test_workers_are_renewed_and_share_the_work() -> None:
    async def use() -> None:
        workers = Workers(SETTINGS, 2, 30, most_messages=2)
        await workers.start()
        before = set(_children())
        found = await asyncio.gather(*(workers.inspect(MAIL) for _ in range(8)))
        assert all(len(one) == 2 for one in found) and set(_children()).isdisjoint(before)
        await workers.stop()

    asyncio.run(use())


def test_settings_that_do_not_work_are_known_at_the_start(tmp_path: Path) -> None:
    async def use() -> None:
        with pytest.raises(CannotStart, match="missing"):
            await Workers(Settings(Engine(rules=str(tmp_path / "missing")), Attachments()), 1, 30).start()

    asyncio.run(use())


def test_a_directory_that_cannot_be_asked_defers(tmp_path: Path) -> None:
    config = replace(submission.config(tmp_path), limits=Limits(workers=1))
    with submission.gateway_process(tmp_path, config) as (_, where):
        (tmp_path / "owners").unlink()
        assert verdict(where).startswith("451 4.7.1 ")
