"""Messages a second through the whole mail system on its stage, with both engines and signing, and the memory of all of it. Wants root.

python -m benchmarks.mail_chain
"""

import asyncio
import re
import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.gateway import proportional

from hauberk.system import ports
from hauberk.system.declaration import Role, Zone
from hauberk.system.stage import namespaces, play
from hauberk.system.stage.stage import Stage, StageError, stage

COUNT = 200
SESSIONS = 4
_RSPAMD = f"inet:127.0.0.1:{ports.RSPAMD_MILTER}"
_GATEWAY = f"inet:127.0.0.1:{ports.GATEWAY}"
_CHAINS = (
    ("Postfix alone", ""),
    ("with Rspamd and ClamAV", _RSPAMD),
    ("with Rspamd, ClamAV and the gateway", f"{_RSPAMD}, {_GATEWAY}"),
)
_HOSTS = ((Zone.INSIDE, Role.MDA), (Zone.DMZ, Role.MTA))
_RECIPIENT = f"paula@{play.PARTNER}"


@dataclass(frozen=True, slots=True)
class Row:
    """Messages a second accepted at submission, and seconds until the last one had left, been signed and come to the partner."""

    chain: str
    a_second: float
    arrived: float


@dataclass(frozen=True, slots=True)
class Figures:
    """`megabytes`: of all daemons of both hosts (proportional set size); empty rows with the reason where there can be no stage."""

    rows: tuple[Row, ...]
    megabytes: tuple[tuple[str, float], ...]
    obstacle: str = ""


def figures() -> Figures:
    if reason := namespaces.obstacle():
        return Figures((), (), reason)
    return asyncio.run(_measured())


def table(found: Figures) -> str:
    if found.obstacle:
        return f"Not measured on this machine: {found.obstacle}."
    lines = ["| submission | accepted a second | all arrived at the partner after |", "|---|---:|---:|"]
    lines += [f"| {row.chain} | {row.a_second:.1f} | {row.arrived:.1f} s |" for row in found.rows]
    memory = ", ".join(f"{name} {figure:.0f} MB" for name, figure in found.megabytes)
    return "\n".join((*lines, "", f"Memory (proportional set size): {memory}; together {sum(one for _, one in found.megabytes):.0f} MB."))


async def _measured() -> Figures:
    async with stage(datetime.now(UTC)) as running:
        await _row(running, *_CHAINS[-1], 20)  # warm
        rows = tuple([await _row(running, chain, milters, COUNT) for chain, milters in _CHAINS])
        memory = tuple((name, _memory(running, zone)) for name, zone in (("MTA", Zone.DMZ), ("MDA", Zone.INSIDE)))
        return Figures(rows, memory)


async def _row(running: Stage, chain: str, milters: str, count: int) -> Row:
    main = f"{running.props.places[Role.MDA].postfix}/main.cf"
    text = await asyncio.to_thread(Path(main).read_text)
    for name, value in (("smtpd_milters", milters), ("smtpd_client_message_rate_limit", "0")):
        text = re.sub(rf"^{name} =.*(?:\n[ \t].*)*$", f"{name} = {value}", text, flags=re.MULTILINE)
    before = await running.replace(Role.MDA, main, text.encode())
    await running.restart("mda.postfix")
    already = _arrived(running)
    alice = play.ALICE
    order = (running.declaration.mda.name, str(running.props.root_pem), alice.login, alice.password, _RECIPIENT, str(count), str(SESSIONS))
    started = time.perf_counter()
    done = await running.python(Zone.WORKSTATION, "benchmarks.submitting", *order, seconds=300)
    if done.code:
        raise StageError(done.complaint)
    flushed = started
    while _arrived(running) - already < count // SESSIONS * SESSIONS:
        if time.perf_counter() - started > 120:
            raise StageError(f"{chain}: not all messages arrived; {await _waiting(running)}")
        if time.perf_counter() - flushed > 15:  # what met a service that was starting waits for minutes else
            flushed = time.perf_counter()
            for zone, role in _HOSTS:
                await running.inside(zone, "postqueue", "-c", running.props.places[role].postfix, "-f")
        await asyncio.sleep(0.1)
    arrived = time.perf_counter() - started
    await _emptied(running)
    await running.replace(Role.MDA, main, before)
    return Row(chain, count / float(done.stdout), arrived)


async def _emptied(running: Stage) -> None:
    """Else a restart sends again what has just gone, and the next row counts it as its own."""
    for _ in range(50):
        if all("is empty" in one for one in await _queues(running)):
            return
        await asyncio.sleep(0.2)
    raise StageError(f"the queues are not empty after ten seconds; {await _waiting(running)}")


async def _waiting(running: Stage) -> str:
    """What the queues of both hosts say."""
    return " / ".join(one[:600] for one in await _queues(running))


async def _queues(running: Stage) -> tuple[str, ...]:
    listed = [await running.inside(zone, "postqueue", "-c", running.props.places[role].postfix, "-p") for zone, role in _HOSTS]
    return tuple(one.text.strip() for one in listed)


def _arrived(running: Stage) -> int:
    return len(list(running.sink(_RECIPIENT).glob("new/*")))


def _memory(running: Stage, zone: Zone) -> float:
    listed = subprocess.run(("ip", "netns", "pids", running.layout.namespace(zone)), capture_output=True, check=True, text=True).stdout
    return sum(proportional(int(pid)) for pid in listed.split()) / 1e6


if __name__ == "__main__":
    print(table(figures()))
    sys.exit(0)
