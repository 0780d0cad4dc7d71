"""The report centre: generate, list, download."""

from typing import Annotated

from fastapi import APIRouter, Form, HTTPException, Query, Request, Response

from hauberk.app.work import ordering
from hauberk.app.work.planning import look_after
from hauberk.protocols.malformed import Malformed
from hauberk.protocols.names import parse_domain
from hauberk.store import domains, reports
from hauberk.store.errors import missing
from hauberk.web.access import Member, Reader, Visitor
from hauberk.web.installation import Here, Installation
from hauberk.web.page import is_partial, page, see
from hauberk.web.pages.download import MEDIA_TYPES, OCTETS, download
from hauberk.web.pages.places import LARGEST, Id
from hauberk.web.pages.work import progress_page
from hauberk.web.views.issued import issues
from hauberk.web.views.words import sentence

router = APIRouter(prefix="/reports")
_PAGE = 120  # files, of which an order makes one to seven
_OFFERED = 1000  # names offered while somebody types


@router.get("")
async def centre(request: Request, visitor: Reader, here: Here, before: Annotated[int, Query(ge=1, le=LARGEST)] = LARGEST) -> Response:
    return await _shown(request, visitor, here, before=before)


async def _shown(
    request: Request, visitor: Visitor, here: Installation, *, before: int = LARGEST, wrong: str = "", typed: str = ""
) -> Response:
    async with here.store.tenant(visitor.tenant.id, writing=False) as session:
        found = await reports.page(session, before=before, limit=_PAGE)
        names = await domains.names_of(session, {report.domain_id for report in found})
        offered = await domains.page(session, limit=_OFFERED)
    older = found[-1].id if len(found) == _PAGE else 0
    return page(
        request,
        "reports.html",
        visitor,
        status=422 if wrong else 200,
        issues=issues(found, names),
        offered=offered,
        older=older,
        newest=before == LARGEST,
        wrong=wrong,
        typed=typed or (offered[0].name if len(offered) == 1 else ""),
    )


@router.post("")
async def generate(
    request: Request,
    visitor: Member,
    here: Here,
    domain: Annotated[str, Form(max_length=300)] = "",
    kinds: Annotated[tuple[str, ...], Form()] = (),
    fresh: Annotated[str, Form(max_length=3)] = "",
) -> Response:
    """Generate a signed report of a domain; one that is not looked after yet is added."""
    name = parse_domain(domain)
    if isinstance(name, Malformed) or not kinds:
        wrong = name.reason if isinstance(name, Malformed) else "choose at least one format"
        if is_partial(request):
            raise HTTPException(422, sentence(wrong))
        return await _shown(request, visitor, here, wrong=sentence(wrong), typed=domain)
    async with here.store.tenant(visitor.tenant.id) as session:
        await look_after(session, (name,), here.clock())
        asked = await domains.add(session, name, here.clock())
    job = await ordering.order_report(here.store, visitor.tenant.id, asked.id, kinds, visitor.name, here.clock(), fresh=bool(fresh))
    if is_partial(request):
        return await progress_page(request, visitor, here, job.id)
    return see(f"/work/{job.id}")


@router.get("/{id}")
async def file(id: Id, visitor: Reader, here: Here) -> Response:
    """The very octets that were issued."""
    async with here.store.tenant(visitor.tenant.id, writing=False) as session:
        found = await reports.by_id(session, id)
        content = await reports.content(session, id)
    if found is None or content is None:
        raise missing("report")
    return download(found.name, content, MEDIA_TYPES.get(found.format, OCTETS))
