"""Signing in with an OpenID provider, and linking an account to one."""

import hmac
import logging
from datetime import timedelta

import msgspec
from fastapi import APIRouter, HTTPException, Request, Response
from fastapi.responses import RedirectResponse

from hauberk.app.server_settings import Provider
from hauberk.store import ceremonies, members, tenants, users
from hauberk.store.ceremonies import Kind
from hauberk.store.errors import Fault, StoreError
from hauberk.store.members import Role
from hauberk.store.session import SystemSession
from hauberk.store.users import User
from hauberk.web import forgery
from hauberk.web.access import Reader, require_recent
from hauberk.web.installation import Here, Installation
from hauberk.web.page import local, see
from hauberk.web.sign_in import attempts, openid
from hauberk.web.sign_in.entry import CLOSED, enter
from hauberk.web.sign_in.newcomer import address_objection
from hauberk.web.sign_in.openid import Claims, ProviderError, Visit

router = APIRouter()
_log = logging.getLogger(__name__)
_LASTS = timedelta(minutes=10)
_ENDED = "This took too long, or it was begun in another browser. Begin again."


@router.get("/sign-in/with/{name}")
async def go(request: Request, here: Here, name: str, next: str = "/") -> Response:
    await attempts.attempt(request, here)
    return await _send_off(request, here, _provider(here, name), local(next), 0)


@router.get("/account/link/{name}")
async def link(request: Request, here: Here, visitor: Reader, name: str) -> Response:
    """Let an account of the provider's sign in as the visitor. Begun by a click on our own page only."""
    if request.headers.get("sec-fetch-site", "same-origin") != "same-origin":
        raise HTTPException(403, "This request came from another site, so nothing was changed.")
    require_recent(here, visitor)
    return await _send_off(request, here, _provider(here, name), "/account", visitor.user.id)


@router.get("/sign-in/back/{name}")
async def back(request: Request, here: Here, name: str, state: str = "", code: str = "", error: str = "", iss: str = "") -> Response:
    """Where the provider sends the browser (RFC 6749, 4.1.2; `iss` is that of RFC 9207)."""
    provider, at = _provider(here, name), here.clock()
    async with here.store.system() as session:
        content = await ceremonies.end(session, Kind.OPENID, state, at)
    visit = msgspec.json.decode(content, type=Visit) if content is not None else None
    if visit is None or visit.provider != name or not hmac.compare_digest(visit.guest, forgery.token(request)):
        raise HTTPException(400, _ENDED)
    if error or not code:
        raise HTTPException(403, f"{_label(provider)} did not let you in. Try again, or sign in another way.")
    try:
        if iss and iss != provider.issuer:
            raise ProviderError(f"the answer is of the issuer {iss!r}")
        claims = await openid.claims_of(provider, visit, code, _back(here, provider), at)
    except ProviderError as failed:
        _log.error("signing in with %s failed: %s", name, failed)
        raise HTTPException(502, f"{_label(provider)} could not confirm who you are. The server's log says why.") from failed
    if visit.user:
        return await _link(here, visit, claims)
    user = await _user_of(here, provider, claims)
    await attempts.forgive(request, here)
    return await enter(request, here, user, local(visit.next))


async def _send_off(request: Request, here: Installation, provider: Provider, path: str, user: int) -> Response:
    try:
        metadata = await openid.discover(provider)
    except ProviderError as failed:
        _log.error("%s cannot be used: %s", provider.name, failed)
        raise HTTPException(
            502, f"{_label(provider)} cannot be reached at the moment. Sign in another way, or try again later."
        ) from failed
    visit, at = openid.new_visit(provider, forgery.token(request), path, user), here.clock()
    async with here.store.system() as session:
        state = await ceremonies.begin(session, Kind.OPENID, msgspec.json.encode(visit).decode(), at, at + _LASTS)
    response = RedirectResponse(openid.authorization_url(provider, metadata, visit, state, _back(here, provider)), 303)
    forgery.remember_guest(request, response)
    return response


async def _link(here: Installation, visit: Visit, claims: Claims) -> Response:
    async with here.store.system() as session:
        await users.link_identity(session, visit.user, claims.issuer, claims.subject, here.clock())
    return see("/account?done=linked")


async def _user_of(here: Installation, provider: Provider, claims: Claims) -> User:
    """The account of who came: linked before, or new where somebody was invited or the provider's people are let in.

    An account that is there is never taken over by an address alone: its owner links it after signing in.
    """
    async with here.store.system() as session:
        known = await users.by_identity(session, claims.issuer, claims.subject)
        if known is not None:
            return known
        if not claims.email or address_objection(claims.email):
            raise HTTPException(
                403, f"{_label(provider)} does not say that your mail address is verified, so nobody knows who you are here."
            )
        there = await users.by_email(session, claims.email)
        if there is not None and there.disabled_at is not None:
            raise HTTPException(403, CLOSED)
        if there is not None:
            raise HTTPException(
                403, f"There is an account for {claims.email}. Sign in to it another way first, then link it with {_label(provider)} there."
            )
        return await _welcome(session, here, provider, claims)


async def _welcome(session: SystemSession, here: Installation, provider: Provider, claims: Claims) -> User:
    at = here.clock()
    joining = {one.tenant_id: one.role for one in await members.accept_all(session, claims.email, at)}
    if provider.tenant:
        tenant = await tenants.by_slug(session, provider.tenant)
        if tenant is None or tenant.archived_at is not None:
            raise StoreError(Fault.OTHER, f"the provider {provider.name} lets people into {provider.tenant!r}, which is not there")
        joining.setdefault(tenant.id, Role.MEMBER)
    if not joining:
        raise HTTPException(403, f"Nobody has invited {claims.email}. Ask an administrator of your organisation.")
    user = await users.add(session, claims.email, claims.name, at)
    await users.link_identity(session, user.id, claims.issuer, claims.subject, at)
    for tenant_id, role in joining.items():
        await members.enrol(session, tenant_id, user.id, role, at)
    return user


def _provider(here: Installation, name: str) -> Provider:
    found = next((one for one in here.settings.providers if one.name == name), None)
    if found is None:
        raise HTTPException(404)
    return found


def _label(provider: Provider) -> str:
    return provider.label or provider.name


def _back(here: Installation, provider: Provider) -> str:
    return f"{here.settings.url}/sign-in/back/{provider.name}"
