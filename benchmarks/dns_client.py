"""Our DNS client, dnsperf and dnspython's async resolver against the same warm Unbound, in one run.

Every contender asks the same questions in a process of its own, 200 in flight, and is measured several times in turn. What else the
machine does can only add time, so the best pass of each counts. The CPU time is that of the client's process alone, user and system.

dnsperf looks at the header of a reply and no further; the row "replies not decoded" does the same with our UDP channel. The rows
"Hauberk" are what a scan calls: one cache and one future a question, every reply decoded into records.

    python benchmarks/dns_client.py
"""

import asyncio
import gc
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from pathlib import Path

import dns.asyncresolver
import dns.resolver
import uvloop

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from hauberk.model.dns import DnsAnswer, NoAnswer, Question
from hauberk.world.dns.client import DnsClient
from hauberk.world.dns.flight import TICK, Flight, Waiter
from hauberk.world.dns.udp import UdpChannel
from hauberk.world.dns.wire import query, question_section
from lab.real_dns import RealDns, find_program, missing_programs, running, unsigned

DOMAINS = 2_000
IN_FLIGHT = 200
ROUNDS = 4
PASSES = 5  # of each contender in a round, after one that does not count
_DNSPYTHON_QUESTIONS = 1_200


@dataclass(frozen=True, slots=True)
class Measurement:
    """`rate` in queries per second of wall time, `cpu` in seconds per query."""

    rate: float
    cpu: float


@dataclass(frozen=True, slots=True)
class Row:
    """A contender's best pass; `of_dnsperf` is dnsperf's CPU time per query over its own, `times_dnspython` compares rates."""

    client: str
    rate: float
    cpu: float
    of_dnsperf: float
    times_dnspython: float


def zone_text() -> str:
    """Mail records of `DOMAINS` domains below `bench.test.`."""
    lines: list[str] = []
    for number in range(DOMAINS):
        domain = f"d{number}"
        lines += [
            f"{domain} MX 10 mx1.{domain}",
            f"{domain} MX 20 mx2.{domain}",
            f'{domain} TXT "v=spf1 mx include:_spf.example.net -all"',
            f"mx1.{domain} A 192.0.2.{number % 256}",
            f"mx1.{domain} AAAA 2001:db8::{number:x}",
            f'_dmarc.{domain} TXT "v=DMARC1; p=reject; rua=mailto:dmarc@{domain}.bench.test"',
        ]
    return "\n".join(lines)


def questions() -> list[Question]:
    """Six a domain, one of them without an answer."""
    asked: list[Question] = []
    for number in range(DOMAINS):
        domain = f"d{number}.bench.test"
        asked += [
            Question(domain, "MX"),
            Question(domain, "TXT"),
            Question(f"mx1.{domain}", "A"),
            Question(f"mx1.{domain}", "AAAA"),
            Question(f"_dmarc.{domain}", "TXT"),
            Question(f"_mta-sts.{domain}", "TXT"),
        ]
    return asked


async def ask_with_ours(port: int) -> Measurement:
    """`DnsClient.ask` as a scan uses it: cache, decoding into records, everything; the client's own cache is cold."""
    asked = questions()
    wall, cpu = time.perf_counter(), time.process_time()
    async with DnsClient(f"udp://127.0.0.1:{port}", window=IN_FLIGHT) as client:
        replies = [await waiting for waiting in [client.ask(question) for question in asked]]
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    _verify(replies)
    return Measurement(len(asked) / wall, cpu / len(asked))


def _verify(replies: list[DnsAnswer | NoAnswer]) -> None:
    answered = sum(isinstance(reply, DnsAnswer) and reply.rcode == "NOERROR" and bool(reply.records) for reply in replies)
    absent = sum(isinstance(reply, DnsAnswer) and reply.rcode == "NXDOMAIN" for reply in replies)
    assert (answered, absent) == (DOMAINS * 5, DOMAINS), (answered, absent, [reply for reply in replies if isinstance(reply, NoAnswer)][:3])


async def exchange_undecoded(port: int) -> Measurement:
    """Our UDP channel alone: query built and sent, reply matched with id and question, future set; nothing kept, nothing decoded."""
    loop = asyncio.get_running_loop()
    asked, codes = questions(), Counter[int]()
    done = DnsAnswer("")

    def land(flight: Flight, reply: bytes | NoAnswer) -> None:
        assert isinstance(reply, bytes), reply
        codes[reply[3] & 15] += 1
        flight.waiter.set_result(done)

    async def sweep(channel: UdpChannel) -> None:
        while True:
            await asyncio.sleep(TICK)
            channel.sweep(loop.time())

    def depart(channel: UdpChannel, question: Question) -> Waiter:
        section, waiter = question_section(question), loop.create_future()
        assert section is not None
        channel.send(Flight(question, section, query(section), land, waiter))
        return waiter

    wall, cpu = time.perf_counter(), time.process_time()
    channel = UdpChannel(("127.0.0.1", port), timeout=7.0, tries=3, window=IN_FLIGHT)
    sweeper = loop.create_task(sweep(channel))
    for waiting in [depart(channel, question) for question in asked]:
        await waiting
    sweeper.cancel()
    channel.close()
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    assert codes == {0: DOMAINS * 5, 3: DOMAINS}, codes
    return Measurement(len(asked) / wall, cpu / len(asked))


async def ask_with_dnspython(port: int) -> Measurement:
    resolver = dns.asyncresolver.Resolver(configure=False)
    resolver.nameservers, resolver.port = ["127.0.0.1"], port
    resolver.use_edns(0, 0, 1232)
    window = asyncio.Semaphore(IN_FLIGHT)

    async def ask(question: Question) -> bool:
        async with window:
            try:
                await resolver.resolve(question.name + ".", question.type)
            except dns.resolver.NXDOMAIN:
                return False
            return True

    asked = questions()[:_DNSPYTHON_QUESTIONS]
    wall, cpu = time.perf_counter(), time.process_time()
    answered = await asyncio.gather(*(ask(question) for question in asked))
    assert sum(answered) == len(asked) * 5 // 6
    return Measurement(len(asked) / (time.perf_counter() - wall), (time.process_time() - cpu) / len(asked))


def ask_with_dnsperf(port: int, folder: Path) -> Measurement:
    """Four times through the questions, so that its start-up does not weigh."""
    file = folder / "questions"
    if not file.exists():
        file.write_text("".join(f"{question.name} {question.type}\n" for question in questions()))
    dnsperf = find_program("dnsperf")
    assert dnsperf is not None
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = (dnsperf, "-s", "127.0.0.1", "-p", str(port), "-d", str(file), "-n", "4", "-q", str(IN_FLIGHT), "-e")
    report = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    figures = {name.strip(): value.split()[0] for name, _, value in (line.partition(":") for line in report.splitlines()) if value.strip()}
    completed = int(figures["Queries completed"])
    assert completed >= 0.999 * 4 * len(questions()), report
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Measurement(float(figures["Queries per second"]), cpu / completed)


_IN_PROCESS: dict[str, tuple[Callable[[int], Coroutine[None, None, Measurement]], Callable[[], asyncio.AbstractEventLoop]]] = {
    "Hauberk on uvloop, replies not decoded": (exchange_undecoded, uvloop.new_event_loop),
    "Hauberk on uvloop": (ask_with_ours, uvloop.new_event_loop),
    "Hauberk on asyncio": (ask_with_ours, asyncio.new_event_loop),
    "dnspython's async resolver": (ask_with_dnspython, asyncio.new_event_loop),
}


def _in_a_process_of_its_own(client: str, port: int) -> list[Measurement]:
    command = (sys.executable, __file__, client, str(port))
    passes = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)
    return [Measurement(rate, cpu) for rate, cpu in passes]


def measured(servers: RealDns, folder: Path) -> dict[str, list[Measurement]]:
    """All contenders in turn, `ROUNDS` times, after one pass that warms the resolver's cache."""
    ask_with_dnsperf(servers.resolver, folder)
    found: dict[str, list[Measurement]] = {"dnsperf": [], **{client: [] for client in _IN_PROCESS}}
    for _ in range(ROUNDS):
        found["dnsperf"] += [ask_with_dnsperf(servers.resolver, folder) for _ in range(PASSES)]
        for client in _IN_PROCESS:
            found[client] += _in_a_process_of_its_own(client, servers.resolver)
    return found


def rows() -> list[Row]:
    """The table's rows, dnsperf first. Raises `RuntimeError` when NSD, Unbound or dnsperf is missing."""
    missing = missing_programs("nsd", "unbound", "dnsperf")
    if missing:
        raise RuntimeError(missing)
    with tempfile.TemporaryDirectory() as name, running(Path(name), (unsigned("bench.test.", zone_text()),), "") as servers:
        found = measured(servers, Path(name))
    rate = {client: max(one.rate for one in measurements) for client, measurements in found.items()}
    cpu = {client: min(one.cpu for one in measurements) for client, measurements in found.items()}
    return [
        Row(client, rate[client], cpu[client], cpu["dnsperf"] / cpu[client], rate[client] / rate["dnspython's async resolver"])
        for client in found
    ]


def table(measured_rows: list[Row]) -> str:
    lines = ["| client | queries/s | CPU µs a query | of dnsperf, by CPU | times dnspython, by rate |", "|---|---:|---:|---:|---:|"]
    lines += [
        f"| {row.client} | {row.rate:,.0f} | {row.cpu * 1e6:.1f} | {row.of_dnsperf:.0%} | {row.times_dnspython:.1f} |"
        for row in measured_rows
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    if len(sys.argv) == 3:
        ask, new_loop = _IN_PROCESS[sys.argv[1]]
        with asyncio.Runner(loop_factory=new_loop) as runner:
            gc.freeze()  # as the command line does: what was imported stays and need not be looked at again
            runner.run(ask(int(sys.argv[2])))  # warms the interpreter, as in a scan of many domains it soon is
            passes = [runner.run(ask(int(sys.argv[2]))) for _ in range(PASSES)]
        print(json.dumps([(one.rate, one.cpu) for one in passes]))
    else:
        print(table(rows()))
