"""A worker in a process of its own, with a world of its own making; it is there to be killed. Arguments: the database's URL, a folder."""

import asyncio
import sys
from datetime import timedelta
from pathlib import Path

from app.work.kit import Place
from hauberk.app.scanning import now
from hauberk.app.work.work_settings import WorkSettings
from hauberk.app.work.worker import Worker
from hauberk.store.store import Store


async def work(url: str, data: Path) -> None:
    store = await Store.open(url)
    place = Place(delay=0.02, mute=True)
    settings = WorkSettings(data, at_once=10, poll=0.05, lease=timedelta(seconds=2))
    await Worker(store, place.world, settings, now).run(asyncio.Event())


if __name__ == "__main__":
    asyncio.run(work(sys.argv[1], Path(sys.argv[2])))
