"""Cookies: which there are, and the attributes that keep them from scripts, other hosts and other sites."""

from datetime import timedelta
from enum import StrEnum

from fastapi import Request, Response

from hauberk.app.server_settings import ServerSettings


class Cookie(StrEnum):
    """`session` of who signed in, `guest` of who has not, `share` of who came by a share link."""

    SESSION = "hauberk_session"
    GUEST = "hauberk_guest"
    SHARE = "hauberk_share"


def name_of(cookie: Cookie, settings: ServerSettings) -> str:
    """With https the browser itself refuses one that another host of the domain has set (RFC 6265bis, 4.1.3.2)."""
    return f"__Host-{cookie}" if settings.https else cookie.value


def read(request: Request, cookie: Cookie, settings: ServerSettings) -> str:
    """Its secret; empty without one."""
    found = request.cookies.get(name_of(cookie, settings), "")
    return found if len(found) <= 128 else ""


def write(response: Response, cookie: Cookie, secret: str, settings: ServerSettings, lasting: timedelta) -> None:
    """Lax, not Strict: a link in an alert's mail has to find the reader signed in."""
    response.set_cookie(
        name_of(cookie, settings),
        secret,
        max_age=int(lasting.total_seconds()),
        path="/",
        secure=settings.https,
        httponly=True,
        samesite="lax",
    )


def drop(response: Response, cookie: Cookie, settings: ServerSettings) -> None:
    response.delete_cookie(name_of(cookie, settings), path="/", secure=settings.https, httponly=True, samesite="lax")
