"""A domain over time: every result, the trend, and what any two scans have changed between them."""

import asyncio
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from hauberk.checks.catalogue import all_checks
from hauberk.store import alerts, assessments, scans
from hauberk.store.errors import missing
from hauberk.store.session import TenantSession
from hauberk.web.access import Auditor, Reader, Visitor
from hauberk.web.installation import Here, Installation
from hauberk.web.page import page
from hauberk.web.pages.composed import kept
from hauberk.web.pages.download import download
from hauberk.web.pages.places import LARGEST, Id, assessed_of, domain_of
from hauberk.web.views import domain as view
from hauberk.web.views.difference import Difference, difference
from hauberk.web.views.history import entries

router = APIRouter(prefix="/domains/{id}")
ResultId = Annotated[int, Query(ge=0, le=LARGEST)]
_MOST = 400


@router.get("/history")
async def history(request: Request, id: Id, visitor: Reader, here: Here) -> Response:
    return await history_page(request, visitor, here, id, f"/domains/{id}")


async def history_page(request: Request, seer: Visitor | Auditor, here: Installation, id: int, base: str) -> Response:
    """Alerts are for those who look after the domain."""
    async with here.store.tenant(seer.tenant.id, writing=False) as session:
        domain = await domain_of(session, id)
        results = await assessments.history(session, id, here.clock(), limit=_MOST)
        told = await alerts.page(session, domain_id=id, limit=20) if isinstance(seer, Visitor) else ()
    rubric = results[0].rubric if results else ""
    dots = view.dots(tuple(one for one in results if one.rubric == rubric), f"{base}/results/{{}}")
    return page(
        request, "domain_history.html", seer, domain=domain, entries=entries(results), dots=dots, alerts=told, tab="history", base=base
    )


@router.get("/difference")
async def changes(request: Request, id: Id, visitor: Reader, here: Here, before: ResultId = 0, after: ResultId = 0) -> Response:
    """What changed between two results; the older one is always the first."""
    return await difference_page(request, visitor, here, id, f"/domains/{id}", (before, after))


async def difference_page(
    request: Request, seer: Visitor | Auditor, here: Installation, id: int, base: str, results: tuple[int, int]
) -> Response:
    async with here.store.tenant(seer.tenant.id, writing=False) as session:
        domain = await domain_of(session, id)
        found = await _difference_of(session, id, *results)
    return page(request, "domain_difference.html", seer, domain=domain, found=found, tab="history", base=base)


async def _difference_of(session: TenantSession, domain_id: int, before: int, after: int) -> Difference:
    """Raises `StoreError` (missing, damaged)."""
    first, second = sorted(
        (await assessed_of(session, domain_id, before), await assessed_of(session, domain_id, after)),
        key=lambda one: (one.observed_at, one.id),
    )
    old, new = await kept(session, first), await kept(session, second)
    return await asyncio.to_thread(difference, old, new, {check.id: check.title for check in all_checks()})


@router.get("/scans/{scan_id}/tape")
async def tape(id: Id, scan_id: Id, visitor: Reader, here: Here) -> Response:
    """The raw evidence of a scan, as it is kept."""
    return await tape_file(visitor, here, id, scan_id)


async def tape_file(seer: Visitor | Auditor, here: Installation, id: int, scan_id: int) -> Response:
    """Raises `StoreError` (missing)."""
    async with here.store.tenant(seer.tenant.id, writing=False) as session:
        domain = await domain_of(session, id)
        scan = await scans.by_id(session, scan_id)
        content = await scans.tape_of(session, scan_id)
    if scan is None or content is None or scan.domain_id != id:
        raise missing("scan")
    return download(f"{domain.name}_{scan.observed_at:%Y-%m-%d_%H%M}.tape.json.gz", content, "application/gzip")
