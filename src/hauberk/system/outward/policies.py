"""The policies that are known, looked up when they are wanted and kept over restarts."""

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import msgspec

from hauberk.model.observation import ScanOptions
from hauberk.model.transport import HttpsAnswer
from hauberk.protocols import mta_sts
from hauberk.protocols.dane import discover as dane_discover
from hauberk.survey.recorder import Recorder
from hauberk.system.outward.policy import Kept, fetched_policy, record_id, table_entry, updated
from hauberk.world.live import LiveConfig, LiveWorld

SECONDS: Final = 20.0  # for all of one look; Postfix waits for 100
_AGAIN: Final = timedelta(minutes=10)  # after which the DNS is asked again
_MOST: Final = 20_000
_log = logging.getLogger(__name__)


class Policies:
    """`file` keeps them (empty: nothing is kept); `clock` gives the time (UTC)."""

    def __init__(self, config: LiveConfig, clock: Callable[[], datetime], file: Path | None = None) -> None:
        self._config = config
        self._clock = clock
        self._file = file
        self._known = _read(file) if file else {}
        self._answers: dict[str, tuple[datetime, str]] = {}
        self._under_way: dict[str, asyncio.Task[str]] = {}

    async def entry(self, domain: str) -> str:
        """What Postfix's table says of a domain (see `policy.table_entry`). Who asks at the same time waits for the same look."""
        until, answer = self._answers.get(domain, (None, ""))
        if until is not None and self._clock() < until:
            return answer
        task = self._under_way.get(domain)
        if task is None:
            task = asyncio.get_running_loop().create_task(self._look(domain))
            self._under_way[domain] = task
            task.add_done_callback(lambda _: self._under_way.pop(domain, None))
        return await asyncio.shield(task)

    async def _look(self, domain: str) -> str:
        before = self._known.get(domain)
        async with asyncio.timeout(SECONDS), LiveWorld(self._config) as world:
            recorder = Recorder(world)
            records = await recorder.drive(dane_discover(domain, ScanOptions()))
            found = await recorder.drive(mta_sts.discover(domain, ScanOptions()))
            at = self._clock()
            chain = found.file.tls.chain if isinstance(found.file, HttpsAnswer) else ()
            policy = fetched_policy(domain, found, at, world.trust((chain,)).anchors) if record_id(found) else None
        after = updated(before, found, policy, at)
        self._keep(domain, after)
        entry = table_entry(after, records, at)
        if len(self._answers) >= _MOST:
            self._answers.clear()
        self._answers[domain] = (at + _AGAIN, entry)
        return entry

    def _keep(self, domain: str, kept: Kept) -> None:
        had = self._known.pop(domain, None)
        if kept.policy is not None:
            self._known[domain] = kept
        if len(self._known) > _MOST:
            del self._known[next(iter(self._known))]
        if self._file and (had is None or had.policy != kept.policy or had.fetched != kept.fetched) and (had or kept.policy):
            partial = self._file.with_suffix(".partial")
            try:
                partial.write_bytes(msgspec.json.encode(self._known))
                partial.replace(self._file)
            except OSError as error:
                _log.error("%s: %s", self._file, error)


def _read(file: Path) -> dict[str, Kept]:
    """A file that cannot be read is none: policies are looked up again."""
    try:
        return msgspec.json.decode(file.read_bytes(), type=dict[str, Kept])
    except (OSError, msgspec.DecodeError):
        return {}
