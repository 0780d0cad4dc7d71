"""Alerts, and when none are wanted."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Request, Response
from pydantic import ConfigDict, Field

from hauberk.store import alerts, domains
from hauberk.web.api.bearer import Reader, Steward
from hauberk.web.api.jobs import LOCATED
from hauberk.web.api.paging import Page, Paged, whole
from hauberk.web.api.places import DomainFilter, Id, at, domain_filter
from hauberk.web.api.problem import not_found
from hauberk.web.api.values import DomainText, Moment

router = APIRouter(tags=["alerts"])


@dataclass(frozen=True, slots=True)
class Alert:
    """Something got worse, or ends soon. `resolved_at` is when it was over."""

    id: int
    domain: Annotated[str, Field(examples=["example.com"])]
    event: Annotated[str, Field(examples=["band-changed"])]
    message: str
    raised_at: datetime
    resolved_at: datetime | None


@dataclass(frozen=True, slots=True)
class SilenceOrder:
    """Nothing is delivered in between, for one domain or (without one) for all."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    ends_at: Moment
    begins_at: Annotated[Moment | None, Field(description="Now, where it is left out.")] = None
    reason: Annotated[str, Field(max_length=500, examples=["the mail server moves"])] = ""
    domain: DomainText | Literal[""] = ""


@dataclass(frozen=True, slots=True)
class Silence:
    """`domain` is empty where it is for all."""

    id: int
    domain: str
    begins_at: datetime
    ends_at: datetime
    reason: str
    created_by: str


@router.get("/alerts", responses={404: {}})
async def list_alerts(caller: Reader, window: Paged, domain: DomainFilter = "") -> Page[Alert]:
    """The alerts, newest first."""
    before = window.before("alert")
    async with caller.reading() as session:
        domain_id = await domain_filter(session, domain)
        found = await alerts.page(session, domain_id=domain_id, before=before, limit=window.limit + 1)
        names = await domains.names_of(session, (alert.domain_id for alert in found))
    return window.page("alert", found, lambda alert: _shown(alert, names[alert.domain_id]), lambda alert: alert.id)


@router.get("/alerts/{id}", responses={404: {}})
async def get_alert(caller: Reader, id: Id) -> Alert:
    """Look at one alert."""
    async with caller.reading() as session:
        found = await alerts.by_id(session, id)
        if found is None:
            raise not_found("alert")
        names = await domains.names_of(session, (found.domain_id,))
    return _shown(found, names[found.domain_id])


@router.get("/silences")
async def list_silences(caller: Reader) -> Page[Silence]:
    """All silences, those that are over as well."""
    async with caller.reading() as session:
        found = await alerts.silences_of(session)
        names = await domains.names_of(session, (one.domain_id for one in found if one.domain_id is not None))
    return whole(found, lambda one: _silence(one, names.get(one.domain_id or 0, "")))


@router.post("/silences", status_code=201, responses={201: LOCATED, 404: {}})
async def create_silence(caller: Steward, body: SilenceOrder, request: Request, response: Response) -> Silence:
    """Deliver nothing for a while. Alerts are raised and kept all the same."""
    begins_at = body.begins_at or caller.at
    async with caller.writing() as session:
        domain_id = await domain_filter(session, body.domain)
        made = await alerts.silence(session, begins_at, body.ends_at, body.reason, caller.by, domain_id=domain_id)
        names = await domains.names_of(session, () if domain_id is None else (domain_id,))
    response.headers["Location"] = at(request, "silences", made.id)
    return _silence(made, names.get(domain_id or 0, ""))


@router.get("/silences/{id}", responses={404: {}})
async def get_silence(caller: Reader, id: Id) -> Silence:
    """Look at one silence."""
    async with caller.reading() as session:
        found = next((one for one in await alerts.silences_of(session) if one.id == id), None)
        if found is None:
            raise not_found("silence")
        names = await domains.names_of(session, () if found.domain_id is None else (found.domain_id,))
    return _silence(found, names.get(found.domain_id or 0, ""))


@router.delete("/silences/{id}", status_code=204, responses={404: {}})
async def end_silence(caller: Steward, id: Id) -> None:
    """End a silence now. One that is over stays as it was."""
    async with caller.writing() as session:
        found = next((one for one in await alerts.silences_of(session) if one.id == id), None)
        if found is None:
            raise not_found("silence")
        if found.ends_at > caller.at:
            await alerts.end_silence(session, id, caller.at)


def _shown(alert: alerts.Alert, domain: str) -> Alert:
    return Alert(alert.id, domain, alert.event, alert.message, alert.raised_at, alert.resolved_at)


def _silence(silence: alerts.Silence, domain: str) -> Silence:
    return Silence(silence.id, domain, silence.begins_at, silence.ends_at, silence.reason, silence.created_by)
