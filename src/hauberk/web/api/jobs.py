"""`/jobs`: work that was ordered, how far it is, and what came of it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Header, Request, Response
from pydantic import Field

from hauberk.app.work import ordering
from hauberk.store import jobs
from hauberk.store.jobs import State
from hauberk.web.api.bearer import Caller, Reader, Scanner
from hauberk.web.api.paging import Page, Paged
from hauberk.web.api.places import Id, at
from hauberk.web.api.problem import not_found

router = APIRouter(prefix="/jobs", tags=["jobs"])
_ASK_AGAIN = "2"  # seconds

IdempotencyKey = Annotated[
    str,
    Header(
        alias="Idempotency-Key",
        max_length=150,
        description="Of the client's choice. Orders with the same key are one order, however often they are sent: "
        "a client that heard no answer just sends it again. A key that was used for something else is a conflict (409).",
    ),
]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a job has left."""

    scan_id: int | None
    assessment_id: int | None
    report_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Job:
    """Work that was ordered. `stage` says in words what goes on, `fraction` how far it is; `outcome` is there once it is done."""

    id: int
    kind: Annotated[str, Field(examples=["scan"])]
    state: Annotated[State, Field(description="waiting, running, done, failed or cancelled")]
    stage: Annotated[str, Field(examples=["asking the mail servers"])]
    fraction: Annotated[float, Field(ge=0, le=1)]
    created_at: datetime
    finished_at: datetime | None
    attempts: int
    outcome: Outcome | None
    reason: Annotated[str, Field(description="Why it failed, or why it is tried again.")]


@router.get("")
async def list_jobs(caller: Reader, window: Paged) -> Page[Job]:
    """The newest jobs first. Jobs that ended are forgotten after a month; what came of them stays."""
    before = window.before("job")
    async with caller.reading() as session:
        found = await jobs.recent(session, before=before, limit=window.limit + 1)
    return window.page("job", found, shown, lambda job: job.id)


@router.get("/{id}", responses={404: {}})
async def get_job(caller: Reader, id: Id, response: Response) -> Job:
    """How far a job is. While it goes on, `Retry-After` says when to ask again."""
    async with caller.reading() as session:
        found = await jobs.by_id(session, id)
    if found is None:
        raise not_found("job")
    if found.finished_at is None:
        response.headers["Retry-After"] = _ASK_AGAIN
    return shown(found)


@router.delete("/{id}", status_code=204, responses={404: {}})
async def cancel_job(caller: Scanner, id: Id) -> None:
    """Cancel a job. One that has ended stays as it is."""
    await ordering.cancel(caller.service.store, caller.tenant, id, caller.at)


def shown(job: jobs.Job) -> Job:
    told = ordering.progress_of(job)
    done = job.state is State.DONE
    return Job(
        id=job.id,
        kind=job.kind,
        state=job.state,
        stage=told.stage,
        fraction=told.fraction,
        created_at=job.created_at,
        finished_at=job.finished_at,
        attempts=job.attempts,
        outcome=Outcome(told.scan_id, told.assessment_id, told.report_ids) if done else None,
        reason=told.reason,
    )


def ordered(request: Request, response: Response, job: jobs.Job) -> Job:
    """The answer to an order: accepted, and where to ask how far it is."""
    response.headers["Location"] = at(request, "jobs", job.id)
    response.headers["Retry-After"] = _ASK_AGAIN
    return shown(job)


def key_of(caller: Caller, sent: str) -> str:
    """The order's key; those of the API are apart from all others."""
    return f"api:{sent}" if sent else ""


LOCATED: dict[str, object] = {
    "headers": {"Location": {"description": "Where it is.", "schema": {"type": "string", "format": "uri-reference"}}}
}
ACCEPTED: dict[str, object] = {**LOCATED, "description": "It is ordered. `Location` is where to ask how far it is."}
