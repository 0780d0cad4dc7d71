"""Accepting an invitation: with a new account, or with the one that the invited address has."""

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Form, HTTPException, Request, Response

from hauberk.store import members, tenants, users
from hauberk.store.members import Invitation
from hauberk.store.users import User
from hauberk.web.access import AnybodyDep, Guest, Visitor
from hauberk.web.installation import Here, Installation
from hauberk.web.page import page, see
from hauberk.web.sign_in import passwords
from hauberk.web.sign_in.entry import begin, enter, remember
from hauberk.web.sign_in.newcomer import Newcomer, register

router = APIRouter()
_GONE = "This invitation was used already, has expired or was withdrawn. Ask for a new one."


@router.get("/invitation/{secret}")
async def ask(request: Request, here: Here, visitor: AnybodyDep, secret: str) -> Response:
    invitation, user = await _invited(here, secret)
    return await _form(request, here, visitor, invitation, user, secret, {}, "")


@router.post("/invitation/{secret}")
async def join(
    request: Request,
    here: Here,
    visitor: AnybodyDep,
    secret: str,
    name: Annotated[str, Form(max_length=1000)] = "",
    password: Annotated[str, Form(max_length=4096)] = "",
) -> Response:
    """With the account that is signed in, or a new one; an address with an account signs in first."""
    invitation, user = await _invited(here, secret)
    if user is not None:
        if not isinstance(visitor, Visitor) or visitor.user.id != user.id:
            return see(f"/sign-in?next={quote(f'/invitation/{secret}', safe='/')}")
        await _accept(here, secret, user)
        return await enter(request, here, user, tenant=invitation.tenant_id)
    newcomer = Newcomer(name, invitation.email, password)
    if wrong := newcomer.objections():
        return await _form(request, here, visitor, invitation, None, secret, wrong, name)
    password_hash, at = await passwords.hashed(password), here.clock()
    async with here.store.system() as session:
        taken = await members.accept(session, secret, at)
        if taken is None:
            raise HTTPException(404, _GONE)
        added = await register(session, newcomer, password_hash, at)
        await members.enrol(session, taken.tenant_id, added.id, taken.role, at)
        entered = await begin(request, here, session, added, taken.tenant_id)
    response = see("/")
    remember(response, here, entered)
    return response


async def _accept(here: Installation, secret: str, user: User) -> None:
    async with here.store.system() as session:
        taken = await members.accept(session, secret, here.clock())
        if taken is None:
            raise HTTPException(404, _GONE)
        await members.enrol(session, taken.tenant_id, user.id, taken.role, here.clock())


async def _invited(here: Installation, secret: str) -> tuple[Invitation, User | None]:
    """The invitation, if it still holds, and the account of the invited address, unless it was closed."""
    async with here.store.system(writing=False) as session:
        invitation = await members.pending(session, secret, here.clock())
        if invitation is None:
            raise HTTPException(404, _GONE)
        user = await users.by_email(session, invitation.email)
        return invitation, user if user is not None and user.disabled_at is None else None


async def _form(
    request: Request,
    here: Installation,
    visitor: Visitor | Guest,
    invitation: Invitation,
    user: User | None,
    secret: str,
    wrong: dict[str, str],
    name: str,
) -> Response:
    async with here.store.tenant(invitation.tenant_id, writing=False) as session:
        tenant = await tenants.current(session)
    own = isinstance(visitor, Visitor) and user is not None and visitor.user.id == user.id
    return page(
        request,
        "sign_in/invitation.html",
        visitor,
        status=422 if wrong else 200,
        invitation=invitation,
        tenant=tenant,
        known=user is not None,
        own=own,
        secret=secret,
        wrong=wrong,
        name=name,
    )
