"""A process that does scan jobs and says after each commit what it has stored; it is there to be killed.

Arguments: the database's URL, the tenant's id. It claims jobs `scan N`, stores a scan with that job's key and finishes the job in the same
transaction, until none is left.
"""

import asyncio
import sys
from datetime import UTC, datetime, timedelta

from hauberk.store import assessments, jobs, scans
from hauberk.store.store import Store
from store.samples import NOW, assessment, observation


async def work(url: str, tenant: int, worker: str) -> None:
    store = await Store.open(url)
    while True:
        async with store.system() as system:
            claimed = await jobs.claim(system, worker, datetime.now(UTC), timedelta(seconds=1))
        if not claimed:
            break
        (job,) = claimed
        async with store.tenant(tenant) as session:
            seen = observation("example.com", NOW + timedelta(minutes=int(job.payload)))
            scan = await scans.store(session, seen, NOW, key=job.key)
            await assessments.add(session, scan.scan.id, assessment(seen), NOW)
            await jobs.finish(session, job, f"scan {scan.scan.id}", NOW)
        sys.stdout.write(f"{job.key}\n")
        sys.stdout.flush()
    await store.close()


if __name__ == "__main__":
    asyncio.run(work(sys.argv[1], int(sys.argv[2]), sys.argv[3]))
