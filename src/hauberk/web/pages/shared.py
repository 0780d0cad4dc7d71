"""What somebody with a share link reads: the same results, and nothing that changes anything."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from hauberk.checks.catalogue import all_checks
from hauberk.store import assessments, attachments, exceptions, reports
from hauberk.store.errors import missing
from hauberk.web.access import Auditor, ShareHolder, auditor
from hauberk.web.installation import Here
from hauberk.web.page import page, see
from hauberk.web.pages.domain import result_of
from hauberk.web.pages.download import MEDIA_TYPES, OCTETS, download
from hauberk.web.pages.evidence import attached_file
from hauberk.web.pages.history import ResultId, difference_page, history_page, tape_file
from hauberk.web.pages.overview import Asked, overview_of, template_of
from hauberk.web.pages.places import Id, assessed_of, domain_of
from hauberk.web.views import domain as view
from hauberk.web.views.attached import KINDS
from hauberk.web.views.issued import issues

router = APIRouter(prefix="/shared")


async def _sees(id: Id, holder: Annotated[Auditor, Depends(auditor)]) -> Auditor:
    """The link shows this domain; of any other it is not said whether it is there."""
    if not holder.may_see(id):
        raise missing("domain")
    return holder


Sees = Annotated[Auditor, Depends(_sees)]


@router.get("")
async def start(request: Request, holder: ShareHolder, here: Here, asked: Asked) -> Response:
    if holder.share.domain_id is not None:
        return see(f"/shared/domains/{holder.share.domain_id}")
    async with here.store.tenant(holder.tenant.id, writing=False) as session:
        shown = await overview_of(session, asked, here)
    return page(request, template_of(request), holder, shown=shown, alerts=(), working=0, former=False, at="/shared", to="/shared/domains/")


@router.get("/domains/{id}")
async def latest(request: Request, id: Id, holder: Sees, here: Here) -> Response:
    async with here.store.tenant(holder.tenant.id, writing=False) as session:
        domain = await domain_of(session, id)
        newest = await assessments.latest(session, id, here.clock(), rubric=holder.tenant.scored_by)
    if newest is None:
        return page(request, "domain_unscanned.html", holder, domain=domain, work=None, tab="result", base=f"/shared/domains/{id}")
    return await _result(request, holder, here, id, newest.id, latest=True)


@router.get("/domains/{id}/results/{result_id}")
async def earlier(request: Request, id: Id, result_id: Id, holder: Sees, here: Here) -> Response:
    async with here.store.tenant(holder.tenant.id, writing=False) as session:
        newest = await assessments.latest(session, id, here.clock(), rubric=holder.tenant.scored_by)
    return await _result(request, holder, here, id, result_id, latest=newest is not None and newest.id == result_id)


async def _result(request: Request, holder: Auditor, here: Here, id: int, result_id: int, *, latest: bool) -> Response:
    base = f"/shared/domains/{id}"
    async with here.store.tenant(holder.tenant.id, writing=False) as session:
        domain = await domain_of(session, id)
        assessed = await assessed_of(session, id, result_id)
        result = await result_of(session, holder, assessed, here)
        history = await assessments.history(session, id, here.clock(), rubric=assessed.rubric, limit=60)
    dots = view.dots(history, f"{base}/results/{{}}")
    return page(request, "domain.html", holder, domain=domain, result=result, dots=dots, work=None, latest=latest, tab="result", base=base)


@router.get("/domains/{id}/history")
async def history(request: Request, id: Id, holder: Sees, here: Here) -> Response:
    return await history_page(request, holder, here, id, f"/shared/domains/{id}")


@router.get("/domains/{id}/difference")
async def changes(request: Request, id: Id, holder: Sees, here: Here, before: ResultId = 0, after: ResultId = 0) -> Response:
    return await difference_page(request, holder, here, id, f"/shared/domains/{id}", (before, after))


@router.get("/domains/{id}/evidence")
async def evidence(request: Request, id: Id, holder: Sees, here: Here) -> Response:
    async with here.store.tenant(holder.tenant.id, writing=False) as session:
        domain = await domain_of(session, id)
        issued = issues(await reports.page(session, domain_id=id, limit=60), {id: domain.name})
        attached = await attachments.of_domain(session, id)
        granted = await exceptions.of_domain(session, id)
    return page(
        request,
        "domain_evidence.html",
        holder,
        domain=domain,
        issues=issued,
        attached=attached,
        kinds=KINDS,
        granted=granted,
        titles={check.id: check.title for check in all_checks()},
        open_checks=[],
        last_day=here.clock().date(),
        wrong="",
        about="",
        tab="evidence",
        base=f"/shared/domains/{id}",
    )


@router.get("/domains/{id}/attachments/{attachment_id}")
async def attachment(id: Id, attachment_id: Id, holder: Sees, here: Here) -> Response:
    return await attached_file(holder, here, id, attachment_id)


@router.get("/domains/{id}/scans/{scan_id}/tape")
async def tape(id: Id, scan_id: Id, holder: Sees, here: Here) -> Response:
    return await tape_file(holder, here, id, scan_id)


@router.get("/reports/{id}")
async def file(id: Id, holder: ShareHolder, here: Here) -> Response:
    async with here.store.tenant(holder.tenant.id, writing=False) as session:
        found = await reports.by_id(session, id)
        content = await reports.content(session, id)
    if found is None or content is None or not holder.may_see(found.domain_id):
        raise missing("report")
    return download(found.name, content, MEDIA_TYPES.get(found.format, OCTETS))
