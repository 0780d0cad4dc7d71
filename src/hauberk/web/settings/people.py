"""Members of the organisation, their roles, and invitations."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from time import monotonic
from typing import Annotated

from fastapi import APIRouter, Form, Request, Response

from hauberk.app.work import letters, mailing
from hauberk.app.work.channel_setup import mail_address
from hauberk.app.work.letters import From
from hauberk.app.work.mailing import NotDeliveredError
from hauberk.store import members, sessions
from hauberk.store.errors import Fault, StoreError
from hauberk.store.members import Invitation, Role
from hauberk.store.session import TenantSession
from hauberk.web.access import Administrator, Visitor
from hauberk.web.api.rate import Quota
from hauberk.web.installation import Here, Installation
from hauberk.web.page import page, see
from hauberk.web.pages.places import Id
from hauberk.web.settings.told import said
from hauberk.web.sign_in.newcomer import address_objection

router = APIRouter()
_INVITED_FOR = timedelta(days=7)
_PATIENCE = 10.0  # seconds for each answer of the relay: somebody looks at a page that does not come
_MAILS = Quota("invitations by mail", 30, 0.5)  # of an organisation: nobody's mailbox is filled by us


@router.get("/settings/people")
async def show(request: Request, here: Here, visitor: Administrator, done: str = "") -> Response:
    return await _page(request, here, visitor, said=said(done))


@router.post("/settings/people/invite")
async def invite(
    request: Request,
    here: Here,
    visitor: Administrator,
    email: Annotated[str, Form(max_length=1000)],
    role: Annotated[Role, Form()],
    mail: Annotated[str, Form(max_length=3)] = "",
) -> Response:
    """The link is shown this once, to be passed on, and goes out by mail where that is wanted. It takes the place of an earlier one."""
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
    mailed, unsent = await _mailed(here, visitor, invitation, link) if mail else (False, "")
    return await _page(request, here, visitor, link=link, invited_address=invitation.email, mailed=mailed, unsent=unsent)


async def _mailed(here: Installation, visitor: Visitor, invitation: Invitation, link: str) -> tuple[bool, str]:
    """Whether the relay took it, and why not. At once, and not as a job: what lies in the database opens no door."""
    relay = here.settings.work.relay
    if relay is None:
        return False, "the server has no mail relay"
    if not here.mails.ask(str(visitor.tenant.id), _MAILS, monotonic()).granted:
        return False, f"{_MAILS.burst} invitations went out by mail lately, which is the most"
    source = From(visitor.tenant.slug, visitor.tenant.name, here.settings.url, relay.sender)
    letter = letters.invitation(
        link, invitation.role.value, visitor.name, invitation.expires_at, source, invitation.email, invitation.created_at
    )
    try:
        await asyncio.to_thread(mailing.send, letter, replace(relay, time_out=min(relay.time_out, _PATIENCE)))
    except NotDeliveredError as error:
        return False, str(error)
    return True, ""


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
    mailed: bool = False,
    unsent: str = "",
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
        mailed=mailed,
        unsent=unsent,
        relay=here.settings.work.relay is not None,
        said=said,
    )
