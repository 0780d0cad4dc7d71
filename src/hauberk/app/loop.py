"""Which event loop the program runs on: uvloop where it is present, the standard one elsewhere."""

import gc
from asyncio import Runner
from collections.abc import Coroutine
from typing import Any, TypeVar

try:
    from uvloop import new_event_loop
except ImportError:
    from asyncio import new_event_loop

T = TypeVar("T")

# Answers of many domains are kept and are no cycles: looking through them as often as Python does by default costs a third of a scan.
_THRESHOLD = (50_000, 20, 50)


def run(main: Coroutine[Any, Any, T]) -> T:
    """`asyncio.run` on the fastest loop at hand."""
    gc.freeze()  # what the imports made stays for good; a scan's collections need not look at it again and again
    gc.set_threshold(*_THRESHOLD)
    ended: list[T] = []

    # The result stays out of the task: looking at the signals' handlers, a Runner spells its task out with all that it returned.
    async def run_to_its_end() -> None:
        ended.append(await main)

    with Runner(loop_factory=new_event_loop) as runner:
        runner.run(run_to_its_end())
    return ended[0]
