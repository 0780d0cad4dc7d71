"""Assessments: results in full, a domain's history, and the formats of other programs."""

import asyncio
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response

from hauberk.model.assessment import Assessment
from hauberk.report import csv
from hauberk.store import assessments, tenants
from hauberk.web.api.bearer import Reader
from hauberk.web.api.described import RESULT_IN_FULL
from hauberk.web.api.paging import Page, Paged
from hauberk.web.api.places import Id, Name, domain_named
from hauberk.web.api.problem import Complaint, invalid, not_found
from hauberk.web.api.results import Result, in_full, result

router = APIRouter(tags=["assessments"])
_MEDIA_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "csv-findings": "text/csv; charset=utf-8",
    "sarif": "application/sarif+json",
    "junit": "application/xml",
    "oscal": "application/oscal+json",
}
Export = Literal["csv", "csv-findings", "sarif", "junit", "oscal"]


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


@router.get("/assessments/{id}", responses={**RESULT_IN_FULL, 304: {"description": "The client has it already."}, 404: {}})
async def get_assessment(caller: Reader, id: Id, request: Request) -> Response:
    """One result in full, with every verdict and the fix plan."""
    async with caller.reading() as session:
        assessed = await assessments.by_id(session, id)
        if assessed is None:
            raise not_found("assessment")
        return await in_full(request, session, assessed)


@router.get(
    "/assessments/{id}/{format}",
    response_class=Response,
    responses={200: {"content": {kind.partition(";")[0]: {} for kind in _MEDIA_TYPES.values()}, "description": "The document."}, 404: {}},
)
async def export_assessment(caller: Reader, id: Id, format: Export) -> Response:
    """A result for other programs, as `hauberk judge --format` writes it."""
    async with caller.reading() as session:
        found = await assessments.content(session, id)
        tenant = await tenants.current(session)
    if found is None:
        raise not_found("assessment")
    text = await asyncio.to_thread(_exported, found, format, tenant.name)
    return Response(text, media_type=_MEDIA_TYPES[format])


def _exported(assessment: Assessment, format: Export, company: str) -> str:
    """The formats are imported when one is wanted: not every server ever writes one."""
    match format:
        case "csv":
            return csv.header() + csv.row(assessment)
        case "csv-findings":
            return csv.findings_header() + "".join(csv.finding_rows(assessment))
        case "sarif":
            from hauberk.report.exports.sarif import sarif

            return sarif((assessment,))
        case "junit":
            from hauberk.report.exports.junit import junit

            return junit((assessment,))
        case "oscal":
            from hauberk.report.exports.oscal import assessment_results

            return assessment_results((assessment,), company)
