"""Scans: ordering them, their tapes, and what was made of those."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Request, Response
from pydantic import Field

from hauberk.app.work import ordering
from hauberk.store import assessments, domains, scans
from hauberk.web.api.bearer import Reader, Scanner
from hauberk.web.api.jobs import LOCATED, IdempotencyKey, Job, key_of, ordered
from hauberk.web.api.paging import Page, Paged
from hauberk.web.api.places import Id, Name, domain_named
from hauberk.web.api.problem import Complaint, invalid, not_found
from hauberk.web.api.results import Result, result
from hauberk.web.api.tags import download

router = APIRouter(tags=["scans"])
TAPE = "application/gzip"


@dataclass(frozen=True, slots=True)
class Scan:
    """One look at a domain. `evidence_id` is SHA-256 over the tape's canonical JSON; without `finished` the time limit cut it short."""

    id: int
    domain: Annotated[str, Field(examples=["example.com"])]
    evidence_id: Annotated[str, Field(pattern="^sha256:[0-9a-f]{64}$")]
    observed_at: datetime
    stored_at: datetime
    finished: bool


@router.post("/domains/{name}/scans", status_code=202, responses={202: LOCATED, 404: {}, 409: {}})
async def order_scan(caller: Scanner, name: Name, request: Request, response: Response, key: IdempotencyKey = "") -> Job:
    """Order a scan. While one of this domain waits or goes on, that one is it. Ask the job at `Location` how far it is."""
    async with caller.reading() as session:
        domain = await domain_named(session, name)
    order_key = key_of(caller, key)
    job = await ordering.order_scan(caller.service.store, caller.tenant, domain.id, caller.by, caller.at, key=order_key)
    return ordered(request, response, job)


@router.get("/domains/{name}/scans", responses={404: {}})
async def list_scans(caller: Reader, name: Name, window: Paged) -> Page[Scan]:
    """The scans of a domain, newest first."""
    async with caller.reading() as session:
        domain = await domain_named(session, name)
        before = window.before("scan")
        last = await scans.by_id(session, before) if before else None
        if before and (last is None or last.domain_id != domain.id):
            raise invalid(Complaint("this is no cursor of this list; begin without one", parameter="cursor"))
        found = await scans.history(session, domain.id, before=last, limit=window.limit + 1)
    return window.page("scan", found, lambda scan: _shown(scan, domain.name), lambda scan: scan.id)


@router.get("/scans/{id}", responses={404: {}})
async def get_scan(caller: Reader, id: Id) -> Scan:
    """Look at one scan."""
    async with caller.reading() as session:
        scan = await scans.by_id(session, id)
        domain = await domains.by_id(session, scan.domain_id) if scan else None
    if scan is None or domain is None:
        raise not_found("scan")
    return _shown(scan, domain.name)


@router.get(
    "/scans/{id}/tape",
    response_class=Response,
    responses={
        200: {"content": {TAPE: {}}, "description": "The tape, packed."},
        304: {"description": "The client has it already."},
        404: {},
    },
)
async def download_tape(caller: Reader, id: Id, request: Request) -> Response:
    """Everything that was asked and answered, as JSON in gzip. `hauberk judge` comes to the same verdicts from it."""
    async with caller.reading() as session:
        scan = await scans.by_id(session, id)
        tape = await scans.tape_of(session, id)
        domain = await domains.by_id(session, scan.domain_id) if scan else None
    if scan is None or tape is None or domain is None:
        raise not_found("scan")
    return download(request, tape, TAPE, f"{domain.name}_{scan.observed_at:%Y-%m-%d}.tape.json.gz")


@router.get("/scans/{id}/assessments", responses={404: {}})
async def list_assessments_of_scan(caller: Reader, id: Id) -> tuple[Result, ...]:
    """What was made of a scan, in the order in which it was: the same tape is judged again by newer rubrics."""
    async with caller.reading() as session:
        if await scans.by_id(session, id) is None:
            raise not_found("scan")
        return tuple(map(result, await assessments.of_scan(session, id)))


def _shown(scan: scans.Scan, domain: str) -> Scan:
    return Scan(scan.id, domain, scan.evidence_id, scan.observed_at, scan.stored_at, scan.finished)
