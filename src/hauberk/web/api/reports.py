"""Reports: ordering them, listing them, fetching the very files that were issued."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Request, Response
from pydantic import ConfigDict, Field

from hauberk.app.work import ordering
from hauberk.store import domains, reports
from hauberk.web.api.bearer import Reader, Reporter
from hauberk.web.api.jobs import ACCEPTED, IdempotencyKey, Job, key_of, ordered
from hauberk.web.api.paging import Page, Paged
from hauberk.web.api.places import DomainFilter, Id, Name, domain_filter, domain_named
from hauberk.web.api.problem import not_found
from hauberk.web.api.tags import download
from hauberk.web.api.values import Flag

router = APIRouter(tags=["reports"])
Format = Literal["pdf", "png", "jpg", "zip"]
_MEDIA_TYPES = {"pdf": "application/pdf", "png": "image/png", "jpg": "image/jpeg", "zip": "application/zip", "sig": "application/json"}


@dataclass(frozen=True, slots=True)
class ReportOrder:
    """`formats` of the files: zip is the evidence pack. A recent scan is used unless `fresh` asks for a new one."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    formats: Annotated[tuple[Format, ...], Field(min_length=1, max_length=4)] = ("pdf",)
    fresh: Flag = False


@dataclass(frozen=True, slots=True)
class Report:
    """A file that was issued; the signature of a picture or pack is a file of its own, of the format sig. `size` in octets."""

    id: int
    domain: Annotated[str, Field(examples=["example.com"])]
    assessment_id: int
    name: Annotated[str, Field(examples=["ExampleLtd_MailServerIHP_2026-11-21.pdf"])]
    format: Annotated[str, Field(examples=["pdf"])]
    created_at: datetime
    created_by: str
    size: int
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


@router.post("/domains/{name}/reports", status_code=202, responses={202: ACCEPTED, 404: {}, 409: {}})
async def order_report(
    caller: Reporter, name: Name, body: ReportOrder, request: Request, response: Response, key: IdempotencyKey = ""
) -> Job:
    """Order signed reports. The job's outcome names the files."""
    async with caller.reading() as session:
        domain = await domain_named(session, name)
    formats: tuple[str, ...] = tuple(dict.fromkeys(body.formats))
    job = await ordering.order_report(
        caller.service.store, caller.tenant, domain.id, formats, caller.by, caller.at, fresh=body.fresh, key=key_of(caller, key)
    )
    return ordered(request, response, job)


@router.get("/reports", responses={404: {}})
async def list_reports(caller: Reader, window: Paged, domain: DomainFilter = "") -> Page[Report]:
    """The reports that were issued, newest first."""
    before = window.before("report")
    async with caller.reading() as session:
        domain_id = await domain_filter(session, domain)
        found = await reports.page(session, domain_id=domain_id, before=before, limit=window.limit + 1)
        names = await domains.names_of(session, (report.domain_id for report in found))
    return window.page("report", found, lambda report: _shown(report, names[report.domain_id]), lambda report: report.id)


@router.get("/reports/{id}", responses={404: {}})
async def get_report(caller: Reader, id: Id) -> Report:
    """Look at one report."""
    async with caller.reading() as session:
        report = await reports.by_id(session, id)
        if report is None:
            raise not_found("report")
        names = await domains.names_of(session, (report.domain_id,))
    return _shown(report, names[report.domain_id])


@router.get(
    "/reports/{id}/content",
    response_class=Response,
    responses={
        200: {"content": {kind: {} for kind in _MEDIA_TYPES.values()}, "description": "The very octets that were issued."},
        304: {"description": "The client has it already."},
        404: {},
    },
)
async def download_report(caller: Reader, id: Id, request: Request) -> Response:
    """The file itself. `Repr-Digest` has its SHA-256 (RFC 9530)."""
    async with caller.reading() as session:
        report = await reports.by_id(session, id)
        content = await reports.content(session, id)
    if report is None or content is None:
        raise not_found("report")
    return download(request, content, _MEDIA_TYPES.get(report.format, "application/octet-stream"), report.name)


def _shown(report: reports.Report, domain: str) -> Report:
    return Report(
        id=report.id,
        domain=domain,
        assessment_id=report.assessment_id,
        name=report.name,
        format=report.format,
        created_at=report.created_at,
        created_by=report.created_by,
        size=report.size,
        sha256=report.sha256,
    )
