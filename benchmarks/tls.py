"""One mail server's TLS looked at by Hauberk, sslyze and testssl.sh, near and over a distance, in one run against the same Postfix.

Connections are counted by the server, out of its log. Wall and CPU time leave the imports out for the two Python programs; for testssl.sh
they are those of the whole process and all its children. Each contender runs with its own defaults; sslyze and testssl.sh know one depth.
The delay is a round trip's, made by `benchmarks.delay_proxy`. sslyze lives in an environment of its own below the user's cache folder.

    python -m benchmarks.tls [ROUNDS [quick | near]]

testssl.sh takes two to five minutes a look; `quick` leaves its looks over a distance out, `near` all of them and the distances too.
"""

import json
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from benchmarks.delay_proxy import delayed
from benchmarks.peers import python_with

from lab import real_postfix
from lab.real_tls_servers import EVERYTHING, MODERN, pair

_ROOT = Path(__file__).parents[1]
PEER = "sslyze==6.3.1"
SERVERS = {"broad": EVERYTHING, "modern": MODERN}
DELAYS = (0, 50, 100)
SCANNERS = ("Hauberk, standard", "Hauberk, full", "sslyze", "testssl.sh")
ROUNDS = 3


@dataclass(frozen=True, slots=True)
class Look:
    """One look at one server: seconds of wall and CPU time, connections by the server's count, suites seen, and what was amiss."""

    wall: float
    cpu: float
    connections: int
    suites: int = 0
    note: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """A scanner's median look. `delay` in milliseconds of round trip; the `of_sslyze` are shares of what sslyze took in the same case."""

    server: str
    delay: int
    scanner: str
    connections: int
    cpu: float
    wall: float
    connections_of_sslyze: float
    cpu_of_sslyze: float
    wall_of_sslyze: float
    suites: int
    note: str = ""


def rows(rounds: int = ROUNDS, *, quick: bool = False, near: bool = False) -> list[Row]:
    """The table's rows; `quick` leaves testssl.sh's looks over a distance out, `near` everything over a distance and testssl.sh.

    Raises `RuntimeError` when Postfix, sslyze or testssl.sh cannot be had.
    """
    missing = real_postfix.missing() or ("" if _testssl() else "testssl.sh is not installed (tests/setup/install_servers.sh)")
    if missing:
        raise RuntimeError(missing)
    peer = python_with(PEER)
    found: dict[tuple[str, int, str], Look] = {}
    with (
        tempfile.TemporaryDirectory(prefix="hauberk-bench-", ignore_cleanup_errors=True) as name,
        real_postfix.running(Path(name), SERVERS, pair()) as server,
    ):
        for kind in SERVERS:
            for delay in DELAYS[:1] if near else DELAYS:
                with delayed(server.ports[kind], delay / 2) as port:
                    for scanner in SCANNERS if not (near or (quick and delay)) else SCANNERS[:-1]:
                        times = 1 if scanner == "testssl.sh" else rounds
                        found[kind, delay, scanner] = _median([_look(scanner, peer, port, server.log) for _ in range(times)])
    return [_row(case, look, found[case[0], case[1], "sslyze"]) for case, look in found.items()]


def _look(scanner: str, peer: Path, port: int, log: Path) -> Look:
    before = _connections(log)
    host = real_postfix.HOST
    match scanner:
        case "sslyze":
            measured = _own_word((str(peer), "-W", "ignore", str(_ROOT / "benchmarks/tls_with_sslyze.py"), host, str(port)))
        case "testssl.sh":
            measured = _from_outside(
                (_testssl(), "--quiet", "--warnings", "off", "--color", "0", "--starttls", "smtp", f"127.0.0.1:{port}")
            )
        case _:
            measured = _own_word((sys.executable, "-m", "benchmarks.tls_with_hauberk", host, str(port), scanner.split()[-1]))
    wall, cpu, suites, note = measured
    time.sleep(0.3)  # the proxy's last octets and the server's last lines
    return Look(wall, cpu, _connections(log) - before, suites, note)


def _own_word(command: tuple[str, ...]) -> tuple[float, float, int, str]:
    """What a program in Python measured of itself, without its imports."""
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, cwd=_ROOT)
    said = json.loads(done.stdout.splitlines()[-1])
    return said["wall"], said["cpu"], said["suites"], said["note"]


def _from_outside(command: tuple[str, ...]) -> tuple[float, float, int, str]:
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=900)
    after, wall = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter() - began
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return wall, cpu, 0, "" if done.returncode < 128 and "Testing vulnerabilities" in done.stdout else done.stdout[-300:]


def _testssl() -> str:
    return shutil.which("testssl") or shutil.which("testssl.sh") or ""


def _connections(log: Path) -> int:
    return log.read_text(errors="replace").count(": connect from ")


def _median(looks: list[Look]) -> Look:
    return Look(
        statistics.median(look.wall for look in looks),
        statistics.median(look.cpu for look in looks),
        max(look.connections for look in looks),
        min(look.suites for look in looks),
        next((look.note for look in looks if look.note), ""),
    )


def _row(case: tuple[str, int, str], look: Look, peer: Look) -> Row:
    shares = (look.connections / max(1, peer.connections), look.cpu / peer.cpu, look.wall / peer.wall)
    return Row(*case, look.connections, look.cpu, look.wall, *shares, look.suites, look.note)


def table(measured: list[Row]) -> str:
    lines = [
        "| server | round trip | scanner | connections | CPU ms | wall s | connections of sslyze's | CPU of sslyze's | times as fast |",
        "|---|---:|---|---:|---:|---:|---:|---:|---:|",
    ]
    lines += [
        f"| {row.server} | {row.delay} ms | {row.scanner} | {row.connections} | {row.cpu * 1e3:,.0f} | {row.wall:.1f} |"
        f" {row.connections_of_sslyze:.1%} | {row.cpu_of_sslyze:.1%} | {1 / row.wall_of_sslyze:.1f} |{f' {row.note} |' if row.note else ''}"
        for row in measured
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    print(table(rows(*map(int, sys.argv[1:2]), quick="quick" in sys.argv[2:], near="near" in sys.argv[2:])))
