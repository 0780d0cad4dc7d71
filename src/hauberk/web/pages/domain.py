"""One domain: where it stands, what to mend, checking again, and what is known about it."""

import re
from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Form, HTTPException, Request, Response

from hauberk.app.work import ordering
from hauberk.app.work.planning import Rhythm, watch
from hauberk.app.work.sealing import SealError
from hauberk.store import assessments, domains, exceptions, jobs, schedule
from hauberk.store.assessments import Assessed
from hauberk.store.domains import Domain
from hauberk.store.session import TenantSession
from hauberk.web.access import Auditor, Member, Reader, Visitor
from hauberk.web.badge import address
from hauberk.web.installation import Here, Installation
from hauberk.web.page import is_partial, page, see
from hauberk.web.pages.composed import composed
from hauberk.web.pages.places import Id, assessed_of, domain_of
from hauberk.web.pages.work import progress_page, under_way
from hauberk.web.views import domain as view
from hauberk.web.views.domain import Result
from hauberk.web.views.rhythms import CHOICES, Choice, words_of
from hauberk.web.views.words import sentence

router = APIRouter(prefix="/domains/{id}")
_SELECTOR = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_])?")
_RECENT = 60  # results on the trend line


@router.get("")
async def latest(request: Request, id: Id, visitor: Reader, here: Here) -> Response:
    """The latest result."""
    async with here.store.tenant(visitor.tenant.id, writing=False) as session:
        domain = await domain_of(session, id)
        assessed = await assessments.latest(session, id, here.clock(), rubric=visitor.tenant.scored_by)
        return await _shown(request, visitor, session, domain, assessed, here, latest=True)


@router.get("/results/{result_id}")
async def earlier(request: Request, id: Id, result_id: Id, visitor: Reader, here: Here) -> Response:
    """A result as it was."""
    async with here.store.tenant(visitor.tenant.id, writing=False) as session:
        domain = await domain_of(session, id)
        assessed = await assessed_of(session, id, result_id)
        newest = await assessments.latest(session, id, here.clock(), rubric=visitor.tenant.scored_by)
        return await _shown(request, visitor, session, domain, assessed, here, latest=newest is not None and newest.id == assessed.id)


async def _shown(
    request: Request, visitor: Visitor, session: TenantSession, domain: Domain, assessed: Assessed | None, here: Here, *, latest: bool
) -> Response:
    work = await under_way(session, domain)
    base = f"/domains/{domain.id}"
    if assessed is None:
        return page(request, "domain_unscanned.html", visitor, domain=domain, work=work, tab="result", base=base)
    result = await result_of(session, visitor, assessed, here)
    history = await assessments.history(session, domain.id, here.clock(), rubric=assessed.rubric, limit=_RECENT)
    dots = view.dots(history, f"{base}/results/{{}}")
    return page(request, "domain.html", visitor, domain=domain, result=result, dots=dots, work=work, latest=latest, tab="result", base=base)


async def result_of(session: TenantSession, visitor: Visitor | Auditor, assessed: Assessed, here: Installation) -> Result:
    """A result with what was before it and the exceptions that hold now. Raises `StoreError` (missing, damaged)."""
    made = await composed(session, assessed, visitor.tenant.name)
    history = await assessments.history(session, assessed.domain_id, assessed.observed_at, rubric=assessed.rubric, limit=10)
    holding = await exceptions.of_domain(session, assessed.domain_id, holding_at=here.clock())
    return view.result(assessed, made.assessment, made.content, view.before(history, assessed), holding, here.clock())


@router.post("/scan")
async def scan(request: Request, id: Id, visitor: Member, here: Here) -> Response:
    """Check again."""
    job = await ordering.order_scan(here.store, visitor.tenant.id, id, visitor.name, here.clock())
    if is_partial(request):
        return await progress_page(request, visitor, here, job.id)
    return see(f"/work/{job.id}")


@router.post("/report")
async def report(
    request: Request,
    id: Id,
    visitor: Member,
    here: Here,
    kinds: Annotated[tuple[str, ...], Form()] = (),
    fresh: Annotated[str, Form(max_length=3)] = "",
) -> Response:
    """Generate a signed report."""
    if not kinds:
        raise HTTPException(422, "Choose at least one format for the report.")
    job = await ordering.order_report(here.store, visitor.tenant.id, id, kinds, visitor.name, here.clock(), fresh=bool(fresh))
    if is_partial(request):
        return await progress_page(request, visitor, here, job.id)
    return see(f"/work/{job.id}")


@router.get("/about")
async def about_form(request: Request, id: Id, visitor: Reader, here: Here) -> Response:
    async with here.store.tenant(visitor.tenant.id, writing=False) as session:
        domain = await domain_of(session, id)
    return await _about(request, visitor, here, domain)


async def _about(
    request: Request, visitor: Visitor, here: Installation, domain: Domain, *, wrong: str = "", saved: bool = False
) -> Response:
    try:
        badge, lost = await address(here, visitor.tenant.id, domain.id), ""
    except SealError as error:
        badge, lost = "", sentence(error)
    async with here.store.tenant(visitor.tenant.id, writing=False) as session:
        planned = await schedule.of_domain(session, domain.id)
    return page(
        request,
        "domain_about.html",
        visitor,
        status=422 if wrong else 200,
        domain=domain,
        badge=badge,
        planned=planned,
        rhythm=words_of(timedelta(seconds=planned.every) if planned else None),
        choices=CHOICES,
        lost=lost,
        wrong=wrong,
        saved=saved,
        tab="about",
        base=f"/domains/{domain.id}",
    )


@router.post("/about")
async def about(
    request: Request,
    id: Id,
    visitor: Member,
    here: Here,
    note: Annotated[str, Form(max_length=2000)] = "",
    selectors: Annotated[str, Form(max_length=2000)] = "",
    own: Annotated[str, Form(max_length=3)] = "",
) -> Response:
    """What a scan cannot know: the DKIM selectors in use, and whether the mail servers are the organisation's own."""
    named = tuple(dict.fromkeys(re.split(r"[\s,;]+", selectors.strip()))) if selectors.strip() else ()
    bad = next((one for one in named if not _SELECTOR.fullmatch(one) or len(one) > 200), "")
    async with here.store.tenant(visitor.tenant.id) as session:
        if not bad and len(named) <= 50:
            await domains.describe(session, id, note=note.strip(), own=bool(own), selectors=" ".join(named))
        domain = await domain_of(session, id)
    wrong = f"“{bad[:60]}” is no DKIM selector." if bad else "At most 50 selectors." if len(named) > 50 else ""
    return await _about(request, visitor, here, domain, wrong=wrong, saved=not wrong)


@router.post("/schedule")
async def plan(request: Request, id: Id, visitor: Member, here: Here, rhythm: Annotated[Choice, Form()]) -> Response:
    """How often the domain is checked again."""
    async with here.store.tenant(visitor.tenant.id) as session:
        await domain_of(session, id)
        if isinstance(rhythm, Rhythm):
            await watch(session, id, rhythm, here.clock())
        elif await schedule.of_domain(session, id):
            await schedule.stop(session, id)
    return see(f"/domains/{id}/about#schedule", request)


@router.post("/remove")
async def remove(request: Request, id: Id, visitor: Member, here: Here) -> Response:
    """Look at it no more; its evidence stays."""
    async with here.store.tenant(visitor.tenant.id) as session:
        domain = await domain_of(session, id)
        await domains.remove(session, id, here.clock())
        for job in await jobs.open_of(session, "scan"):
            if job.payload == domain.name.encode():
                await jobs.cancel(session, job.id, here.clock())
    return see("/", request)
