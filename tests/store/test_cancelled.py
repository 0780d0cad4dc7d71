"""Whoever is cancelled half way (a request that hung up, a worker that was stopped) leaves nothing locked behind."""

import asyncio
import random
import time

from hauberk.store import domains
from store.samples import NOW, new_tenant, opened


def test_cancelled_writers_leave_no_lock_behind(url: str) -> None:
    chance = random.Random(5)

    async def scenario() -> None:
        async with opened(url) as store:
            tenant = await new_tenant(store)

            async def write(name: str) -> None:
                async with store.tenant(tenant) as session:
                    await domains.add(session, name, NOW)

            start = time.monotonic()
            await write("first.example")
            usual = max(0.004, time.monotonic() - start)  # so that some get through on a busy machine too
            kept, stored, longest = 0, 0, 0.0
            for attempt in range(100):
                writers = [asyncio.create_task(write(f"d{attempt}-{number}.example")) for number in range(3)]
                await asyncio.sleep(chance.random() * min(usual * 3, 0.2))
                for writer in writers:
                    writer.cancel()
                await asyncio.wait(writers)
                kept += sum(not writer.cancelled() for writer in writers)
                start = time.monotonic()
                async with store.tenant(tenant) as session:
                    stored = len(await domains.page(session, limit=1000))
                longest = max(longest, time.monotonic() - start)
            assert 0 < kept <= stored
            assert longest < 10  # a lock that nobody holds any more is waited for longer

    asyncio.run(scenario())
