"""How often the domains are scanned."""

from collections import Counter
from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Form, Request, Response

from hauberk.app.work.planning import Rhythm, watch_all
from hauberk.store import domains, schedule
from hauberk.web.access import Administrator
from hauberk.web.installation import Here
from hauberk.web.page import page, see
from hauberk.web.settings.told import said
from hauberk.web.views.rhythms import BY_ORDER, CHOICES, RHYTHMS, Choice, every_of, words_of

router = APIRouter()


@router.get("/settings/schedule")
async def show_schedule(request: Request, here: Here, visitor: Administrator, done: str = "") -> Response:
    async with here.store.tenant(visitor.tenant.id, writing=False) as session:
        names = {one.id: one.name for one in await domains.page(session, limit=1_000_000)}
        planned = [one for one in await schedule.of_tenant(session) if one.domain_id in names]
        added = await schedule.default(session)
    return page(
        request,
        "settings/schedule.html",
        visitor,
        counts=[(words_of(timedelta(seconds=every)), count) for every, count in sorted(Counter(one.every for one in planned).items())],
        unplanned=len(names) - len(planned),
        total=len(names),
        added=words_of(added),
        soon=[(names[one.domain_id], one) for one in planned[:10]],
        rhythms=RHYTHMS,
        choices=CHOICES,
        by_order=BY_ORDER,
        said=said(done),
    )


@router.post("/settings/schedule")
async def plan_all(request: Request, here: Here, visitor: Administrator, rhythm: Annotated[Rhythm, Form()]) -> Response:
    async with here.store.tenant(visitor.tenant.id) as session:
        await watch_all(session, rhythm, here.clock())
    return see("/settings/schedule?done=planned", request)


@router.post("/settings/schedule/added")
async def plan_added(request: Request, here: Here, visitor: Administrator, added: Annotated[Choice, Form()]) -> Response:
    """How often domains that are added from now on are scanned."""
    async with here.store.tenant(visitor.tenant.id) as session:
        await schedule.set_default(session, every_of(added))
    return see("/settings/schedule?done=saved", request)
