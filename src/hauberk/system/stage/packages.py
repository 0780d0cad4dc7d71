"""Debian's packages that the stage wants, installed without letting any of their daemons start."""

import shutil
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from hauberk.system.stage.commands import StageError, run

_POLICY = Path("/usr/sbin/policy-rc.d")
_SECONDS = 900.0
_ENVIRONMENT = {"DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"}
_POSTFIX_ANSWER = b"postfix postfix/main_mailer_type select No configuration\n"


async def install(packages: tuple[str, ...]) -> None:
    """Needs root and apt. Raises `StageError` with the end of what apt said."""
    if not packages:
        return
    if shutil.which("apt-get") is None:
        raise StageError(f"no apt-get here; wanted are Debian's packages {' '.join(packages)}")
    with _nothing_starts():
        if shutil.which("debconf-set-selections"):
            await run("debconf-set-selections", stdin=_POSTFIX_ANSWER, environment=_ENVIRONMENT)
        command = ("apt-get", "install", "-y", "-q", "--no-install-recommends", *packages)
        first = await run(*command, seconds=_SECONDS, environment=_ENVIRONMENT)
        if first.code == 0:
            return
        await run("apt-get", "update", "-q", seconds=_SECONDS, environment=_ENVIRONMENT)
        second = await run(*command, seconds=_SECONDS, environment=_ENVIRONMENT)
        if second.code:
            raise StageError(second.complaint)


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
