"""`make bench`: every benchmark in one run, and `docs/benchmarks.md` out of it.

python -m benchmarks.run [start|dns|scan|tls|server|gateway|mail ...]
"""

import platform
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from benchmarks import dns_client, gateway, mail_chain, scan, server, start_up, tls

from hauberk.system.stage.commands import StageError

_ROOT = Path(__file__).parents[1]
_WRITTEN = _ROOT / "docs" / "benchmarks.md"


@dataclass(frozen=True, slots=True)
class Part:
    """A name to ask for it by, a heading, what is measured and how, and what makes the table."""

    name: str
    title: str
    about: str
    table: Callable[[], str]


_PARTS = (
    Part(
        "start",
        "Start and memory",
        "The command as a user starts it, in a process of its own. Memory is the most that was resident.",
        lambda: start_up.table(start_up.rows()),
    ),
    Part(
        "dns",
        "DNS client",
        "The same questions to the same warm Unbound, 200 in flight; best of several rounds in turn. CPU time is the client's alone.",
        lambda: dns_client.table(dns_client.rows()),
    ),
    Part(
        "scan",
        "Whole scans",
        f"""{scan.COUNT:,} domains of the lab (two in three with SPF includes, one in four without a DMARC record, two in a hundred with
MTA-STS), served by NSD and a warm Unbound, with a thousand mail servers at addresses of their own, all on loopback in a network
namespace. Median of {scan.ROUNDS} rounds, after a pass that warms everything. In each round checkdmarc takes one pass, of half a minute or
more, and Hauberk {scan.PASSES}, of a second or some, before and after it; the last column has the slowest and the fastest of them. Imports
are not counted. CPU time is the scanner's alone.

*Hauberk* is the survey, the tape with its evidence id, the checks and the score of each domain; no report and no fix plan is made.
*The same areas* (`--areas bimi,dmarc,dnssec,mta-sts,mx,spf,tls-rpt`, with handshakes `tls` as well) is what checkdmarc looks at too: some
19 answers a domain. Compare this row with checkdmarc's. *Everything* is a whole scan: some 59 answers a domain, among them what each
authoritative server says by itself, the search for DKIM keys, CAA, DANE and reverse names, which checkdmarc never asks. Only block
lists are left out (`--no-blocklists`). *One process* is what `hauberk scan --file` does; the other row has a process
for each core (`--processes`), of which servers and resolver take their share.

*checkdmarc* is `{scan.PEER}`, `check_domains` with its defaults (DNSSEC, SOA, NS, MTA-STS, MX, SPF, DMARC, TLS reporting, BIMI), for the
second kind with `check_mx_tls`. It works through one domain after the other, keeps answers and the outcome of STARTTLS for a while, and
looks for no DKIM keys. Both fetch the MTA-STS policies that there are. A handshake: Hauberk reads chain, version, suite and group and
judges them; checkdmarc says whether STARTTLS works.""",
        lambda: scan.table(scan.rows()),
    ),
    Part(
        "tls",
        "TLS of one mail server",
        "One server looked at by each program with its own defaults; connections are counted by the server.",
        lambda: tls.table(tls.rows(1, quick=True)),
    ),
    Part(
        "server",
        "Server",
        f"""One process of the server on SQLite, with {server.DOMAINS} domains and {server.RESULTS} results of each; the client is a process
of its own on the same machine. The API's quotas are lifted. Each request looks up its token or session, and reads the database.""",
        lambda: server.table(server.rows()),
    ),
    Part(
        "gateway",
        "Content gateway",
        """The time from the first octet of a body to the verdict, over the milter protocol on loopback: ownership, the second engine
(YARA-X, archives, macros) and, where marked, encryption. All of it is added to the time that submission takes.""",
        lambda: gateway.table(gateway.figures()),
    ),
    Part(
        "mail",
        "The whole mail system",
        f"""{mail_chain.COUNT} messages with a PDF (20 kB) submitted by {mail_chain.SESSIONS} sessions of a workstation, through the MDA's
filters, over the MTA (which scans again and signs with DKIM) to a partner, with DANE; all on one machine, in network namespaces (the stage
of `hauberk system demo`). The filters named are those at submission.""",
        lambda: mail_chain.table(mail_chain.figures()),
    ),
)


def main() -> None:
    wanted = sys.argv[1:]
    if unknown := set(wanted) - {part.name for part in _PARTS}:
        sys.exit(f"there is no {' or '.join(sorted(unknown))}; there are {', '.join(part.name for part in _PARTS)}")
    sections = [_section(part) for part in _PARTS if not wanted or part.name in wanted]
    text = "\n\n".join(("# Benchmarks", "Written by `make bench`; do not edit.", _machine(), *sections)) + "\n"
    if wanted:
        print(text)
    else:
        _WRITTEN.write_text(text)
        print(f"wrote {_WRITTEN.relative_to(_ROOT)}")


def _section(part: Part) -> str:
    print(f"measuring: {part.title} ...", file=sys.stderr, flush=True)
    try:
        table = part.table()
    except (RuntimeError, StageError) as error:
        table = f"Not measured: {error}"
    print(table, file=sys.stderr, flush=True)  # what has been measured is there to read if a later part breaks off
    return f"## {part.title}\n\n{part.about}\n\n{table}"


def _machine() -> str:
    """One line each for the machine and for what was compared."""
    programs = (
        _said("unbound", "-V", r"Version (\S+)"),
        _said("nsd", "-v", r"version (\S+)"),
        _said("dnsperf", "-h", r"version (\S+)"),
        f"dnspython {version('dnspython')}",
        f"uvloop {version('uvloop')}",
        scan.PEER.replace("==", " "),
        tls.PEER.replace("==", " "),
    )
    return (
        f"{datetime.now(UTC):%Y-%m-%d}, {_processor()}, Python {platform.python_version()}, Linux {platform.release()}\n"
        f"with {', '.join(filter(None, programs))}. Ratios hold better than absolute figures."
    )


def _processor() -> str:
    try:
        models = re.findall(r"^model name\s*: (.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    except OSError:
        models = []
    return f"{len(models)} × {models[0]}" if models else platform.machine()


def _said(program: str, flag: str, pattern: str) -> str:
    """The program and its version as it says it; empty where it is not installed."""
    try:
        done = subprocess.run((f"/usr/sbin/{program}" if program in ("nsd", "unbound") else program, flag), capture_output=True, text=True)
    except OSError:
        return ""
    found = re.search(pattern, done.stdout + done.stderr, re.IGNORECASE)
    return f"{program} {found[1]}" if found else program


if __name__ == "__main__":
    main()
