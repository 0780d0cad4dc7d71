"""All accounts of the installation, and closing one for good."""

import logging
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from hauberk.protocols.malformed import visible
from hauberk.store import closing, members, users
from hauberk.store.errors import missing
from hauberk.web.access import Operator
from hauberk.web.installation import Here
from hauberk.web.page import page, see
from hauberk.web.pages.places import Id
from hauberk.web.settings.told import said

router = APIRouter()
_log = logging.getLogger(__name__)
_MOST = 200


@router.get("/settings/accounts")
async def show(
    request: Request, here: Here, visitor: Operator, find: Annotated[str, Query(max_length=254)] = "", done: str = ""
) -> Response:
    async with here.store.system(writing=False) as session:
        found = await users.page(session, holding=find.strip(), limit=_MOST + 1)
        seats = await members.seats_of_all(session, [one.id for one in found])
    accounts = [(one, seats[one.id]) for one in found[:_MOST]]
    more = len(found) > _MOST
    return page(request, "settings/accounts.html", visitor, accounts=accounts, more=more, most=_MOST, find=find, said=said(done))


@router.post("/settings/accounts/{user_id}/close")
async def close(request: Request, here: Here, visitor: Operator, user_id: Id) -> Response:
    async with here.store.system() as session:
        user = await users.by_id(session, user_id)
        if user is None:
            raise missing("account")
        closed = await closing.close(session, user, visitor.user, here.clock())
    _log.warning(
        "%s closed the account of %s: %d tokens, %d share links and %d invitations hold no longer%s",
        visible(visitor.name),
        visible(user.known_as),
        closed.tokens,
        closed.shares,
        closed.invitations,
        "".join(f"; administers {visible(one.slug)} now" for one in closed.inherited),
    )
    return see("/settings/accounts?done=account-closed", request)
