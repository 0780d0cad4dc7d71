"""What stands beside a domain's results: its reports, files that others made, and exceptions that somebody answers for."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated

from fastapi import APIRouter, File, Form, Request, Response, UploadFile

from hauberk.checks.catalogue import all_checks
from hauberk.store import assessments, attachments, exceptions, reports
from hauberk.store.attachments import Upload
from hauberk.store.errors import Fault, StoreError, missing
from hauberk.web.access import Administrator, Auditor, Member, Reader, Visitor
from hauberk.web.installation import Here, Installation
from hauberk.web.page import page, see
from hauberk.web.pages.download import OCTETS, download
from hauberk.web.pages.places import Id, domain_of
from hauberk.web.views.attached import KINDS, NotAcceptedError, accepted
from hauberk.web.views.issued import issues
from hauberk.web.views.words import sentence

router = APIRouter(prefix="/domains/{id}")
LARGEST_FILE = 20 * 1024 * 1024
_LONGEST_EXCEPTION = timedelta(days=366)


@router.get("/evidence")
async def evidence(request: Request, id: Id, visitor: Reader, here: Here) -> Response:
    return await _shown(request, visitor, here, id)


async def _shown(request: Request, visitor: Visitor, here: Installation, id: int, *, wrong: str = "", about: str = "") -> Response:
    async with here.store.tenant(visitor.tenant.id, writing=False) as session:
        domain = await domain_of(session, id)
        issued = issues(await reports.page(session, domain_id=id, limit=60), {id: domain.name})
        attached = await attachments.of_domain(session, id)
        granted = await exceptions.of_domain(session, id)
        latest = await assessments.latest(session, id, here.clock(), rubric=visitor.tenant.scored_by)
        judged = None if latest is None else await assessments.content(session, latest.id)
    open_checks = [one.check for one in judged.verdicts if one.verdict.value in ("fail", "warn")] if judged else []
    return page(
        request,
        "domain_evidence.html",
        visitor,
        status=422 if wrong else 200,
        domain=domain,
        issues=issued,
        attached=attached,
        kinds=KINDS,
        granted=granted,
        titles={check.id: check.title for check in all_checks()},
        open_checks=open_checks,
        last_day=(here.clock() + _LONGEST_EXCEPTION).date(),
        wrong=wrong,
        about=about,
        tab="evidence",
        base=f"/domains/{id}",
    )


@router.post("/attachments")
async def attach(
    request: Request,
    id: Id,
    visitor: Member,
    here: Here,
    file: Annotated[UploadFile, File()],
    kind: Annotated[str, Form(max_length=40)] = "ihp-result",
) -> Response:
    """Keep a file beside the evidence: what it is has to be what it says."""
    content = await file.read(LARGEST_FILE + 1)
    try:
        read = accepted(file.filename or "", content, LARGEST_FILE)
    except NotAcceptedError as refused:
        return await _shown(request, visitor, here, id, wrong=str(refused), about="attachment")
    upload = Upload(kind if kind in KINDS else "other", read.name, read.media_type, content)
    async with here.store.tenant(visitor.tenant.id) as session:
        latest = await assessments.latest(session, id, here.clock(), rubric=visitor.tenant.scored_by)
        scan_id = None if latest is None else latest.scan_id
        await attachments.add(session, id, upload, visitor.name, here.clock(), scan_id=scan_id)
    return see(f"/domains/{id}/evidence#attachments", request)


@router.get("/attachments/{attachment_id}")
async def attachment(id: Id, attachment_id: Id, visitor: Reader, here: Here) -> Response:
    return await attached_file(visitor, here, id, attachment_id)


async def attached_file(seer: Visitor | Auditor, here: Installation, id: int, attachment_id: int) -> Response:
    """Raises `StoreError` (missing)."""
    async with here.store.tenant(seer.tenant.id, writing=False) as session:
        found = await attachments.by_id(session, attachment_id)
        content = await attachments.content(session, attachment_id)
    if found is None or content is None or found.domain_id != id:
        raise missing("attachment")
    return download(found.name, content, found.media_type or OCTETS)


@router.post("/exceptions")
async def grant(
    request: Request,
    id: Id,
    visitor: Administrator,
    here: Here,
    check: Annotated[str, Form(max_length=120)],
    reason: Annotated[str, Form(max_length=2000)] = "",
    approver: Annotated[str, Form(max_length=200)] = "",
    until: Annotated[str, Form(max_length=10)] = "",
    subject: Annotated[str, Form(max_length=300)] = "",
) -> Response:
    """Accept a finding as it is, with a reason, until a day."""
    if check not in {known.id for known in all_checks()}:
        return await _shown(request, visitor, here, id, wrong="Choose a check of the catalogue.", about="exception")
    end = _end_of(until)
    if end is None or end > here.clock() + _LONGEST_EXCEPTION + timedelta(days=1):
        return await _shown(request, visitor, here, id, wrong="Give the day on which the exception ends, within a year.", about="exception")
    asked = exceptions.Request(id, check, reason.strip(), approver.strip(), end, subject.strip())
    try:
        async with here.store.tenant(visitor.tenant.id) as session:
            await exceptions.grant(session, asked, here.clock())
    except StoreError as refused:
        if refused.fault is not Fault.INVALID:
            raise
        return await _shown(request, visitor, here, id, wrong=sentence(refused), about="exception")
    return see(f"/domains/{id}/evidence#exceptions", request)


@router.post("/exceptions/{exception_id}/end")
async def revoke(request: Request, id: Id, exception_id: Id, visitor: Administrator, here: Here) -> Response:
    async with here.store.tenant(visitor.tenant.id) as session:
        found = await exceptions.by_id(session, exception_id)
        if found is None or found.domain_id != id:
            raise missing("exception")
        await exceptions.revoke(session, exception_id, visitor.name, here.clock())
    return see(f"/domains/{id}/evidence#exceptions", request)


def _end_of(text: str) -> datetime | None:
    """The end of the day, in UTC."""
    try:
        return datetime.combine(date.fromisoformat(text), time(23, 59, 59), UTC)
    except ValueError:
        return None
