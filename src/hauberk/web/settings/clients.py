"""The organisations that somebody looks after: the worst first; turning to one, and taking on another."""

from typing import Annotated

from fastapi import APIRouter, Form, HTTPException, Request, Response

from hauberk.app import organisations
from hauberk.store import members, overview, sessions
from hauberk.store.errors import Fault, StoreError
from hauberk.store.members import Role
from hauberk.web import cookies
from hauberk.web.access import Reader, Visitor
from hauberk.web.cookies import Cookie
from hauberk.web.installation import Here, Installation
from hauberk.web.page import page, see
from hauberk.web.pages.places import Id
from hauberk.web.settings.told import said
from hauberk.web.views.clients import ClientState, client_state, worst_first

router = APIRouter()
_MOST_DOMAINS = 100_000


@router.get("/clients")
async def show(request: Request, here: Here, visitor: Reader, done: str = "") -> Response:
    return await _page(request, here, visitor, said=said(done))


@router.post("/clients")
async def found(request: Request, here: Here, visitor: Reader, name: Annotated[str, Form(max_length=1000)]) -> Response:
    """A new organisation, of which the visitor is administrator."""
    if not visitor.provides:
        raise HTTPException(403, "Only administrators of the organisation that set this server up take on new ones.")
    at = here.clock()
    try:
        async with here.store.system() as session:
            tenant = await organisations.found(session, name, at)
            await members.enrol(session, tenant.id, visitor.user.id, Role.ADMINISTRATOR, at)
    except StoreError as error:
        if error.fault is not Fault.INVALID:
            raise
        return await _page(request, here, visitor, wrong={"name": f"{str(error).capitalize()}."}, name=name)
    return see("/clients?done=client", request)


@router.post("/turn-to/{tenant_id}")
async def turn_to(request: Request, here: Here, visitor: Reader, tenant_id: Id) -> Response:
    """Work in another organisation, if the visitor is a member of it."""
    if tenant_id not in {one.id for one in visitor.others}:
        raise HTTPException(404)
    async with here.store.system() as session:
        await sessions.work_in(session, cookies.read(request, Cookie.SESSION, here.settings), tenant_id)
    return see("/", request)


async def _page(
    request: Request, here: Installation, visitor: Visitor, *, wrong: dict[str, str] | None = None, name: str = "", said: str = ""
) -> Response:
    at = here.clock()
    states: list[ClientState] = []
    for tenant in (visitor.tenant, *visitor.others):
        async with here.store.tenant(tenant.id, writing=False) as session:
            states.append(client_state(tenant, await overview.overview(session, at, limit=_MOST_DOMAINS), at))
    status = 422 if wrong else 200
    return page(
        request, "settings/clients.html", visitor, status=status, clients=worst_first(states), wrong=wrong or {}, name=name, said=said
    )
