"""Worlds that are shared for a while: what was asked before an order is asked anew, and nobody is left in a world that was closed."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta

from app.work.kit import Clock
from hauberk.app.work.worlds import Worlds
from hauberk.lab.casebook import Case, CaseWorld
from hauberk.world.world import World

MINUTE = timedelta(minutes=1)


class Counting:
    def __init__(self) -> None:
        self.entered = 0
        self.left = 0

    @asynccontextmanager
    async def __call__(self) -> AsyncGenerator[World]:
        self.entered += 1
        yield CaseWorld(Case("any", "pass"))
        self.left += 1


def test_domains_ordered_together_share_a_world() -> None:
    async def scenario() -> None:
        counting, clock = Counting(), Clock()
        worlds = Worlds(counting, clock)
        async with worlds.visit("a.example", clock()) as one, worlds.visit("b.example", clock()) as other:
            assert one is other
        await worlds.close()
        assert (counting.entered, counting.left) == (1, 1)

    asyncio.run(scenario())


def test_an_order_made_after_a_world_began_gets_a_new_one_and_so_does_a_domain_that_was_there() -> None:
    async def scenario() -> None:
        counting, clock = Counting(), Clock()
        worlds = Worlds(counting, clock)
        async with worlds.visit("a.example", clock()) as first:
            ordered = clock() + MINUTE
            clock.advance(2 * MINUTE)
            async with worlds.visit("b.example", ordered) as second:
                assert second is not first
            async with worlds.visit("b.example", ordered) as third:
                assert third is not second
            assert counting.left == 1  # the second, which nobody is in
        assert counting.left == 2
        await worlds.close()
        assert counting.left == counting.entered == 3

    asyncio.run(scenario())


def test_an_old_world_is_left_as_soon_as_nobody_is_in_it() -> None:
    async def scenario() -> None:
        counting, clock = Counting(), Clock()
        worlds = Worlds(counting, clock, seconds=0.05)
        async with worlds.visit("a.example", clock()):
            await asyncio.sleep(0.06)
            await worlds.rest()
            assert counting.left == 0
        await worlds.rest()
        assert counting.left == 1
        async with worlds.visit("a.example", clock()):
            await worlds.rest()
            assert (counting.entered, counting.left) == (2, 1)
        await worlds.close()

    asyncio.run(scenario())
