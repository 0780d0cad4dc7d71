"""What follows a change in the directory: the MTA's copy of the recipients, and the end of sessions that are open."""

import asyncio
import shlex
import sqlite3
from asyncio.subprocess import PIPE
from dataclasses import dataclass
from pathlib import Path

from hauberk.system.accounts import recipients
from hauberk.system.accounts.account import Recipients

_SECONDS = 60.0
_NOBODY_THERE = 68  # doveadm(1): EX_NOHOST, here: no such user is connected


class EffectError(Exception):
    """The directory has changed, but a server has not been told; the message says which and why."""


@dataclass(frozen=True, slots=True)
class Servers:
    """`mta`: what ssh(1) takes to reach the MTA, empty for this machine. `copy`: the file there. `python` runs this program there.

    `dovecot`: its configuration file on this machine, the MDA.
    """

    mta: str
    copy: str
    python: str
    dovecot: str


async def push(known: Recipients, servers: Servers) -> None:
    """Bring the MTA's copy up to date. Raises `EffectError`."""
    if not servers.mta:
        try:
            await asyncio.to_thread(recipients.write, Path(servers.copy), known)
        except (sqlite3.Error, OSError) as error:
            raise EffectError(f"the MTA's copy {servers.copy} was not written: {error}") from error
        return
    remote = shlex.join((servers.python, "-m", "hauberk.system.accounts.recipients", servers.copy))
    command = ("ssh", "-o", "BatchMode=yes", "-o", "ConnectTimeout=10", "--", f"ssh://{servers.mta}", remote)
    code, said = await _run(command, recipients.encode(known))
    if code:
        raise EffectError(f"the MTA's copy of the recipients was not written: ssh {servers.mta}: {said or f'code {code}'}")


async def shut_out(login: str, servers: Servers) -> None:
    """End the IMAP sessions of somebody. Submission asks the directory at every message. Raises `EffectError`."""
    if not Path(servers.dovecot).exists():  # noqa: ASYNC240 - a look of microseconds
        raise EffectError(f"open sessions of {login} were not ended: there is no {servers.dovecot} on this machine")
    code, said = await _run(("doveadm", "-c", servers.dovecot, "kick", login), b"")
    if code not in (0, _NOBODY_THERE):
        raise EffectError(f"open sessions of {login} were not ended: doveadm: {said or f'code {code}'}")


async def _run(command: tuple[str, ...], given: bytes) -> tuple[int, str]:
    try:
        child = await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE, stderr=PIPE)
    except OSError as error:
        return 127, f"{command[0]}: {error.strerror}"
    try:
        async with asyncio.timeout(_SECONDS):
            _, said = await child.communicate(given)
    except TimeoutError:
        child.kill()
        await child.wait()
        return 124, f"{command[0]} did not end within {_SECONDS:g} s"
    return child.returncode or 0, said.decode(errors="replace").strip()[-500:]
