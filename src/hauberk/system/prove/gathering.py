"""Looking where messages turn up: mailboxes over IMAP from a workstation, the sink outside, the MTA's queue."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from datetime import datetime
from pathlib import Path
from typing import TypeAlias

from hauberk.system.prove.imap import mailbox_session
from hauberk.system.prove.messages import FIELD
from hauberk.system.prove.probe import Attempt, Awaited, Place
from hauberk.system.prove.settling import Delivered, Gathered
from hauberk.system.prove.smtp import verifying
from hauberk.system.prove.targets import Account, Service
from hauberk.system.prove.wire import Recorder, UnansweredError

Seek: TypeAlias = Callable[[frozenset[str]], Coroutine[None, None, list[Delivered]]]
"""Which of these tokens are there now. Raises `UnansweredError` where nothing can be looked at."""

_PAUSE = 0.2
_GRACE = 1.0  # seconds after the last that should come, for those that should not


async def gather(attempts: Iterable[Attempt], seekers: dict[Place, Seek], seconds: float, grace: float = _GRACE) -> Gathered:
    """Look until all that should come has come, or the time is over; then a little longer for what should not."""
    waiting = [awaited for attempt in attempts for awaited in attempt.finding.awaits]
    found: dict[tuple[str, Place], Delivered] = {}
    looked_at: set[Place] = set()
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    last: float | None = None
    while True:
        for place, seek in seekers.items():
            await _look(place, seek, waiting, found, looked_at)
        moment = loop.time()
        if last is None and (moment > end or not _outstanding(waiting, found, looked_at)):
            last = moment + grace
        if all((one.token, one.place) in found for one in waiting) or (last is not None and moment >= last):
            return Gathered(tuple(found.values()), frozenset(looked_at))
        await asyncio.sleep(min(_PAUSE, grace) if last is not None else _PAUSE)


async def _look(place: Place, seek: Seek, waiting: list[Awaited], found: dict[tuple[str, Place], Delivered], looked_at: set[Place]) -> None:
    tokens = frozenset(one.token for one in waiting if one.place is place and (one.token, place) not in found)
    try:
        for one in await seek(tokens) if tokens else ():
            found.setdefault((one.token, place), one)
    except UnansweredError:
        looked_at.discard(place)
    else:
        looked_at.add(place)


def _outstanding(waiting: list[Awaited], found: dict[tuple[str, Place], Delivered], looked_at: set[Place]) -> bool:
    return any(one.arrives and one.place in looked_at and (one.token, one.place) not in found for one in waiting)


def mailbox(service: Service, account: Account, anchors: str, place: Place, clock: Callable[[], datetime]) -> Seek:
    """The inbox of an account over IMAP with TLS; `anchors` is PEM, empty for the system's."""

    async def seek(tokens: frozenset[str]) -> list[Delivered]:
        record = Recorder("gathering", clock)
        async with mailbox_session(service, verifying(anchors), record) as imap:
            if not await imap.login(account):
                raise UnansweredError(f"{account.address} cannot log in")
            await imap.command("EXAMINE INBOX")
            return [Delivered(token, place, raw) for token in sorted(tokens) for raw in await imap.holding(FIELD, token)]

    return seek


def maildir(folder: Path, place: Place) -> Seek:
    """Messages that lie in Maildirs somewhere below `folder`."""
    read: dict[Path, tuple[str, bytes]] = {}

    def look() -> None:
        for path in folder.rglob("*"):
            if path.parent.name in ("new", "cur") and path not in read and path.is_file():
                raw = path.read_bytes()
                read[path] = (token_of(raw), raw)

    async def seek(tokens: frozenset[str]) -> list[Delivered]:
        await asyncio.to_thread(look)
        return [Delivered(token, place, raw) for token, raw in read.values() if token in tokens]

    return seek


def token_of(raw: bytes) -> str:
    """The token in the header of a message, or nothing; one in its body does not count."""
    for line in raw.replace(b"\r\n", b"\n").split(b"\n\n", 1)[0].split(b"\n"):
        name, _, value = line.partition(b":")
        if name.lower() == FIELD.lower().encode():
            return value.strip().decode("latin-1")
    return ""


def queue(listing: Callable[[], Awaitable[bytes]]) -> Seek:
    """Postfix's queue, as `postqueue -j` lists it: one JSON object a line; a recipient's local part is its token."""

    async def seek(tokens: frozenset[str]) -> list[Delivered]:
        found: list[Delivered] = []
        for line in (await listing()).splitlines():
            for recipient in json.loads(line).get("recipients", ()):
                token = str(recipient.get("address", "")).partition("@")[0]
                reason = str(recipient.get("delay_reason", ""))
                if token in tokens and reason:
                    found.append(Delivered(token, Place.QUEUE, reason.encode()))
        return found

    return seek
