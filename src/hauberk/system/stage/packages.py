"""Debian's packages that the stage wants, installed without letting any of their daemons start."""

import asyncio
import os
import shutil
import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from hauberk.system.stage.commands import StageError

_POLICY = Path("/usr/sbin/policy-rc.d")
_SECONDS = 900.0
_POSTFIX_ANSWER = b"postfix postfix/main_mailer_type select No configuration\n"


async def install(packages: tuple[str, ...]) -> None:
    """Needs root and apt. Raises `StageError` with the end of what apt said.

    It runs in a thread, which the end of the program waits for: whoever interrupts it leaves no package half installed.
    """
    if packages:
        await asyncio.to_thread(_install, packages)


def _install(packages: tuple[str, ...]) -> None:
    if shutil.which("apt-get") is None:
        raise StageError(f"no apt-get here; wanted are Debian's packages {' '.join(packages)}")
    with _nothing_starts():
        if shutil.which("debconf-set-selections"):
            _apt("debconf-set-selections", given=_POSTFIX_ANSWER)
        command = ("apt-get", "install", "-y", "-q", "--no-install-recommends", *packages)
        if _apt(*command).returncode == 0:
            return
        _apt("apt-get", "update", "-q")
        done = _apt(*command)
        if done.returncode:
            raise StageError(f"{' '.join(command)}: code {done.returncode}: {done.stdout[-2000:].decode(errors='replace').strip()}")


def _apt(*command: str, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"}
    try:
        return subprocess.run(  # noqa: S603 - names of packages of our own
            command,
            input=given,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=_SECONDS,
            check=False,
            env=environment,
            start_new_session=True,  # Ctrl-C in the terminal is not for it
        )
    except subprocess.TimeoutExpired:
        raise StageError(f"{' '.join(command)}: not finished after {_SECONDS:g} s") from None


@contextmanager
def _nothing_starts() -> Generator[None]:
    """invoke-rc.d asks this file; one that is there already is the administrator's and stays as it is."""
    if _POLICY.exists():
        yield
        return
    _POLICY.write_text("#!/bin/sh\nexit 101\n")
    _POLICY.chmod(0o755)
    try:
        yield
    finally:
        _POLICY.unlink(missing_ok=True)
