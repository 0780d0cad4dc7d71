"""The organisations that somebody looks after: finding one, turning to it, and taking on another."""

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Form, HTTPException, Query, Request, Response

from hauberk.app import organisations
from hauberk.store import members, schedule, sessions
from hauberk.store.errors import Fault, StoreError
from hauberk.store.members import Role
from hauberk.store.standings import standings
from hauberk.web import cookies
from hauberk.web.access import Operator, Reader, Visitor
from hauberk.web.cookies import Cookie
from hauberk.web.installation import Here, Installation
from hauberk.web.page import page, see
from hauberk.web.pages.places import Id
from hauberk.web.settings.told import said
from hauberk.web.views import clients as view
from hauberk.web.views.rhythms import CHOICES, Choice, every_of
from hauberk.web.views.words import sentence

router = APIRouter()


def _asked(
    q: Annotated[str, Query(max_length=120)] = "",
    sort: Annotated[str, Query(max_length=20)] = "",
    down: Annotated[str, Query(max_length=1)] = "",
    number: Annotated[int, Query(alias="page", ge=1, le=10**6)] = 1,
) -> view.Sought:
    return view.sought(q, sort, down=bool(down), page=number)


@router.get("/clients")
async def show(request: Request, here: Here, visitor: Reader, asked: Annotated[view.Sought, Depends(_asked)], done: str = "") -> Response:
    return await _page(request, here, visitor, asked, said=said(done))


@router.post("/clients")
async def found(
    request: Request,
    here: Here,
    visitor: Operator,
    name: Annotated[str, Form(max_length=1000)],
    added: Annotated[Choice, Form()] = "by-order",
) -> Response:
    """A new organisation, of which the visitor is administrator; `added` is how often its domains will be scanned."""
    at = here.clock()
    try:
        async with here.store.system() as session:
            tenant = await organisations.found(session, name, at)
            await members.enrol(session, tenant.id, visitor.user.id, Role.ADMINISTRATOR, at)
    except StoreError as error:
        if error.fault is not Fault.INVALID:
            raise
        return await _page(request, here, visitor, view.Sought(), wrong={"name": sentence(error)}, name=name)
    async with here.store.tenant(tenant.id) as session:
        await schedule.set_default(session, every_of(added))
    return see(f"/clients?{urlencode({'q': tenant.name, 'done': 'client'})}", request)


@router.post("/turn-to/{tenant_id}")
async def turn_to(request: Request, here: Here, visitor: Reader, tenant_id: Id) -> Response:
    """Work in another organisation, if the visitor is a member of it."""
    if tenant_id not in {one.id for one in visitor.others}:
        raise HTTPException(404)
    async with here.store.system() as session:
        await sessions.work_in(session, cookies.read(request, Cookie.SESSION, here.settings), tenant_id)
    return see("/", request)


async def _page(
    request: Request, here: Installation, visitor: Visitor, asked: view.Sought, *, wrong: dict[str, str] | None = None, **words: str
) -> Response:
    at, looked_after = here.clock(), (visitor.tenant, *visitor.others)
    async with here.store.system(writing=False) as session:
        found = await standings(session, [tenant.id for tenant in looked_after], at)
    shown = view.clients((view.client_state(tenant, found.get(tenant.id), at) for tenant in looked_after), asked)
    content = {"name": "", "said": "", **words}
    template = "settings/clients_table.html" if request.headers.get("hx-target") == "clients" else "settings/clients.html"
    return page(request, template, visitor, status=422 if wrong else 200, shown=shown, wrong=wrong or {}, choices=CHOICES, **content)
