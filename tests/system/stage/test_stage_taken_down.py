"""A stage leaves nothing behind, however it ends, and knows its own from others'."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from hauberk.system.stage import leftovers, namespaces

if REASON := namespaces.obstacle():
    pytest.skip(REASON, allow_module_level=True)

# A stage without daemons: only what has to be removed, and one process that would stay.
OWNER = """
import asyncio, sys
from pathlib import Path
from hauberk.system.stage import leftovers, namespaces, play
from hauberk.system.stage.commands import begin
from hauberk.system.stage.keeper import Keeper

async def main(run, scratch, kept):
    layout = play.layout(run, play.declaration(f"{scratch}/mta", f"{scratch}/mda"))
    Path(scratch).mkdir()
    record = leftovers.write(run, layout.namespaces, scratch, Path(scratch).parent)
    keeper = Keeper(record) if kept else None
    rules = Path(scratch) / "rules"
    rules.write_text("table inet none {}\\n")
    await namespaces.make(layout, rules)
    # It shrugs off SIGTERM.
    await begin(*namespaces.inside(layout, "dmz"), "bash", "-c", "trap '' TERM; while true; do sleep 1; done", output=rules)
    while not leftovers.inhabitants(layout.namespaces):
        await asyncio.sleep(0.01)
    print("up", flush=True)
    if kept:
        try:
            await asyncio.sleep(600)
        finally:
            await asyncio.to_thread(keeper.release)
    else:
        await asyncio.sleep(600)

try:
    asyncio.run(main(sys.argv[1], sys.argv[2], sys.argv[3] == "kept"))
except KeyboardInterrupt:
    pass
"""


@contextmanager
def begun(run: str, scratch: Path, kept: str) -> Generator[subprocess.Popen[str]]:
    with subprocess.Popen([sys.executable, "-c", OWNER, run, scratch, kept], stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout and process.stdout.readline() == "up\n"
            yield process
        finally:
            process.kill()


def left(run: str, scratch: Path) -> list[str]:
    found = [str(path) for path in (*leftovers.MOUNTED.glob(f"{run}-*"), *leftovers.NETNS_ETC.glob(f"{run}-*"))]
    return found + [str(path) for path in (scratch, scratch.parent / f"{run}.json") if path.exists()]


def alive(process: int) -> bool:
    """A zombie is dead; whether somebody has taken note is not ours."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] not in ("Z", "X")
    except OSError:
        return False


def gone(run: str, scratch: Path, seconds: float = 15) -> list[str]:
    end = time.monotonic() + seconds
    while (rest := left(run, scratch)) and time.monotonic() < end:
        time.sleep(0.05)
    return rest


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_whatever_ends_the_owner_nothing_stays(number: signal.Signals, tmp_path: Path) -> None:
    run, scratch = f"hbkt{os.getpid()}x{number.value}", tmp_path / "scratch"
    with begun(run, scratch, "kept") as process:
        inside = leftovers.inhabitants([f"{run}-dmz"])
        assert len(left(run, scratch)) >= 10 and inside
        process.send_signal(number)
        process.wait(20)
    assert gone(run, scratch) == []
    assert not any(alive(one) for one in inside)


def test_the_next_start_sweeps_what_a_killed_run_without_keeper_left(tmp_path: Path) -> None:
    run, scratch = f"hbkt{os.getpid()}s", tmp_path / "scratch"
    ours = leftovers.write(f"hbkt{os.getpid()}o", (), "", tmp_path)
    with begun(run, scratch, "alone") as process:
        assert leftovers.sweep(tmp_path) == (), "its owner lives"
        process.kill()
        process.wait(20)
    assert left(run, scratch)
    assert leftovers.sweep(tmp_path) == (run,)
    assert left(run, scratch) == []
    assert ours.path.exists(), "we live"


def test_a_process_number_that_is_used_again_is_no_owner() -> None:
    assert not leftovers.owned(leftovers.Record("hbktnone", os.getpid(), 1, ()))


def test_a_record_that_is_no_record_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "bad.json").write_text("{")
    assert leftovers.sweep(tmp_path) == () and (tmp_path / "bad.json").exists()
