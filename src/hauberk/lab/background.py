"""A lab that runs in a thread of its own, for callers that are not asynchronous."""

import asyncio
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager

from hauberk.lab.internet import Lab


@contextmanager
def in_background(lab: Lab, new_loop: Callable[[], asyncio.AbstractEventLoop] = asyncio.new_event_loop) -> Generator[Lab]:
    """Enter the lab in another thread's event loop and leave it with the block."""
    loop = new_loop()
    thread = threading.Thread(target=loop.run_forever, name="hauberk-lab", daemon=True)
    thread.start()
    try:
        asyncio.run_coroutine_threadsafe(lab.__aenter__(), loop).result(30)
        try:
            yield lab
        finally:
            asyncio.run_coroutine_threadsafe(_leave(lab), loop).result(30)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(30)
        loop.close()


async def _leave(lab: Lab) -> None:
    await lab.__aexit__()
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
