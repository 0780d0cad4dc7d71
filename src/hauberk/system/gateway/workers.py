"""The worker processes as the gateway sees them: a message goes in, findings come out, or `NoFindings`.

A worker that dies, garbles or takes too long is killed, and another one takes its place at the next message.
"""

import asyncio
import contextlib
import logging
import sys
from dataclasses import dataclass
from typing import Final

import msgspec

from hauberk.system.gateway.findings import Finding
from hauberk.system.gateway.worker import LENGTH, Answer, Settings, frame

_START_SECONDS: Final = 60.0
_MOST_ANSWER: Final = 1_000_000
_log = logging.getLogger(__name__)


class NoFindings(Exception):
    """The inspection did not come to its end; the message says why."""


class CannotStart(Exception):
    """The workers cannot work with these settings (rules that do not compile, say)."""


@dataclass(slots=True, eq=False)
class _Worker:
    process: asyncio.subprocess.Process
    messages: int = 0

    async def exchange(self, order: bytes) -> Answer:
        stdin, stdout = self.process.stdin, self.process.stdout
        assert stdin is not None and stdout is not None  # noqa: S101 - both are pipes
        stdin.write(frame(order))
        await stdin.drain()
        length = LENGTH.unpack(await stdout.readexactly(LENGTH.size))[0]
        if length > _MOST_ANSWER:
            raise NoFindings(f"a worker answered with {length:,} octets")
        return msgspec.msgpack.decode(await stdout.readexactly(length), type=Answer)

    async def end(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            self.process.kill()
        await self.process.wait()


class Workers:
    """`count` processes. A worker is renewed after `most_messages`, so that what libraries leave behind does not pile up."""

    def __init__(self, settings: Settings, count: int, seconds: float, most_messages: int = 5000) -> None:
        self._order = msgspec.msgpack.encode(settings)
        self._seconds = seconds
        self._most_messages = most_messages
        self._free = asyncio.Semaphore(count)
        self._idle: list[_Worker] = []
        self._all: set[_Worker] = set()
        self._count = count
        self._stopped = False

    async def start(self) -> None:
        """All processes, ready to work; raises `CannotStart`."""
        try:
            self._idle = list(await asyncio.gather(*(self._spawn() for _ in range(self._count))))
        except NoFindings as error:
            await self.stop()
            raise CannotStart(str(error)) from error

    async def inspect(self, message: bytes) -> tuple[Finding, ...]:
        """The findings about a message (all of it, header included); raises `NoFindings`."""
        async with self._free:
            worker = await self._take()
            whole = False
            try:
                async with asyncio.timeout(self._seconds):
                    answer = await worker.exchange(message)
                whole = True
            except TimeoutError:
                raise NoFindings(f"the inspection took more than {self._seconds:g} s") from None
            except (asyncio.IncompleteReadError, ConnectionError, msgspec.MsgspecError) as error:
                raise NoFindings("a worker died") from error
            finally:
                worker.messages += 1
                if whole and worker.messages < self._most_messages and not self._stopped:
                    self._idle.append(worker)
                else:
                    await self._discard(worker)
            if answer.error:
                raise NoFindings(answer.error)
            return answer.findings

    async def stop(self) -> None:
        """End all processes, those at work too."""
        self._stopped = True
        self._idle.clear()
        await asyncio.gather(*(self._discard(worker) for worker in tuple(self._all)))

    async def _take(self) -> _Worker:
        while self._idle:
            worker = self._idle.pop()
            if worker.process.returncode is None:
                return worker
            await self._discard(worker)
        return await self._spawn()

    async def _spawn(self) -> _Worker:
        command = (sys.executable, "-P", "-m", "hauberk.system.gateway.worker")  # -P: no module comes from the current folder
        pipe = asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe, start_new_session=True)
        worker = _Worker(process)
        self._all.add(worker)
        try:
            async with asyncio.timeout(_START_SECONDS):
                answer = await worker.exchange(self._order)
        except (TimeoutError, asyncio.IncompleteReadError, ConnectionError, msgspec.MsgspecError) as error:
            await self._discard(worker)
            raise NoFindings("a worker did not start") from error
        if answer.error:
            await self._discard(worker)
            raise NoFindings(answer.error)
        return worker

    async def _discard(self, worker: _Worker) -> None:
        self._all.discard(worker)
        await worker.end()
