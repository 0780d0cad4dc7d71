"""Commands of the stage: run to their end, with a time limit, or left running in the background."""

import asyncio
import os
import signal
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

PATIENCE = 60.0  # seconds


@dataclass(frozen=True, slots=True)
class Finished:
    """What a command came to. `code` is negative for a signal, as in `subprocess`."""

    command: tuple[str, ...]
    code: int
    stdout: bytes
    stderr: bytes

    @property
    def text(self) -> str:
        return self.stdout.decode(errors="replace")

    @property
    def complaint(self) -> str:
        said = (self.stderr.strip() or self.stdout.strip()).decode(errors="replace")
        return f"{' '.join(self.command)}: code {self.code}: {said[-2000:]}"


class StageError(Exception):
    """The stage could not be set up or changed; the message says which command failed and what it said."""


async def run(
    *command: str, stdin: bytes | None = None, seconds: float = PATIENCE, environment: Mapping[str, str] | None = None
) -> Finished:
    """Run a command and read all it says. Whoever leaves a daemon behind that keeps stdout open must be started with `begin`."""
    child = await asyncio.create_subprocess_exec(
        *command,
        stdin=DEVNULL if stdin is None else PIPE,
        stdout=PIPE,
        stderr=PIPE,
        env=_with(environment),
        start_new_session=True,
    )
    try:
        async with asyncio.timeout(seconds):
            stdout, stderr = await child.communicate(stdin)
    except TimeoutError:
        raise StageError(f"{' '.join(command)}: not finished after {seconds:g} s") from None
    finally:
        if child.returncode is None:
            _kill_session(child.pid)
            await child.wait()
    return Finished(command, child.returncode or 0, stdout, stderr)


async def must(
    *command: str, stdin: bytes | None = None, seconds: float = PATIENCE, environment: Mapping[str, str] | None = None
) -> Finished:
    """`run`, and a code other than 0 raises `StageError`."""
    finished = await run(*command, stdin=stdin, seconds=seconds, environment=environment)
    if finished.code:
        raise StageError(finished.complaint)
    return finished


async def begin(*command: str, output: Path, environment: Mapping[str, str] | None = None) -> asyncio.subprocess.Process:
    """Start a command that may leave a daemon behind, or stay: what it says is added to the file `output`."""
    with output.open("ab") as told:
        return await asyncio.create_subprocess_exec(
            *command, stdin=DEVNULL, stdout=told, stderr=told, env=_with(environment), start_new_session=True
        )


async def launch(*command: str, output: Path, seconds: float = PATIENCE, environment: Mapping[str, str] | None = None) -> None:
    """`begin`, then wait for the command itself (not for its daemon). Raises `StageError` with the end of `output`."""
    child = await begin(*command, output=output, environment=environment)
    try:
        async with asyncio.timeout(seconds):
            code = await child.wait()
    except TimeoutError:
        raise StageError(f"{' '.join(command)}: not finished after {seconds:g} s") from None
    finally:
        if child.returncode is None:
            _kill_session(child.pid)
            await child.wait()
    if code:
        said = await asyncio.to_thread(output.read_bytes)
        raise StageError(f"{' '.join(command)}: code {code}: {said[-2000:].decode(errors='replace').strip()}")


def _kill_session(leader: int) -> None:
    with suppress(ProcessLookupError):
        os.killpg(leader, signal.SIGKILL)


def _with(environment: Mapping[str, str] | None) -> dict[str, str]:
    """Daemons live in sbin, which not every root has on its path."""
    path = f"{os.environ.get('PATH', '/usr/bin:/bin')}:/usr/local/sbin:/usr/sbin:/sbin"
    return {**os.environ, "PATH": path, **(environment or {})}
