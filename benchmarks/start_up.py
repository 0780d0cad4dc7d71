"""What one run of the command costs: the time to start, the memory of a scan with its PDF, the time of a PDF.

python -m benchmarks.start_up
"""

import asyncio
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from hauberk.app.reporting import prepare, reports
from hauberk.app.scanning import Scan, ScanOrder, now, scan_domain
from hauberk.lab.internet import LAB_HELO, Lab
from hauberk.scoring.rubric import load
from hauberk.world.live import LiveConfig, LiveWorld

RUNS = 10
DOMAIN = "exemplary.test"
_HAUBERK = (sys.executable, "-m", "hauberk.cli.main")


@dataclass(frozen=True, slots=True)
class Row:
    """A figure with its unit, and the most that it may be (0: no limit)."""

    what: str
    figure: float
    unit: str
    most: float


def rows() -> list[Row]:
    with tempfile.TemporaryDirectory(prefix="hauberk-bench-") as name:
        wall, memory = _scan_in_a_process(Path(name))
    return [
        Row("`hauberk --help`, median of ten", _help(), "s", 0.3),
        Row("one scan of a lab domain with its PDF, wall time of the command", wall, "s", 0),
        Row("the same, most memory", memory, "MB", 150),
        Row("PDF of one scan in a warm process, median of ten", _pdf(), "s", 0),
    ]


def _help() -> float:
    taken: list[float] = []
    for _ in range(RUNS):
        started = time.perf_counter()
        subprocess.run((*_HAUBERK, "--help"), check=True, stdout=subprocess.DEVNULL)
        taken.append(time.perf_counter() - started)
    return statistics.median(taken)


def _scan_in_a_process(folder: Path) -> tuple[float, float]:
    """Seconds and megabytes (10^6 octets) of `hauberk scan --pdf`; the lab is a process of its own."""
    network = folder / "lab.json"
    lab = subprocess.Popen((*_HAUBERK, "lab", str(network)))
    try:
        while not network.exists() and lab.poll() is None:
            time.sleep(0.05)
        command = (*_HAUBERK, "scan", DOMAIN, "--network", str(network), "--company", "Example Ltd", "--pdf", "--out", str(folder))
        started = time.perf_counter()
        scan = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        _, status, used = os.wait4(scan.pid, 0)
        wall = time.perf_counter() - started
        scan.returncode = os.waitstatus_to_exitcode(status)
        if scan.returncode:
            raise RuntimeError(f"{' '.join(command)} ended with {scan.returncode}")
        return wall, used.ru_maxrss * (1 if sys.platform == "darwin" else 1024) / 1e6
    finally:
        lab.terminate()
        lab.wait(20)


def _pdf() -> float:
    seen = asyncio.run(scan())
    taken: list[float] = []
    for _ in range(RUNS + 1):
        started = time.perf_counter()
        reports(prepare(seen, "Example Ltd"), ("pdf",), several=False)
        taken.append(time.perf_counter() - started)
    return statistics.median(taken[1:])


async def scan() -> Scan:
    """`DOMAIN` of the lab, scanned in this process."""
    async with Lab(at=now()) as lab:
        config = LiveConfig(resolver=lab.resolver_url, helo=LAB_HELO, routes=lab.routes, ca_file=lab.anchor_pem_path)
        async with LiveWorld(config) as world:
            return await scan_domain(world, DOMAIN, ScanOrder(load()))


def table(measured: list[Row]) -> str:
    lines = ["| what | measured | at most |", "|---|---:|---:|"]
    lines += [f"| {row.what} | {row.figure:.2f} {row.unit} | {f'{row.most:g} {row.unit}' if row.most else ''} |" for row in measured]
    return "\n".join(lines)


if __name__ == "__main__":
    print(table(rows()))
