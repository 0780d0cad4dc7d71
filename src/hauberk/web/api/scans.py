"""Scans: ordering them, their tapes, and what was made of those."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Request, Response
from pydantic import ConfigDict, Field

from hauberk.app.work import ordering
from hauberk.store import assessments, domains, scans
from hauberk.store.overview import overview
from hauberk.web.api.bearer import Reader, Scanner
from hauberk.web.api.jobs import ACCEPTED, IdempotencyKey, Job, key_of, ordered
from hauberk.web.api.paging import Page, Paged, whole
from hauberk.web.api.places import Id, Name, domain_named, parsed_name
from hauberk.web.api.problem import Complaint, invalid, not_found
from hauberk.web.api.results import Result, result
from hauberk.web.api.tags import download
from hauberk.web.api.values import DomainText

router = APIRouter(tags=["scans"])
TAPE = "application/gzip"
MOST_AT_ONCE = 100_000


@dataclass(frozen=True, slots=True)
class Scan:
    """One look at a domain. `evidence_id` is SHA-256 over the tape's canonical JSON; without `finished` the time limit cut it short."""

    id: int
    domain: Annotated[str, Field(examples=["example.com"])]
    evidence_id: Annotated[str, Field(pattern="^sha256:[0-9a-f]{64}$")]
    observed_at: datetime
    stored_at: datetime
    finished: bool


@dataclass(frozen=True, slots=True)
class ManyScans:
    """The domains to scan; without any, all that are looked after."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    domains: Annotated[tuple[DomainText, ...] | None, Field(min_length=1, max_length=1000)] = None


@dataclass(frozen=True, slots=True)
class Ordered:
    """How many scans were ordered; those that wait or go on already are not counted."""

    ordered: int


@router.post("/domains/{name}/scans", status_code=202, responses={202: ACCEPTED, 404: {}, 409: {}})
async def order_scan(caller: Scanner, name: Name, request: Request, response: Response, key: IdempotencyKey = "") -> Job:
    """Order a scan. While one of this domain waits or goes on, that one is it. Ask the job at `Location` how far it is."""
    async with caller.reading() as session:
        domain = await domain_named(session, name)
    order_key = key_of(caller, key)
    job = await ordering.order_scan(caller.service.store, caller.tenant, domain.id, caller.by, caller.at, key=order_key)
    return ordered(request, response, job)


@router.post("/scans", status_code=202, responses={404: {}})
async def order_scans(caller: Scanner, body: ManyScans) -> Ordered:
    """Order scans of many domains, or of all, behind those that somebody waits for. What waits or goes on already is not ordered again."""
    async with caller.reading() as session:
        if body.domains is None:
            ids = [state.domain_id for state in await overview(session, caller.at, limit=MOST_AT_ONCE)]
        else:
            ids = [(await domain_named(session, parsed_name(name, number))).id for number, name in enumerate(body.domains)]
    return Ordered(await ordering.order_scans(caller.service.store, caller.tenant, ids, caller.at))


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
async def list_assessments_of_scan(caller: Reader, id: Id) -> Page[Result]:
    """What was made of a scan, in the order in which it was: the same tape is judged again by newer rubrics."""
    async with caller.reading() as session:
        if await scans.by_id(session, id) is None:
            raise not_found("scan")
        return whole(await assessments.of_scan(session, id), result)


def _shown(scan: scans.Scan, domain: str) -> Scan:
    return Scan(scan.id, domain, scan.evidence_id, scan.observed_at, scan.stored_at, scan.finished)
