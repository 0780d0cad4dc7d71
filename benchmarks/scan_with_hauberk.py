"""Hauberk over a list of domains: survey, tape with its evidence id, all checks, the score; prints one line of JSON.

python -m benchmarks.scan_with_hauberk NAMES dns|handshake PROCESSES [AREA,...]
"""

import json
import os
import sys
import time
from collections import Counter
from ipaddress import ip_network
from pathlib import Path

from hauberk.app.loop import run
from hauberk.app.scanning import Scan, ScanOrder, scan_domains
from hauberk.app.sharding import polite_shards, scan_in_processes
from hauberk.checks import catalogue
from hauberk.model.observation import ScanOptions
from hauberk.model.verdict import Verdict
from hauberk.protocols.names import registrable
from hauberk.scoring.rubric import DEFAULT, load
from hauberk.world.live import LiveConfig, LiveWorld

# The lab's addresses are reserved ones, which the address guard would refuse.
_LAB = ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "198.18.0.0/15", "2001:db8::/32")


def seen(one: Scan) -> Counter[str]:
    """What a scan saw, so that nobody wins by seeing nothing."""
    observation, verdicts = one.observation, {verdict.check: verdict.verdict for verdict in one.assessment.verdicts}
    assert observation.finished
    return Counter(
        domains=1,
        questions=len(observation.dns),
        unanswered=sum(exchange.no_answer is not None for exchange in observation.dns),
        starttls=sum(exchange.session is not None and exchange.session.tls is not None for exchange in observation.smtp),
        spf=verdicts["spf.valid"] in (Verdict.PASS, Verdict.WARN),
        dmarc=verdicts["dmarc.published"] in (Verdict.PASS, Verdict.WARN),
        errors=Verdict.ERROR in verdicts.values(),
    )


async def scan(config: LiveConfig, names: list[str], order: ScanOrder) -> Counter[str]:
    """Scan them all in this process."""
    total = Counter[str]()
    async with LiveWorld(config) as world:
        async for one in scan_domains(world, names, order):
            total.update(seen(one))
    return total


def scan_together(config: LiveConfig, names: list[str], order: ScanOrder, processes: int) -> Counter[str]:
    """Scan them all in several processes."""
    total = Counter[str]()
    for one in scan_in_processes(config, names, order, seen, processes=polite_shards(processes, order, config.manners)):
        total.update(one)
    return total


def main() -> None:
    names, processes = Path(sys.argv[1]).read_text().split(), int(sys.argv[3])
    config = LiveConfig("udp://127.0.0.1:53", "scanner.example", tuple(map(ip_network, _LAB)), ipv4=True, ipv6=True)
    areas = tuple(sys.argv[4].split(",")) if len(sys.argv) > 4 else ()
    order = ScanOrder(load(DEFAULT), ScanOptions(smtp=sys.argv[2] == "handshake", blocklists=False, areas=areas), plan=False)
    # What the first domain of a process would have to wait for is read before the clock starts, as checkdmarc's imports are.
    catalogue.all_checks()
    registrable("example.com")
    wall, cpu = time.perf_counter(), _cpu()
    total = run(scan(config, names, order)) if processes == 1 else scan_together(config, names, order, processes)
    print(json.dumps({"wall": time.perf_counter() - wall, "cpu": _cpu() - cpu, "seen": total}))


def _cpu() -> float:
    """Seconds of this process and of those that it has waited for."""
    used = os.times()
    return used.user + used.system + used.children_user + used.children_system


if __name__ == "__main__":
    main()
