"""A list of domains shared out among processes; the resolver's port is closed, so that every scan ends soon and knows nothing."""

import os
import subprocess
import sys
import time
from functools import partial

import pytest

from hauberk.app.scanning import Scan, ScanOrder
from hauberk.app.sharding import ShardError, scan_in_processes
from hauberk.model.observation import ScanOptions
from hauberk.scoring.rubric import DEFAULT, load
from hauberk.world.live import LiveConfig
from lab.ports import free_port

DOMAINS = tuple(f"{letter}.test" for letter in "abcdefgh")
ORDER = ScanOrder(load(DEFAULT), ScanOptions(smtp=False, areas=("tls-rpt",)), plan=False)


def who(scan: Scan, slow: str = "", deadly: str = "") -> tuple[str, int]:
    """Which domain, and which process scanned it."""
    if scan.observation.domain == slow:
        time.sleep(1.5)
    if scan.observation.domain == deadly:
        os._exit(1)
    return scan.observation.domain, os.getpid()


def heavy(_: Scan) -> tuple[bytes, float]:
    """More than a pipe holds, and when it was made."""
    return b"x" * 200_000, time.monotonic()


def stay(_: Scan) -> None:
    os.write(1, b"at work\n")
    time.sleep(60)


def config() -> LiveConfig:
    return LiveConfig(f"udp://127.0.0.1:{free_port()}", "probe.test", ipv4=True, ipv6=False)


def test_who_is_busy_leaves_the_next_domains_to_the_others_and_the_order_stays() -> None:
    done = tuple(scan_in_processes(config(), DOMAINS, ORDER, partial(who, slow="a.test"), processes=2, at_once=2))
    assert tuple(domain for domain, _ in done) == DOMAINS
    processes = [process for _, process in done]
    assert processes.count(processes[0]) < len(DOMAINS) / 2 < processes.count(processes[1])


def test_a_process_that_dies_is_noticed() -> None:
    with pytest.raises(ShardError, match="before its work was done"):
        tuple(scan_in_processes(config(), DOMAINS, ORDER, partial(who, deadly="c.test"), processes=2, at_once=2))


def test_who_takes_results_slowly_does_not_hold_up_the_scans() -> None:
    results = scan_in_processes(config(), DOMAINS, ORDER, heavy, processes=2, at_once=2)
    next(results)
    time.sleep(1)
    resumed = time.monotonic()
    assert all(made < resumed for _, made in results)


def test_no_process_outlives_a_parent_that_was_killed() -> None:
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen([sys.executable, __file__], stdout=subprocess.PIPE, env=environment) as parent:
        assert parent.stdout
        parent.stdout.readline()
        parent.kill()
        parent.communicate(timeout=10)  # ends when the last process has closed its end


if __name__ == "__main__":
    tuple(scan_in_processes(config(), DOMAINS, ORDER, stay, processes=2, at_once=2))
