"""When domains are scanned again."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter
from pydantic import ConfigDict, Field

from hauberk.app.work.planning import first_due
from hauberk.store import domains, schedule
from hauberk.web.api.bearer import Reader, Steward
from hauberk.web.api.paging import Page, whole
from hauberk.web.api.places import Name, domain_named
from hauberk.web.api.problem import not_found
from hauberk.web.api.values import Duration, Interval

router = APIRouter(tags=["schedules"])


@dataclass(frozen=True, slots=True)
class Schedule:
    """A domain is scanned `every` so often (ISO 8601 duration), next at `next_due`."""

    domain: Annotated[str, Field(examples=["example.com"])]
    every: Annotated[Duration, Field(examples=["P7D"])]
    next_due: datetime


@dataclass(frozen=True, slots=True)
class SchedulePlan:
    """Between an hour (`PT1H`) and 400 days (`P400D`). When within the interval is the server's choice: domains are spread over it."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    every: Interval


@dataclass(frozen=True, slots=True)
class DefaultSchedule:
    """A domain that is added is scanned `every` so often; null: by order only."""

    every: Annotated[Duration | None, Field(examples=["P7D"])]


@dataclass(frozen=True, slots=True)
class DefaultPlan:
    """Between an hour (`PT1H`) and 400 days (`P400D`), or null: by order only."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    every: Interval | None


@router.get("/schedules")
async def list_schedules(caller: Reader) -> Page[Schedule]:
    """Every domain that is scanned again and again, the next one first, all on one page."""
    async with caller.reading() as session:
        found = await schedule.of_tenant(session)
        names = await domains.names_of(session, (one.domain_id for one in found))
    return whole(found, lambda one: _shown(one, names[one.domain_id]))


@router.get("/schedules/default")
async def get_default_schedule(caller: Reader) -> DefaultSchedule:
    """How often a domain that is added is scanned."""
    async with caller.reading() as session:
        return DefaultSchedule(await schedule.default(session))


@router.put("/schedules/default")
async def put_default_schedule(caller: Steward, body: DefaultPlan) -> DefaultSchedule:
    """Say how often domains that are added from now on are scanned. Those that are there stay as they are."""
    async with caller.writing() as session:
        await schedule.set_default(session, body.every)
    return DefaultSchedule(body.every)


@router.get("/domains/{name}/schedule", responses={404: {}})
async def get_schedule(caller: Reader, name: Name) -> Schedule:
    """When a domain is scanned again; 404 where it is scanned by order only."""
    async with caller.reading() as session:
        domain = await domain_named(session, name)
        found = await schedule.of_domain(session, domain.id)
    if found is None:
        raise not_found("schedule")
    return _shown(found, name)


@router.put("/domains/{name}/schedule", responses={404: {}})
async def put_schedule(caller: Steward, name: Name, body: SchedulePlan) -> Schedule:
    """Scan a domain again and again."""
    async with caller.writing() as session:
        domain = await domain_named(session, name)
        first = first_due(caller.tenant, domain.id, body.every, caller.at)
        return _shown(await schedule.plan(session, domain.id, body.every, first), name)


@router.delete("/domains/{name}/schedule", status_code=204, responses={404: {}})
async def remove_schedule(caller: Steward, name: Name) -> None:
    """Scan a domain by order only."""
    async with caller.writing() as session:
        domain = await domain_named(session, name)
        await schedule.stop(session, domain.id)


def _shown(planned: schedule.Schedule, name: str) -> Schedule:
    return Schedule(name, timedelta(seconds=planned.every), planned.next_due)
