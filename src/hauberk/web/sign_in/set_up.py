"""The first administrator: made through a link that the server prints while nobody can sign in yet."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Form, HTTPException, Request, Response

from hauberk.app import organisations
from hauberk.store import ceremonies, members, users
from hauberk.store.ceremonies import Kind
from hauberk.store.errors import StoreError
from hauberk.store.members import Role
from hauberk.web.access import Guest
from hauberk.web.installation import Here, Installation
from hauberk.web.page import page, see
from hauberk.web.sign_in import passwords
from hauberk.web.sign_in.entry import begin, remember
from hauberk.web.sign_in.newcomer import Newcomer, register
from hauberk.web.views.words import sentence

router = APIRouter()
_LASTS = timedelta(days=7)
_GONE = "This link was used already, or the server was started again and printed a newer one."


async def set_up_link(here: Installation) -> str:
    """Where the first administrator is made; empty when there are users. Links that were printed before hold no longer."""
    at = here.clock()
    async with here.store.system() as session:
        if await users.count(session):
            return ""
        await ceremonies.end_all(session, Kind.SET_UP)
        secret = await ceremonies.begin(session, Kind.SET_UP, "", at, at + _LASTS)
    return f"{here.settings.url}/set-up/{secret}"


@router.get("/set-up/{secret}")
async def ask(request: Request, here: Here, secret: str) -> Response:
    async with here.store.system(writing=False) as session:
        if await ceremonies.find(session, Kind.SET_UP, secret, here.clock()) is None:
            raise HTTPException(404, _GONE)
    return page(request, "sign_in/set_up.html", Guest(), wrong={}, organisation="", name="", email="")


@router.post("/set-up/{secret}")
async def set_up(
    request: Request,
    here: Here,
    secret: str,
    organisation: Annotated[str, Form(max_length=1000)],
    name: Annotated[str, Form(max_length=1000)],
    email: Annotated[str, Form(max_length=1000)],
    password: Annotated[str, Form(max_length=4096)],
) -> Response:
    newcomer = Newcomer(name, email, password)
    wrong = newcomer.objections()
    try:
        organisations.proper_name(organisation)
    except StoreError as error:
        wrong["organisation"] = sentence(error)
    if wrong:
        return page(request, "sign_in/set_up.html", Guest(), status=422, wrong=wrong, organisation=organisation, name=name, email=email)
    password_hash, at = await passwords.hashed(password), here.clock()
    async with here.store.system() as session:
        if await ceremonies.end(session, Kind.SET_UP, secret, at) is None:
            raise HTTPException(404, _GONE)
        await ceremonies.end_all(session, Kind.SET_UP)
        tenant = await organisations.found(session, organisation, at)
        user = await register(session, newcomer, password_hash, at)
        await members.enrol(session, tenant.id, user.id, Role.ADMINISTRATOR, at)
        entered = await begin(request, here, session, user, tenant.id)
    response = see("/")
    remember(response, here, entered)
    return response
