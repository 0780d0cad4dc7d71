"""How often the domains are scanned."""

from typing import Annotated

from fastapi import APIRouter, Form, Request, Response

from hauberk.app.work.planning import Rhythm, watch_all
from hauberk.store import domains, schedule
from hauberk.web.access import Administrator
from hauberk.web.installation import Here
from hauberk.web.page import page, see
from hauberk.web.settings.told import said

router = APIRouter()


@router.get("/settings/schedule")
async def show_schedule(request: Request, here: Here, visitor: Administrator, done: str = "") -> Response:
    async with here.store.tenant(visitor.tenant.id, writing=False) as session:
        planned = await schedule.of_tenant(session)
        names = await domains.names_of(session, [one.domain_id for one in planned])
        every = await domains.page(session, limit=1_000_000)
    rhythms = [Rhythm.of(one) for one in planned]
    return page(
        request,
        "settings/schedule.html",
        visitor,
        counts=[(rhythm.value, rhythms.count(rhythm)) for rhythm in Rhythm if rhythm in rhythms],
        unplanned=len(every) - len({one.domain_id for one in planned} & {one.id for one in every}),
        total=len(every),
        soon=[(names.get(one.domain_id, ""), one) for one in planned[:10]],
        rhythms=[(rhythm.value, rhythm.value.capitalize()) for rhythm in Rhythm],
        said=said(done),
    )


@router.post("/settings/schedule")
async def plan_all(request: Request, here: Here, visitor: Administrator, rhythm: Annotated[Rhythm, Form()]) -> Response:
    async with here.store.tenant(visitor.tenant.id) as session:
        await watch_all(session, rhythm, here.clock())
    return see("/settings/schedule?done=planned", request)
