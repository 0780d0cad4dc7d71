"""What was told: alerts, newest first."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from hauberk.store import alerts, channels, domains
from hauberk.web.access import Reader
from hauberk.web.installation import Here
from hauberk.web.page import page
from hauberk.web.pages.places import LARGEST

router = APIRouter(prefix="/alerts")
_PAGE = 50


@router.get("")
async def told(request: Request, visitor: Reader, here: Here, before: Annotated[int, Query(ge=1, le=LARGEST)] = LARGEST) -> Response:
    async with here.store.tenant(visitor.tenant.id, writing=False) as session:
        found = await alerts.page(session, before=before, limit=_PAGE)
        names = await domains.names_of(session, {one.domain_id for one in found})
        active = [one for one in await channels.all_channels(session) if one.disabled_at is None]
    older = found[-1].id if len(found) == _PAGE else 0
    return page(request, "alerts.html", visitor, alerts=found, names=names, older=older, channels=active)
