"""What a server does in a second: the latest result over the API, and the overview page with a year of results. On SQLite.

python -m benchmarks.server
"""

import asyncio
import hashlib
import os
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from benchmarks.start_up import DOMAIN, scan

from hauberk.app.scanning import Scan, now
from hauberk.store import assessments, domains, members, scans, sessions, tenants, tokens, users
from hauberk.store.migration import migrate
from hauberk.store.store import Store

DOMAINS, RESULTS = 500, 52
CONNECTIONS = 8
SECONDS = 4.0
_PAGES = 15


@dataclass(frozen=True, slots=True)
class Row:
    """`cpu` in milliseconds of the server process for one request."""

    what: str
    figure: float
    unit: str
    cpu: float
    aim: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """Where the server is, and its process."""

    port: int
    pid: int

    def cpu(self) -> float:
        """Milliseconds of CPU time that it has used so far (proc(5), stat: fields 14 and 15)."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) * 1000 / os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Secrets:
    token: str
    session: str


def rows() -> list[Row]:
    with tempfile.TemporaryDirectory(prefix="hauberk-bench-") as name:
        folder = Path(name)
        database = f"sqlite:///{folder / 'hauberk.db'}"
        secrets = asyncio.run(_fill(database, folder / "hauberk.db"))
        command = (sys.executable, "-m", "benchmarks.server_process", database, str(folder / "data"))
        server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        try:
            assert server.stdout is not None
            return asyncio.run(_measured(Place(int(server.stdout.readline()), server.pid), secrets))
        finally:
            server.terminate()
            server.wait(20)


async def _fill(database: str, file: Path) -> Secrets:
    """One domain as a real scan leaves it, 499 more, and 52 results of each, a week apart."""
    await migrate(database)
    seen, at = await scan(), now()
    store = await Store.open(database)
    try:
        async with store.system() as session:
            tenant = (await tenants.add(session, "bench", "Bench Ltd", at)).id
            user = await users.add(session, "bench@example.com", "Bench", at)
            await members.enrol(session, tenant, user.id, members.Role.ADMINISTRATOR, at)
            cookie = await sessions.begin(session, user.id, tenant, at, at + timedelta(hours=1))
        async with store.tenant(tenant) as session:
            await domains.add(session, DOMAIN, at)
            await domains.add_all(session, tuple(f"d{number:04}.example" for number in range(1, DOMAINS)), at)
            kept = await scans.store(session, seen.observation, at)
            await assessments.add(session, kept.scan.id, seen.assessment, at)
            _, token = await tokens.issue(session, "bench", "read", "bench", at)
    finally:
        await store.close()
    _year(file, tenant, seen, at)
    return Secrets(token, cookie)


def _year(file: Path, tenant: int, seen: Scan, at: datetime) -> None:
    """Written past the repository: through it, it would take minutes."""
    connection = sqlite3.connect(file)
    (tape,) = connection.execute("SELECT id FROM tapes").fetchone()
    score = seen.assessment.score
    for week in range(1, RESULTS + 1):
        observed = (at - timedelta(weeks=week)).strftime("%Y-%m-%d %H:%M:%S.000000")
        connection.execute(
            "INSERT INTO scans (tenant_id, domain_id, tape_id, evidence_id, key, observed_at, stored_at, finished) "
            "SELECT tenant_id, id, ?, 'sha256:x', 'k' || id || '-' || ?, ?, ?, 1 FROM domains WHERE tenant_id = ?",
            (tape, week, observed, observed, tenant),
        )
        connection.execute(
            "INSERT INTO assessments (tenant_id, scan_id, domain_id, observed_at, assessed_at, catalogue, rubric, points, grade, band, "
            "coverage, incomplete, sha256, content) SELECT tenant_id, id, domain_id, observed_at, stored_at, ?, ?, (id * 7 + ?) % 100, "
            "'B', 'amber', 1, 0, ?, zeroblob(4000) FROM scans WHERE observed_at = ?",
            (seen.assessment.catalogue, score.rubric, week, hashlib.sha256(str(week).encode()).hexdigest(), observed),
        )
    connection.commit()
    connection.close()


async def _measured(place: Place, secrets: Secrets) -> list[Row]:
    bearer = f"Authorization: Bearer {secrets.token}"
    latest = f"/api/v1/domains/{DOMAIN}/latest"
    head, body = await (await Client.connected(place.port)).get(latest, bearer)
    tag = next(line.partition(": ")[2] for line in head.split("\r\n") if line.lower().startswith("etag"))
    named = f"`GET {latest.replace(DOMAIN, '{name}')}`, {len(body) // 1024} KiB, {CONNECTIONS} connections"
    whole, cpu = await _rate(place, latest, bearer)
    unchanged, cpu_unchanged = await _rate(place, latest, f"{bearer}\r\nIf-None-Match: {tag}")
    listing, cpu_listing = await _taken(place, f"/api/v1/domains?limit={DOMAINS}", bearer)
    page, cpu_page = await _taken(place, "/", f"Cookie: hauberk_session={secrets.session}")
    return [
        Row(named, whole, "requests/s", cpu),
        Row("the same with `If-None-Match` (304)", unchanged, "requests/s", cpu_unchanged),
        Row(f"`GET /api/v1/domains`, {DOMAINS} at once, median", listing, "ms", cpu_listing),
        Row(f"overview page, {DOMAINS} domains with {RESULTS} results each, median", page, "ms", cpu_page, "50 ms"),
    ]


@dataclass(slots=True)
class Client:
    """As little of HTTP/1.1 as measuring wants, so that the client costs little."""

    port: int
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    @classmethod
    async def connected(cls, port: int) -> "Client":
        return cls(port, *await asyncio.open_connection("127.0.0.1", port))

    async def get(self, path: str, header: str) -> tuple[str, bytes]:
        """Head and body; anything but 200 and 304 ends the benchmark."""
        self.writer.write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\n{header}\r\n\r\n".encode())
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode()
        if head.split(" ", 2)[1] not in ("200", "304"):
            raise RuntimeError(f"{path}: {head.splitlines()[0]}")
        length = next((line for line in head.lower().split("\r\n") if line.startswith("content-length:")), "content-length: 0")
        return head, await self.reader.readexactly(int(length.partition(":")[2]))


async def _taken(place: Place, path: str, header: str) -> tuple[float, float]:
    """Milliseconds of several requests one after the other: the median, and the CPU time of one."""
    client = await Client.connected(place.port)
    await client.get(path, header)
    taken: list[float] = []
    used = place.cpu()
    for _ in range(_PAGES):
        started = time.perf_counter()
        await client.get(path, header)
        taken.append(time.perf_counter() - started)
    return statistics.median(taken) * 1000, (place.cpu() - used) / _PAGES


async def _rate(place: Place, path: str, header: str) -> tuple[float, float]:
    """Requests per second over several connections, each asking again as soon as it has its answer; and the CPU time of one."""
    count = 0

    async def ask(until: float) -> None:
        nonlocal count
        client = await Client.connected(place.port)
        while time.perf_counter() < until:
            await client.get(path, header)
            count += 1
        client.writer.close()

    started, used = time.perf_counter(), place.cpu()
    await asyncio.gather(*(ask(started + SECONDS) for _ in range(CONNECTIONS)))
    return count / (time.perf_counter() - started), (place.cpu() - used) / count


def table(measured: list[Row]) -> str:
    lines = ["| what | measured | server CPU a request | aim |", "|---|---:|---:|---:|"]
    lines += [f"| {row.what} | {row.figure:,.0f} {row.unit} | {row.cpu:.1f} ms | {row.aim} |" for row in measured]
    return "\n".join(lines)


if __name__ == "__main__":
    print(table(rows()))
