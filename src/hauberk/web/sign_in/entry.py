"""Entering and leaving: a session begins with a new secret, whatever the browser had before, and ends in the store, not in the cookie."""

from fastapi import HTTPException, Request, Response

from hauberk.store import members, sessions
from hauberk.store.session import SystemSession
from hauberk.store.users import User
from hauberk.web import cookies
from hauberk.web.cookies import Cookie
from hauberk.web.installation import Installation
from hauberk.web.page import see

CLOSED = "This account was closed. Ask an administrator of your organisation for an invitation."


async def enter(request: Request, here: Installation, user: User, path: str = "/", *, tenant: int | None = None) -> Response:
    """Sign the user in and go to the path. What the browser brought along as a session ends (RFC 6265, 8.4; session fixation)."""
    async with here.store.system() as session:
        secret = await begin(request, here, session, user, tenant)
    response = see(path)
    remember(response, here, secret)
    return response


async def begin(request: Request, here: Installation, session: SystemSession, user: User, tenant: int | None = None) -> str:
    """A new session in place of the one that the browser had, in one transaction; its secret."""
    at, limits = here.clock(), here.settings.session
    if user.disabled_at is not None:
        raise HTTPException(403, CLOSED)
    await sessions.end(session, cookies.read(request, Cookie.SESSION, here.settings))
    await sessions.forget_expired(session, at)
    if tenant is None:
        joined = await members.of_user(session, user.id)
        tenant = joined[0].tenant_id if joined else None
    return await sessions.begin(session, user.id, tenant, at, at + min(limits.idle, limits.whole))


def remember(response: Response, here: Installation, secret: str) -> None:
    """The browser gets the session, and its token as a guest no longer holds."""
    cookies.write(response, Cookie.SESSION, secret, here.settings, here.settings.session.whole)
    cookies.drop(response, Cookie.GUEST, here.settings)


async def leave(request: Request, here: Installation) -> Response:
    async with here.store.system() as session:
        await sessions.end(session, cookies.read(request, Cookie.SESSION, here.settings))
    response = see("/sign-in")
    cookies.drop(response, Cookie.SESSION, here.settings)
    response.headers["Clear-Site-Data"] = '"cache"'
    return response
