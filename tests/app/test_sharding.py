"""A list of domains shared out among processes; the resolver's port is closed, so that every scan ends soon and knows nothing."""

import os
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
