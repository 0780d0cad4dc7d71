"""Members of the organisation, their roles, and invitations."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Form, Request, Response

from hauberk.app.work.channel_setup import mail_address
from hauberk.store import members, sessions
from hauberk.store.errors import Fault, StoreError
from hauberk.store.members import Role
from hauberk.store.session import TenantSession
from hauberk.web.access import Administrator, Visitor
from hauberk.web.installation import Here, Installation
from hauberk.web.page import page, see
from hauberk.web.pages.places import Id
from hauberk.web.settings.told import said
from hauberk.web.sign_in.newcomer import address_objection

router = APIRouter()
_INVITED_FOR = timedelta(days=7)


@router.get("/settings/people")
async def show(request: Request, here: Here, visitor: Administrator, done: str = "") -> Response:
    return await _page(request, here, visitor, said=said(done))


@router.post("/settings/people/invite")
async def invite(
    request: Request, here: Here, visitor: Administrator, email: Annotated[str, Form(max_length=1000)], role: Annotated[Role, Form()]
) -> Response:
    """The link is shown this once, to be passed on. It takes the place of one that the address was sent before."""
    if objection := address_objection(email):
        return await _page(request, here, visitor, wrong={"email": objection}, email=email)
    at = here.clock()
    async with here.store.tenant(visitor.tenant.id) as session:
        address = mail_address(email).lower()
        if any(one.email == address for one in await members.all_members(session)):
            return await _page(request, here, visitor, wrong={"email": "This is a member already."}, email=email)
        for earlier in await members.invited(session):
            if earlier.email == address and earlier.used_at is None:
                await members.withdraw(session, earlier.id)
        invitation, secret = await members.invite(session, address, role, at, at + _INVITED_FOR)
    link = f"{here.settings.url}/invitation/{secret}"
    return await _page(request, here, visitor, link=link, invited_address=invitation.email)


@router.post("/settings/people/{user_id}/role")
async def change_role(request: Request, here: Here, visitor: Administrator, user_id: Id, role: Annotated[Role, Form()]) -> Response:
    async with here.store.tenant(visitor.tenant.id) as session:
        await members.change_role(session, user_id, role)
        await _somebody_administers(session)
    return see("/settings/people?done=role", request)


@router.post("/settings/people/{user_id}/remove")
async def remove(request: Request, here: Here, visitor: Administrator, user_id: Id) -> Response:
    async with here.store.tenant(visitor.tenant.id) as session:
        await members.leave(session, user_id)
        await _somebody_administers(session)
    async with here.store.system() as system:
        if not await members.of_user(system, user_id):
            await sessions.end_all(system, user_id)
    return see("/settings/people?done=left", request)


@router.post("/settings/invitations/{id}/withdraw")
async def withdraw(request: Request, here: Here, visitor: Administrator, id: Id) -> Response:
    async with here.store.tenant(visitor.tenant.id) as session:
        await members.withdraw(session, id)
    return see("/settings/people?done=withdrawn", request)


async def _somebody_administers(session: TenantSession) -> None:
    """Raises `StoreError` (conflict), which undoes the change, where nobody would be left to administer."""
    if not any(one.role is Role.ADMINISTRATOR for one in await members.all_members(session)):
        raise StoreError(Fault.CONFLICT, "an organisation needs an administrator: name another one first")


async def _page(
    request: Request,
    here: Installation,
    visitor: Visitor,
    *,
    wrong: dict[str, str] | None = None,
    email: str = "",
    link: str = "",
    invited_address: str = "",
    said: str = "",
) -> Response:
    at = here.clock()
    async with here.store.tenant(visitor.tenant.id, writing=False) as session:
        people = await members.all_members(session)
        invited = [one for one in await members.invited(session) if one.used_at is None and one.expires_at > at]
    return page(
        request,
        "settings/people.html",
        visitor,
        status=422 if wrong else 200,
        people=people,
        invited=invited,
        roles=[(role.value, role.value.capitalize()) for role in Role],
        wrong=wrong or {},
        email=email,
        link=link,
        invited_address=invited_address,
        said=said,
    )
