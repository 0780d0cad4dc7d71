"""Breaking one setting at a time on a running stage, and seeing which probes notice."""

import asyncio
import os
import signal
import sqlite3
from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path

from hauberk.system.declaration import Role
from hauberk.system.prove import staged
from hauberk.system.prove.catalogue import all_experiments
from hauberk.system.prove.evidence import Caught
from hauberk.system.prove.mutations import Edit, Mutation, NothingToChangeError, Sort, edited
from hauberk.system.prove.probe import Attempt, Outcome, State, Vantage
from hauberk.system.prove.settling import settle
from hauberk.system.prove.targets import Targets
from hauberk.system.stage.commands import StageError
from hauberk.system.stage.stage import Stage

_READERS = ("smtpd", "smtp", "lmtp", "cleanup", "trivial-rewrite", "proxymap")
_DOVECOT, _DOVECOT_SECONDS = "mda.dovecot", 0.5
_SETTLED = 3.0  # seconds
_YEARS = 3 * 365 * 86_400  # seconds
_DELIVERY = 5.0  # seconds until a broken stage has delivered what it should not
_RESTARTED = {"rspamd/": "rspamd", "clamav/": "clamav", "hauberk/gateway.toml": "gateway", "dovecot/": "dovecot", "mail_": "dovecot"}


async def try_all(stage: Stage, targets: Targets, wanted: tuple[Mutation, ...], told: Callable[[Caught], None]) -> tuple[Caught, ...]:
    """One after the other, each put back before the next."""
    results: list[Caught] = []
    for mutation in wanted:
        result = await try_one(stage, targets, mutation)
        told(result)
        results.append(result)
    return tuple(results)


async def try_one(stage: Stage, targets: Targets, mutation: Mutation) -> Caught:
    known = {experiment.probe.id: experiment.probe.vantage for experiment in all_experiments(targets)}
    lacking = [name for name in mutation.caught_by if name not in known]
    if lacking:
        return Caught(mutation.id, mutation.what, mutation.caught_by, (), f"there is no probe {', '.join(lacking)}")
    try:
        async with broken(stage, mutation):
            outcomes = await _outcomes(stage, targets, mutation.caught_by, known)
            if missed := tuple(one.probe.id for one in outcomes if one.state is not State.FAIL):
                await asyncio.sleep(_SETTLED)  # a busy machine: not every process has read the change yet
                outcomes = tuple(one for one in outcomes if one.probe.id not in missed)
                outcomes += await _outcomes(stage, targets, missed, known)
    except (StageError, NothingToChangeError) as error:
        return Caught(mutation.id, mutation.what, mutation.caught_by, (), str(error))
    caught = tuple(one.probe.id for one in outcomes if one.state is State.FAIL)
    trouble = "; ".join(f"{one.probe.id}: {one.state}: {one.said}" for one in outcomes if one.state is not State.FAIL)
    return Caught(mutation.id, mutation.what, mutation.caught_by, caught, trouble)


async def _outcomes(stage: Stage, targets: Targets, names: tuple[str, ...], known: dict[str, Vantage]) -> tuple[Outcome, ...]:
    attempts = await _attempts(stage, targets, names, known)
    return settle(attempts, await staged.gathered(stage, targets, attempts, _DELIVERY), targets).outcomes


async def _attempts(stage: Stage, targets: Targets, names: tuple[str, ...], known: dict[str, Vantage]) -> tuple[Attempt, ...]:
    by_zone = {zone: tuple(name for name in names if known[name] is zone) for zone in Vantage}
    parts = await asyncio.gather(*(staged.attempts_standing_in(stage, zone, targets, chosen) for zone, chosen in by_zone.items() if chosen))
    return tuple(attempt for part in parts for attempt in part)


@asynccontextmanager
async def broken(stage: Stage, mutation: Mutation) -> AsyncGenerator[None]:
    """The stage with this mutation; whatever happens, it is put back. Raises `StageError` and `NothingToChangeError`."""
    async with AsyncExitStack() as undo:
        changed: set[tuple[Role, str]] = set()
        undo.push_async_callback(_reread, stage, changed)
        for edit in mutation.edits:
            await _apply(stage, edit, undo)
            changed.add((edit.role, edit.path))
        await _reread(stage, changed)
        for name in mutation.stopped:
            undo.push_async_callback(stage.start, name)
            await stage.stop(name)
        yield


async def _apply(stage: Stage, edit: Edit, undo: AsyncExitStack) -> None:
    match edit.sort:
        case Sort.FILE:
            path = str(stage.root(edit.role) / edit.path)
            before = await asyncio.to_thread(Path(path).read_bytes)
            after = edited(before.decode(), edit).replace("@HOST@", str(stage.root(edit.role)))
            undo.push_async_callback(_put, stage, edit.role, path, before)
            await _put(stage, edit.role, path, after.encode())
        case Sort.ADDED:
            added = stage.root(edit.role) / edit.path
            undo.callback(added.unlink, missing_ok=True)
            await asyncio.to_thread(added.write_text, edit.put)
        case Sort.AGED:
            for path in (stage.root(edit.role) / edit.path).iterdir():
                undo.callback(os.utime, path, times=(path.stat().st_atime, path.stat().st_mtime))
                os.utime(path, times=(path.stat().st_atime, path.stat().st_mtime - _YEARS))
        case Sort.MTA_COPY:
            undo.push_async_callback(stage.push)
            await asyncio.to_thread(_execute, stage.props.places[Role.MTA].recipients, edit.put)
        case Sort.DIRECTORY:
            accounts = stage.props.places[Role.MDA].accounts
            before = await asyncio.to_thread(_view, accounts, edit.path)
            undo.callback(_execute, accounts, f"DROP VIEW {edit.path}; {before}")
            await asyncio.to_thread(_execute, accounts, f"DROP VIEW {edit.path}; CREATE VIEW {edit.path} AS {edit.put}")


async def _put(stage: Stage, role: Role, path: str, content: bytes) -> None:
    """Postfix waits two seconds with a file that was changed just now (it may be half written), so this one was changed a minute ago."""
    await stage.replace(role, path, content)
    at = Path(path).stat().st_mtime - 60  # noqa: ASYNC240 - one look
    os.utime(path, times=(at, at))


def _execute(database: str, statements: str) -> None:
    connection = sqlite3.connect(database, timeout=15)
    try:
        connection.executescript(statements)
    finally:
        connection.close()


def _view(database: str, name: str) -> str:
    connection = sqlite3.connect(database, timeout=15)
    try:
        (found,) = connection.execute("SELECT sql FROM sqlite_master WHERE type = 'view' AND name = ?", (name,)).fetchone()
    finally:
        connection.close()
    return str(found)


async def _reread(stage: Stage, changed: set[tuple[Role, str]]) -> None:
    """Have the daemons read what was changed."""
    for role in {role for role, path in changed if path.startswith("nftables/")}:
        await stage.reload_rules(role)
    for role in {role for role, path in changed if path.startswith("postfix/")}:
        await _reload_postfix(stage, role)
    names = {f"{role.value}.{daemon}" for role, path in changed for start, daemon in _RESTARTED.items() if path.startswith(start)}
    for name in sorted(names):
        if name == _DOVECOT:  # stopping it takes it ten seconds, its signal to read everything anew none
            await stage.daemons.reload(name)
            await asyncio.sleep(_DOVECOT_SECONDS)
        else:
            await stage.restart(name)


async def _reload_postfix(stage: Stage, role: Role) -> None:
    """What `postfix reload` comes to, without its checks of the whole installation, and then until the processes of old are gone.

    They go by themselves (killing them would have the master hold new ones back for a minute), unless they are still at work.
    """
    pid = Path(stage.props.places[role].postfix_spool) / "pid/master.pid"
    master = int(await asyncio.to_thread(pid.read_text))
    old = await asyncio.to_thread(_children, master)
    os.kill(master, signal.SIGHUP)
    for _ in range(40):
        await asyncio.sleep(0.1)
        if not old & await asyncio.to_thread(_children, master):
            return


def _children(master: int) -> set[int]:
    """Postfix's processes that read settings when they begin (proc(5): the name in parentheses, the state, the parent)."""
    found: set[int] = set()
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            name, _, rest = path.read_text().partition("(")[2].rpartition(")")
            if name in _READERS and int(rest.split()[1]) == master:
                found.add(int(path.parent.name))
    return found
