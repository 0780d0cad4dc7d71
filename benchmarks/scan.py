"""Whole scans of a thousand domains, Hauberk beside checkdmarc, in one run against the same warm servers.

Everything happens in a network namespace of its own (`benchmarks.internet`), so this wants Linux and root (or unprivileged user
namespaces). checkdmarc lives in an environment of its own below the user's cache folder, made at first use.

    python -m benchmarks.scan [COUNT] [ROUNDS]
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import msgspec
from benchmarks import internet
from benchmarks.peers import python_with

PEER = "checkdmarc==6.0.4"
COUNT = 1_000
ROUNDS = 2
# Our passes in each round, for one of checkdmarc: it takes half a minute or a whole one, ours a second, in which a machine can be busy.
PASSES = 4
_ROOT = Path(__file__).parents[1]
_KINDS = {"dns": "DNS only", "handshake": "with one handshake an endpoint"}
# The areas of the catalogue that checkdmarc looks at too; it says whether STARTTLS works, which is told by the area `tls`.
_PEER_AREAS = {"dns": "bimi,dmarc,dnssec,mta-sts,mx,spf,tls-rpt", "handshake": "bimi,dmarc,dnssec,mta-sts,mx,spf,tls,tls-rpt"}


@dataclass(frozen=True, slots=True)
class Run:
    """One pass over all domains: seconds of wall and CPU time of the scanner, and what it saw."""

    wall: float
    cpu: float
    seen: dict[str, int]


@dataclass(frozen=True, slots=True)
class Row:
    """A contender's median; `times_peer` compares domains per second with checkdmarc's, `slowest` and `fastest` those of single passes."""

    kind: str
    scanner: str
    rate: float
    cpu: float
    times_peer: float
    slowest: float
    fastest: float
    seen: dict[str, int]


def rows(count: int = COUNT, rounds: int = ROUNDS) -> list[Row]:
    """The table's rows. Raises `RuntimeError` where namespaces, NSD, Unbound or checkdmarc cannot be had."""
    peer = python_with(PEER)
    with tempfile.TemporaryDirectory(prefix="hauberk-bench-") as name:
        folder = Path(name)
        internet.lay_out(folder, count)
        (folder / "namespace.sh").write_text(internet.NAMESPACE)
        privilege = () if os.geteuid() == 0 else ("--map-root-user",)
        inside = (sys.executable, "-m", "benchmarks.scan", "--inside", str(folder), str(count), str(rounds), str(peer))
        command = ("unshare", "--net", "--mount", *privilege, "sh", str(folder / "namespace.sh"), str(folder), *inside)
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, cwd=_ROOT)
        if done.returncode:
            raise RuntimeError("the scans cannot be measured here; it wants unshare, ip, NSD, Unbound and root or user namespaces")
        return msgspec.json.decode(done.stdout.splitlines()[-1], type=list[Row])


def _measure(folder: Path, count: int, rounds: int, peer: str) -> list[Row]:
    """All contenders in turn, `rounds` times, after one pass that warms resolver and servers."""
    names = str(folder / "names")
    ours = (sys.executable, "-m", "benchmarks.scan_with_hauberk", names)
    cores = str(os.cpu_count() or 1)
    contenders = {
        (kind, scanner): (*command, *arguments)
        for kind in _KINDS
        for scanner, command, arguments in (
            ("checkdmarc", (peer, str(_ROOT / "benchmarks/scan_with_checkdmarc.py"), names), (kind,)),
            ("Hauberk, the same areas, one process", ours, (kind, "1", _PEER_AREAS[kind])),
            ("Hauberk, the same areas", ours, (kind, cores, _PEER_AREAS[kind])),
            ("Hauberk, everything, one process", ours, (kind, "1")),
            ("Hauberk, everything", ours, (kind, cores)),
        )
    }
    found: dict[tuple[str, str], list[Run]] = {contender: [] for contender in contenders}
    with internet.running(folder, count):
        for scanner in ("Hauberk, everything", "checkdmarc"):
            _run(contenders["handshake", scanner], folder)
        for _ in range(rounds):
            for turn in range(PASSES):
                for contender, command in contenders.items():
                    if contender[1] != "checkdmarc" or turn == PASSES // 2:
                        found[contender].append(_run(command, folder))
    rate = {contender: count / statistics.median(run.wall for run in runs) for contender, runs in found.items()}
    return [
        Row(
            kind,
            scanner,
            rate[kind, scanner],
            statistics.median(run.cpu for run in runs) / count,
            rate[kind, scanner] / rate[kind, "checkdmarc"],
            count / max(run.wall for run in runs) / rate[kind, "checkdmarc"],
            count / min(run.wall for run in runs) / rate[kind, "checkdmarc"],
            runs[-1].seen,
        )
        for (kind, scanner), runs in found.items()
    ]


def _run(command: tuple[str, ...], folder: Path) -> Run:
    environment = {**os.environ, "SSL_CERT_FILE": str(folder / "trust.pem")}
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=environment, cwd=_ROOT)
    return msgspec.json.decode(done.stdout.splitlines()[-1], type=Run)


def table(measured: list[Row]) -> str:
    lines = ["| scan | scanner | domains/s | CPU ms a domain | times checkdmarc | single passes |", "|---|---|---:|---:|---:|---:|"]
    lines += [
        f"| {_KINDS[row.kind]} | {row.scanner} | {row.rate:,.1f} | {row.cpu * 1e3:.2f} | {row.times_peer:.1f} "
        f"| {row.slowest:.1f} to {row.fastest:.1f} |"
        for row in measured
    ]
    return "\n".join(lines)


def main() -> None:
    if sys.argv[1:2] == ["--inside"]:
        folder, count, rounds, peer = sys.argv[2:]
        print(msgspec.json.encode(_measure(Path(folder), int(count), int(rounds), peer)).decode())
        return
    measured = rows(*map(int, sys.argv[1:3]))
    print(table(measured))
    print(json.dumps({f"{row.kind}, {row.scanner}": row.seen for row in measured}, indent=1))


if __name__ == "__main__":
    main()
