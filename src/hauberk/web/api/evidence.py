"""What stands beside a domain's results: exceptions that somebody answers for, and files that others made."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Literal

from fastapi import APIRouter, File, Form, Request, Response, UploadFile
from pydantic import ConfigDict, Field

from hauberk.checks.catalogue import all_checks
from hauberk.store import attachments, domains, exceptions
from hauberk.web.api.bearer import Reader, Steward
from hauberk.web.api.jobs import LOCATED
from hauberk.web.api.paging import Page, whole
from hauberk.web.api.places import Id, Name, at, domain_named
from hauberk.web.api.problem import Complaint, invalid, not_found
from hauberk.web.api.tags import download
from hauberk.web.api.values import Moment
from hauberk.web.views.attached import NotAcceptedError, accepted

router = APIRouter(tags=["evidence"])
LARGEST_FILE = 20 * 1024 * 1024
_LONGEST = timedelta(days=366)
AttachmentKind = Literal["ihp-result", "certificate", "letter", "other"]


@dataclass(frozen=True, slots=True)
class ExceptionOrder:
    """Who accepts which check as it is, why, and until when: a year at most. `subject` limits it to one subject of the check's findings."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    check: Annotated[str, Field(max_length=120, examples=["dmarc.policy-enforced"])]
    reason: Annotated[str, Field(min_length=1, max_length=2000, examples=["the old gateway leaves in May"])]
    approver: Annotated[str, Field(min_length=1, max_length=200, examples=["Ada Lovelace, CISO"])]
    expires_at: Moment
    subject: Annotated[str, Field(max_length=300)] = ""


@dataclass(frozen=True, slots=True)
class Exemption:
    """A finding that somebody answers for. It changes no verdict: it stands beside it."""

    id: int
    domain: Annotated[str, Field(examples=["example.com"])]
    check: str
    subject: str
    reason: str
    approver: str
    granted_at: datetime
    expires_at: datetime
    revoked_at: datetime | None
    revoked_by: str
    holds: Annotated[bool, Field(description="Whether it holds now.")]


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that others made, kept as it was. `size` in octets."""

    id: int
    kind: Annotated[str, Field(examples=["ihp-result"])]
    name: str
    media_type: str
    scan_id: int | None
    added_at: datetime
    added_by: str
    size: int
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


@router.get("/domains/{name}/exceptions", responses={404: {}})
async def list_exceptions(caller: Reader, name: Name) -> Page[Exemption]:
    """All exceptions of a domain, newest first; those that hold no more as well."""
    async with caller.reading() as session:
        domain = await domain_named(session, name)
        found = await exceptions.of_domain(session, domain.id)
    return whole(found, lambda one: _exemption(one, name, caller.at))


@router.post("/domains/{name}/exceptions", status_code=201, responses={201: LOCATED, 404: {}})
async def grant_exception(caller: Steward, name: Name, body: ExceptionOrder, request: Request, response: Response) -> Exemption:
    """Accept a finding as it is. It goes into the chain of evidence."""
    if body.check not in {check.id for check in all_checks()}:
        raise invalid(Complaint("there is no such check in the catalogue", pointer="#/check"))
    if body.expires_at > caller.at + _LONGEST:
        raise invalid(Complaint("an exception ends within a year", pointer="#/expires_at"))
    async with caller.writing() as session:
        domain = await domain_named(session, name)
        asked = exceptions.Request(domain.id, body.check, body.reason.strip(), body.approver.strip(), body.expires_at, body.subject.strip())
        made = await exceptions.grant(session, asked, caller.at)
    response.headers["Location"] = at(request, "exceptions", made.id)
    return _exemption(made, name, caller.at)


@router.get("/exceptions/{id}", responses={404: {}})
async def get_exception(caller: Reader, id: Id) -> Exemption:
    """Look at one exception."""
    async with caller.reading() as session:
        found = await exceptions.by_id(session, id)
        if found is None:
            raise not_found("exception")
        names = await domains.names_of(session, (found.domain_id,))
    return _exemption(found, names[found.domain_id], caller.at)


@router.delete("/exceptions/{id}", status_code=204, responses={404: {}})
async def revoke_exception(caller: Steward, id: Id) -> None:
    """End an exception now; it stays on record. Revoking it again changes nothing."""
    async with caller.writing() as session:
        await exceptions.revoke(session, id, caller.by, caller.at)


@router.get("/domains/{name}/attachments", responses={404: {}})
async def list_attachments(caller: Reader, name: Name) -> Page[Attachment]:
    """The files beside a domain's evidence, newest first."""
    async with caller.reading() as session:
        domain = await domain_named(session, name)
        return whole(await attachments.of_domain(session, domain.id), _attachment)


@router.post("/domains/{name}/attachments", status_code=201, responses={201: LOCATED, 404: {}})
async def attach_file(
    caller: Steward,
    name: Name,
    request: Request,
    response: Response,
    file: Annotated[UploadFile, File(description="A PDF, PNG, JPG or text of at most 20 MiB: what it is has to be what it says.")],
    kind: Annotated[AttachmentKind, Form()] = "other",
) -> Attachment:
    """Keep a file beside a domain's evidence. It goes into the chain, and cannot be changed or taken away."""
    content = await file.read(LARGEST_FILE + 1)
    try:
        read = accepted(file.filename or "", content, LARGEST_FILE)
    except NotAcceptedError as error:
        raise invalid(Complaint(str(error), pointer="#/file")) from None
    upload = attachments.Upload(kind, read.name, read.media_type, content)
    async with caller.writing() as session:
        domain = await domain_named(session, name)
        made = await attachments.add(session, domain.id, upload, caller.by, caller.at)
    response.headers["Location"] = at(request, "attachments", made.id)
    return _attachment(made)


@router.get("/attachments/{id}", responses={404: {}})
async def get_attachment(caller: Reader, id: Id) -> Attachment:
    """Look at one attachment."""
    async with caller.reading() as session:
        found = await attachments.by_id(session, id)
    if found is None:
        raise not_found("attachment")
    return _attachment(found)


@router.get(
    "/attachments/{id}/content",
    response_class=Response,
    responses={
        200: {"content": {"application/octet-stream": {}}, "description": "The very octets that were attached."},
        304: {"description": "The client has it already."},
        404: {},
    },
)
async def download_attachment(caller: Reader, id: Id, request: Request) -> Response:
    """The file itself, to be kept and not to be shown: it is somebody else's."""
    async with caller.reading() as session:
        found = await attachments.by_id(session, id)
        content = await attachments.content(session, id)
    if found is None or content is None:
        raise not_found("attachment")
    return download(request, content, "application/octet-stream", found.name)


def _exemption(one: exceptions.Exemption, domain: str, now: datetime) -> Exemption:
    return Exemption(
        id=one.id,
        domain=domain,
        check=one.check,
        subject=one.subject,
        reason=one.reason,
        approver=one.approver,
        granted_at=one.granted_at,
        expires_at=one.expires_at,
        revoked_at=one.revoked_at,
        revoked_by=one.revoked_by,
        holds=one.holds(now),
    )


def _attachment(one: attachments.Attachment) -> Attachment:
    return Attachment(
        id=one.id,
        kind=one.kind,
        name=one.name,
        media_type=one.media_type,
        scan_id=one.scan_id,
        added_at=one.added_at,
        added_by=one.added_by,
        size=one.size,
        sha256=one.sha256,
    )
