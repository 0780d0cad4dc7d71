"""Many domains in several processes, since one process keeps only one core busy: each has a world of its own, and takes the next domain
when it has room for one, so that all end at about the same time.

What is made of a scan is made where the scan is, and only that comes over: a whole scan costs more to hand over than to judge.
"""

import asyncio
import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from multiprocessing import get_all_start_methods, get_context, parent_process
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from multiprocessing.sharedctypes import Synchronized
from threading import Thread
from typing import TypeVar, cast

from hauberk.app.loop import run
from hauberk.app.scanning import Scan, ScanOrder, scan_domains
from hauberk.world.live import LiveConfig, LiveWorld
from hauberk.world.politeness import Manners

T = TypeVar("T")
_GATHERING = 0.05  # seconds; every message wakes the other process, which costs more than what it holds


class ShardError(Exception):
    """A scanning process ended before its domains did."""


def polite_shards(wanted: int, order: ScanOrder, manners: Manners) -> int:
    """How many processes there may be: with connections to servers no more than connections that one address may have."""
    return max(1, min(wanted, manners.per_address) if order.options.smtp else wanted)


def scan_in_processes(
    config: LiveConfig, domains: Sequence[str], order: ScanOrder, made: Callable[[Scan], T], *, processes: int, at_once: int = 50
) -> Iterator[T]:
    """`made` of every scan, in the order of `domains`; it must be a function of a module, and its results small.

    The processes share out the connections that one address may have. Raises `ShardError`.
    """
    context = get_context("fork") if "fork" in get_all_start_methods() else get_context("spawn")
    share, following = replace(config, manners=_share(config.manners, processes)), context.Value("Q", 0)
    workers: dict[Connection, BaseProcess] = {}
    try:
        for _ in range(processes):
            receiver, sender = context.Pipe(duplex=False)
            shard = _Shard(share, tuple(domains), following, order, made, max(1, at_once // processes), sender)
            workers[receiver] = context.Process(target=shard.scan, daemon=True)
            workers[receiver].start()
            sender.close()
        for result in _in_order(workers, len(domains)):
            yield cast(T, result)
    finally:
        for worker in workers.values():
            worker.terminate()
            worker.join()


def _share(manners: Manners, processes: int) -> Manners:
    return replace(
        manners,
        per_address=max(1, manners.per_address // processes),
        pause=manners.pause * processes,
        burst=max(1, manners.burst // processes),
        total=max(1, manners.total // processes),
    )


def _in_order(workers: dict[Connection, BaseProcess], count: int) -> Iterator[object]:
    """Results taken as they come, so that no process waits for another, and given on in the order of the domains."""
    early, at_work = dict[int, object](), dict(workers)
    for number in range(count):
        while number not in early:
            if not at_work:
                raise ShardError("the scanning processes left a domain out")
            for receiver in cast("list[Connection]", wait(tuple(at_work))):
                try:
                    early |= cast("dict[int, object]", receiver.recv())
                except (EOFError, OSError):  # the latter in the middle of a message
                    _see_off(at_work.pop(receiver))
        yield early.pop(number)


def _see_off(worker: BaseProcess) -> None:
    worker.join()
    if worker.exitcode:
        raise ShardError("a scanning process ended before its work was done")


@dataclass(frozen=True, slots=True)
class _Shard:
    """One process's part in the work. `following` is the number of the next domain that nobody has taken."""

    config: LiveConfig
    domains: tuple[str, ...]
    following: "Synchronized[int]"
    order: ScanOrder
    made: Callable[[Scan], object]
    at_once: int
    sender: Connection

    def scan(self) -> None:
        Thread(target=_end_with_the_parent, daemon=True).start()
        with ThreadPoolExecutor(1) as giving:
            run(self._scan(giving))

    async def _scan(self, giving: ThreadPoolExecutor) -> None:
        """`giving` is the thread that hands over: who takes results slowly must not hold up the clock of the scans that go on."""
        loop, results, taken = asyncio.get_running_loop(), dict[int, object](), deque[int]()

        def hand_over() -> None:
            if results:
                giving.submit(self.sender.send, dict(results))
                results.clear()

        async with LiveWorld(self.config) as world:
            async for scan in scan_domains(world, self._turns(taken), self.order, at_once=self.at_once):
                if not results:
                    loop.call_later(_GATHERING, hand_over)
                results[taken.popleft()] = self.made(scan)
        hand_over()

    def _turns(self, taken: deque[int]) -> Iterator[str]:
        """The domains that it is this process's turn to scan; their numbers go to `taken`."""
        while True:
            with self.following.get_lock():
                number = self.following.value
                self.following.value = number + 1
            if number >= len(self.domains):
                return
            taken.append(number)
            yield self.domains[number]


def _end_with_the_parent() -> None:
    """Nobody wants the rest when the parent was killed, and what it did not take would keep this process for ever."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
