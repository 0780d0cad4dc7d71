"""Hauberk over a list of domains: survey, tape with its evidence id, all checks, the score; prints one line of JSON.

python -m benchmarks.scan_with_hauberk NAMES dns|handshake
"""

import json
import sys
import time
from collections import Counter
from ipaddress import ip_network
from pathlib import Path

from hauberk.app.loop import run
from hauberk.app.scanning import ScanOrder, scan_domains
from hauberk.checks import catalogue
from hauberk.model.observation import ScanOptions
from hauberk.model.verdict import Verdict
from hauberk.protocols.names import registrable
from hauberk.scoring.rubric import DEFAULT, load
from hauberk.world.live import LiveConfig, LiveWorld

# The lab's addresses are reserved ones, which the address guard would refuse.
_LAB = ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "198.18.0.0/15", "2001:db8::/32")


async def scan(names: list[str], order: ScanOrder) -> Counter[str]:
    """Scan them all as the command line does; what was seen, so that nobody wins by seeing nothing."""
    config = LiveConfig("udp://127.0.0.1:53", "scanner.example", tuple(map(ip_network, _LAB)), ipv4=True, ipv6=True)
    seen = Counter[str]()
    async with LiveWorld(config) as world:
        async for one in scan_domains(world, names, order):
            observation, verdicts = one.observation, {verdict.check: verdict.verdict for verdict in one.assessment.verdicts}
            assert observation.finished
            seen["domains"] += 1
            seen["questions"] += len(observation.dns)
            seen["unanswered"] += sum(exchange.no_answer is not None for exchange in observation.dns)
            seen["starttls"] += sum(exchange.session is not None and exchange.session.tls is not None for exchange in observation.smtp)
            seen["spf"] += verdicts["spf.valid"] in (Verdict.PASS, Verdict.WARN)
            seen["dmarc"] += verdicts["dmarc.published"] in (Verdict.PASS, Verdict.WARN)
            seen["errors"] += Verdict.ERROR in verdicts.values()
    return seen


def main() -> None:
    names = Path(sys.argv[1]).read_text().split()
    order = ScanOrder(load(DEFAULT), ScanOptions(smtp=sys.argv[2] == "handshake", blocklists=False), plan=False)
    catalogue.all_checks()
    registrable("example.com")
    wall, cpu = time.perf_counter(), time.process_time()
    seen = run(scan(names, order))
    print(json.dumps({"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu, "seen": seen}))


if __name__ == "__main__":
    main()
