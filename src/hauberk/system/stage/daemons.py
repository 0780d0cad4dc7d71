"""Daemons of a stage, each kept in the foreground as a child of ours: no systemd, no pid files, and stopping is a signal and a wait."""

import asyncio
import os
import signal
from asyncio.subprocess import Process
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from hauberk.system.stage.commands import PATIENCE, StageError, begin
from hauberk.system.stage.families import Member, alive, family
from hauberk.system.stage.layout import Layout
from hauberk.system.stage.namespaces import environment, inside, listening


@dataclass(frozen=True, slots=True)
class Door:
    """Where a daemon listens once it is ready: a TCP port as seen from its own zone, or a socket in the file system."""

    address: str = ""
    port: int = 0
    path: str = ""


@dataclass(frozen=True, slots=True)
class Daemon:
    """One program. `name` is unique on the stage (`mta.postfix`); `command` stays in the foreground; `reload` is a signal, 0 for none.

    `ready`: all of these doors are open once it is up. `start_seconds`: how long that may take.
    """

    name: str
    zone: str
    command: tuple[str, ...]
    ready: tuple[Door, ...] = ()
    reload: signal.Signals | None = signal.SIGHUP
    start_seconds: float = PATIENCE
    stop_seconds: float = 10.0
    environment: Mapping[str, str] = field(default_factory=dict[str, str])


class Daemons:
    """Those that run. What each says on its standard output and error is in `logs`/NAME.out."""

    def __init__(self, layout: Layout, logs: Path) -> None:
        self._layout = layout
        self._logs = logs
        self._running: dict[str, tuple[Daemon, Process]] = {}

    def runs(self, name: str) -> bool:
        held = self._running.get(name)
        return held is not None and held[1].returncode is None

    def process(self, name: str) -> int:
        """The process number of a daemon that runs. Raises `StageError`."""
        if not self.runs(name):
            raise StageError(f"{name} is not running")
        return _leaders(family(self._running[name][1].pid))[-1]

    async def start(self, daemon: Daemon) -> None:
        """Start and wait until every door is open. Raises `StageError` with what the daemon said."""
        if self.runs(daemon.name):
            return
        output = self._logs / f"{daemon.name}.out"
        said_before = output.stat().st_size if output.exists() else 0
        for door in daemon.ready:
            if door.path:
                Path(door.path).unlink(missing_ok=True)  # noqa: ASYNC240 - a socket that a killed daemon left would look ready
        command = (*inside(self._layout, daemon.zone), *daemon.command)
        process = await begin(*command, output=output, environment={**environment(), **daemon.environment})
        self._running[daemon.name] = (daemon, process)
        doors = asyncio.gather(*(self._open(daemon, door) for door in daemon.ready))
        ended = asyncio.ensure_future(process.wait())
        try:
            await asyncio.wait((doors, ended), return_when=asyncio.FIRST_COMPLETED)
            if not doors.done():
                said = output.read_bytes()[said_before:].decode(errors="replace").strip()
                raise StageError(f"{daemon.name} ended with code {process.returncode} instead of starting: {said[-2000:]}")
            doors.result()
        finally:
            doors.cancel()
            ended.cancel()
            with suppress(asyncio.CancelledError, StageError):
                await doors

    async def stop(self, name: str, *, hard: bool = False) -> None:
        """Stop one that runs, or that has ended by itself; `hard` is a kill, as by a crash."""
        held = self._running.pop(name, None)
        if held is None:
            return
        daemon, process = held
        members = await asyncio.to_thread(family, process.pid)
        _signal((one.number for one in members) if hard else _leaders(members), signal.SIGKILL if hard else signal.SIGTERM)
        end = asyncio.get_running_loop().time() + daemon.stop_seconds
        while any(alive(one.number) for one in members):
            if asyncio.get_running_loop().time() > end:
                _signal((one.number for one in members), signal.SIGKILL)
            await asyncio.sleep(0.01)
        await process.wait()

    async def reload(self, name: str) -> None:
        """Have a daemon read its configuration again."""
        daemon = self._running[name][0]
        if daemon.reload is None:
            await self.stop(name)
            await self.start(daemon)
        else:
            _signal((self.process(name),), daemon.reload)

    async def stop_all(self) -> None:
        """Everything, at the same time."""
        await asyncio.gather(*(self.stop(name) for name in tuple(self._running)))

    async def _open(self, daemon: Daemon, door: Door) -> None:
        if not door.path:
            await listening(self._layout, daemon.zone, door.address, door.port, daemon.start_seconds)
            return
        end = asyncio.get_running_loop().time() + daemon.start_seconds
        while not Path(door.path).exists():  # noqa: ASYNC240 - a look of microseconds
            if asyncio.get_running_loop().time() > end:
                raise StageError(f"{daemon.name} has not made {door.path} after {daemon.start_seconds:g} s")
            await asyncio.sleep(0.02)


def _leaders(members: Iterable[Member]) -> tuple[int, ...]:
    """The daemon itself is the last: Postfix's master has a shell before it that waits for it."""
    return tuple(one.number for one in members if one.leader)


def _signal(processes: Iterable[int], number: signal.Signals) -> None:
    for process in processes:
        with suppress(ProcessLookupError):
            os.kill(process, number)
