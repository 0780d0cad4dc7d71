"""The overview of all domains, and adding some: one or ten thousand at once."""

import asyncio
from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Query, Request, Response

from hauberk.app.work import ordering, orders
from hauberk.app.work.planning import look_after
from hauberk.store import alerts, domains, jobs, overview, schedule, tenants
from hauberk.store.session import TenantSession
from hauberk.web.access import Member, Reader
from hauberk.web.installation import Here
from hauberk.web.page import page, see
from hauberk.web.views import overview as view
from hauberk.web.views.pasted import pasted
from hauberk.web.views.rhythms import words_of

router = APIRouter()
MOST_DOMAINS = 100_000
_TREND = timedelta(days=183)  # what a line of a hundred pixels can show
_SHOWN = 200


def _asked(
    q: Annotated[str, Query(max_length=253)] = "",
    state: Annotated[str, Query(max_length=20)] = "",
    sort: Annotated[str, Query(max_length=20)] = "name",
    down: Annotated[str, Query(max_length=1)] = "",
    number: Annotated[int, Query(alias="page", ge=1, le=10**6)] = 1,
) -> view.Wanted:
    return view.wanted(q, state, sort, down=bool(down), page=number)


Asked = Annotated[view.Wanted, Depends(_asked)]


@router.get("/")
async def every_domain(request: Request, visitor: Reader, here: Here, asked: Asked) -> Response:
    async with here.store.tenant(visitor.tenant.id, writing=False) as session:
        shown = await overview_of(session, asked, here)
        told = await alerts.page(session, limit=5)
        working = await jobs.under_way(session, orders.SCAN, here.clock())
        former = bool(await domains.removed(session, limit=1))
    return page(request, template_of(request), visitor, shown=shown, alerts=told, working=working, former=former, at="/", to="/domains/")


def template_of(request: Request) -> str:
    """The table alone where a filter changes."""
    return "overview_table.html" if request.headers.get("hx-target") == "domains" else "overview.html"


async def overview_of(session: TenantSession, asked: view.Wanted, here: Here) -> view.Overview:
    """The overview of the session's tenant."""
    at, rubric = here.clock(), (await tenants.current(session)).scored_by
    every = await overview.overview(session, at, rubric=rubric, limit=MOST_DOMAINS)
    found = view.chosen(every, asked, at)
    ids = [one.domain_id for one in view.page_of(found, asked)]
    trends = await overview.trends(session, ids, at - _TREND, at, rubric=rubric)
    return view.overview(every, found, asked, trends, at)


@router.get("/domains")
async def no_list_here(request: Request, visitor: Reader) -> Response:
    del visitor
    return see("/", request)


@router.get("/domains/removed")
async def looked_after_no_more(
    request: Request, visitor: Reader, here: Here, after: Annotated[str, Query(max_length=253)] = ""
) -> Response:
    """Where the evidence of removed domains is found."""
    async with here.store.tenant(visitor.tenant.id, writing=False) as session:
        found = await domains.removed(session, after=after, limit=_SHOWN)
    return page(request, "domains_removed.html", visitor, found=found, more=found[-1].name if len(found) == _SHOWN else "")


@router.get("/domains/add")
async def add_form(request: Request, visitor: Member) -> Response:
    return page(request, "domains_add.html", visitor, text="", read=None)


@router.post("/domains/add")
async def add(
    request: Request, visitor: Member, here: Here, names: Annotated[str, Form(max_length=4_000_000)] = "", scan: Annotated[str, Form()] = ""
) -> Response:
    """All good names are added in one go; the others are listed with what is wrong."""
    read = await asyncio.to_thread(pasted, names)
    if not read.names:
        return page(request, "domains_add.html", visitor, text=names[:100_000], read=read, status=422)
    at = here.clock()
    async with here.store.tenant(visitor.tenant.id) as session:
        ids = await look_after(session, read.names, at)
        names_of = await domains.names_of(session, ids[:_SHOWN])
        every = await schedule.default(session)
    ordered = await ordering.order_scans(here.store, visitor.tenant.id, ids, at) if scan else 0
    there = len(read.names) - len(ids)
    planned = words_of(every) if every else ""
    return page(
        request, "domains_added.html", visitor, read=read, added=names_of, new=len(ids), there=there, ordered=ordered, planned=planned
    )


@router.post("/scan-all")
async def scan_all(request: Request, visitor: Member, here: Here) -> Response:
    """A new scan of every domain, behind whatever somebody waits for."""
    async with here.store.tenant(visitor.tenant.id, writing=False) as session:
        every = await overview.overview(session, here.clock(), limit=MOST_DOMAINS)
    ordered = await ordering.order_scans(here.store, visitor.tenant.id, [one.domain_id for one in every], here.clock())
    return page(request, "domains_added.html", visitor, read=None, added={}, new=0, there=0, ordered=ordered)
