"""Operations that are not abandoned half way."""

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any, TypeVar

T = TypeVar("T")


async def whole(operation: Coroutine[Any, Any, T]) -> T:
    """Bring it to its end, and be cancelled only then.

    A driver whose statement is given up while its thread runs it keeps SQLite's one lock until the connection is collected as garbage.
    """
    task = asyncio.ensure_future(operation)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        while not task.done():
            with suppress(asyncio.CancelledError):
                await asyncio.wait((task,))
        if not task.cancelled():
            task.exception()  # nobody is left to hear of it
        raise
