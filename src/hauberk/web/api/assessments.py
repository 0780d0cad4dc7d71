"""Assessments: results in full, a domain's history, and the formats of other programs."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from hauberk.store import assessments
from hauberk.web.api.bearer import Reader
from hauberk.web.api.paging import Page, Paged
from hauberk.web.api.places import Id, Name, domain_named
from hauberk.web.api.problem import Complaint, invalid, not_found
from hauberk.web.api.results import Result, ResultInFull, in_full, result

router = APIRouter(tags=["assessments"])


@router.get("/domains/{name}/assessments", responses={404: {}})
async def list_assessments(
    caller: Reader, name: Name, window: Paged, rubric: Annotated[str, Query(max_length=80, description="By this rubric only.")] = ""
) -> Page[Result]:
    """How a domain did over time, newest first."""
    async with caller.reading() as session:
        domain = await domain_named(session, name)
        before = window.before("assessment")
        last = await assessments.by_id(session, before) if before else None
        if before and (last is None or last.domain_id != domain.id):
            raise invalid(Complaint("this is no cursor of this list; begin without one", parameter="cursor"))
        found = await assessments.history(session, domain.id, caller.at, rubric=rubric, before=last, limit=window.limit + 1)
    return window.page("assessment", found, result, lambda assessed: assessed.id)


@router.get("/assessments/{id}", response_model=ResultInFull, responses={304: {"description": "The client has it already."}, 404: {}})
async def get_assessment(caller: Reader, id: Id, request: Request) -> Response:
    """One result in full, with every verdict and the fix plan."""
    async with caller.reading() as session:
        assessed = await assessments.by_id(session, id)
        if assessed is None:
            raise not_found("assessment")
        return await in_full(request, session, assessed)
