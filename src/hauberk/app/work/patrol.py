"""What has to be looked after although nothing was scanned: evidence that grows old, certificates that end, the weekly digest.

Each is a job of its tenant, named for its time, so that any number of workers order it and it is done once.
"""

import asyncio
import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from hauberk.app.work import orders
from hauberk.app.work.events import Event, Fingerprint
from hauberk.app.work.expiry import certificate_message, certificates, days_left, evidence_days_left, evidence_message
from hauberk.app.work.orders import Outcome
from hauberk.app.work.telling import News, tell
from hauberk.app.work.watching import certificate_fingerprint
from hauberk.app.work.workshop import Held, Workshop
from hauberk.store import jobs, scans
from hauberk.store import overview as overviews
from hauberk.store.jobs import Order, State
from hauberk.store.overview import DomainState
from hauberk.store.session import TenantSession

EVERY = timedelta(hours=6)
_EPOCH = datetime(2026, 1, 5, tzinfo=UTC)  # a Monday
_WEEK = timedelta(days=7)
_DIGEST_AT = timedelta(hours=7)
# What was scanned this recently has told of its certificates itself.
_FRESH_ENOUGH = timedelta(hours=12)
_PAGE = 200


def rounds(at: datetime) -> tuple[tuple[Order, datetime], ...]:
    """What every tenant has to have on its list at a time, with the due dates: the round that began last, and the next digest."""
    watch = _EPOCH + EVERY * ((at - _EPOCH) // EVERY)
    digest = _EPOCH + _WEEK * ((at - _EPOCH - _DIGEST_AT) // _WEEK + 1) + _DIGEST_AT
    return (
        (Order(orders.WATCH, f"watch:{watch:%Y-%m-%dT%H}", b""), watch),
        (Order(orders.DIGEST, f"digest:{digest:%Y-%m-%d}", b""), digest),
    )


async def do_watch(shop: Workshop, held: Held) -> None:
    """Walk over all domains of the tenant. Raises `StoreError`."""
    last, told = "", 0
    while True:
        async with shop.reading(held) as session:
            page = await overviews.overview(session, shop.now(), after=last, limit=_PAGE)
            found = [await _certificates(session, state, shop.now()) for state in page]
        if not page:
            break
        last = page[-1].name
        async with shop.writing(held) as session:
            for state, octets in zip(page, found, strict=True):
                told += await _look_after(session, shop, state, octets)
    async with shop.writing(held) as session:
        done = Outcome(said=f"{told} alerts raised")
        await jobs.finish(session, held.job, orders.outcome(done), shop.now())


@dataclass(frozen=True, slots=True)
class _Ending:
    """A certificate that ends soon by a tape that is not of today."""

    fingerprint: Fingerprint
    message: str


async def _certificates(session: TenantSession, state: DomainState, at: datetime) -> tuple[_Ending, ...]:
    if state.scan_id is None or state.observed_at is None or at - state.observed_at < _FRESH_ENOUGH:
        return ()
    observation = await scans.observation_of(session, state.scan_id)
    if observation is None:
        return ()
    shown = await asyncio.to_thread(certificates, observation)
    return tuple(
        _Ending(certificate_fingerprint(state.domain_id, one, days), certificate_message(state.name, one, at))
        for one in shown
        if (days := days_left(one, at)) is not None
    )


async def _look_after(session: TenantSession, shop: Workshop, state: DomainState, ending: tuple[_Ending, ...]) -> int:
    """Old news is looked into first: a certificate may have been renewed since. How many alerts were raised."""
    at, news = shop.now(), list[News]()
    for one in ending:
        digest = hashlib.sha256(str(one.fingerprint).encode()).hexdigest()[:32]
        order = Order(orders.SCAN, f"recheck:{digest}", state.name.encode(), orders.SCHEDULED + 1)
        if (await jobs.enqueue(session, order, at, at)).state in (State.FAILED, State.CANCELLED):
            news.append(News(one.fingerprint, f"{one.message} (as last seen; it could not be looked at again)"))
    if state.observed_at is not None and (days := evidence_days_left(state.observed_at, at)) is not None:
        fingerprint = Fingerprint(Event.EVIDENCE, state.domain_id, "", f"{state.scan_id}/{days}")
        news.append(News(fingerprint, evidence_message(state.name, state.observed_at, at)))
    return await tell(session, tuple(news), at, gather=shop.settings.gather)
