"""Against requests that another site has the browser send: where they come from is looked at, and each form carries a token.

The token follows from the secret in the visitor's own cookie, so it needs no place in the store and ends with the session.
"""

import hashlib
import hmac
import secrets
from datetime import timedelta

from fastapi import HTTPException, Request, Response

from hauberk.web import cookies
from hauberk.web.cookies import Cookie
from hauberk.web.installation import Here, installation_of

FIELD = "csrf"
HEADER = "X-CSRF-Token"
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_GUEST_LASTS = timedelta(hours=12)


def token_of(secret: str) -> str:
    return hmac.new(secret.encode(), b"hauberk csrf", hashlib.sha256).hexdigest()


def token(request: Request) -> str:
    """The token that forms of this visitor carry; one who has no cookie yet gets one (see `remember_guest`)."""
    settings = installation_of(request).settings
    secret = cookies.read(request, Cookie.SESSION, settings) or cookies.read(request, Cookie.GUEST, settings)
    if not secret:
        secret = getattr(request.state, "new_guest", "") or secrets.token_urlsafe(32)
        request.state.new_guest = secret
    return token_of(secret)


def remember_guest(request: Request, response: Response) -> None:
    """Send along the cookie of a guest whose first page this is."""
    secret: str = getattr(request.state, "new_guest", "")
    if secret:
        cookies.write(response, Cookie.GUEST, secret, installation_of(request).settings, _GUEST_LASTS)


async def genuine(request: Request, here: Here) -> None:
    """Refuses (403) what changes something and was not sent by one of our own pages. All page routes depend on it."""
    if request.method in SAFE:
        return
    if not _from_here(request, here.settings.origins):
        raise HTTPException(403, "This request came from another site, so nothing was changed.")
    settings = here.settings
    held = (cookies.read(request, Cookie.SESSION, settings), cookies.read(request, Cookie.GUEST, settings))
    given = request.headers.get(HEADER) or await _field(request)
    if not any(hmac.compare_digest(given.encode(), token_of(secret).encode()) for secret in held if secret):
        raise HTTPException(403, "This form is no longer valid: go back, reload the page and send it again. Cookies have to be allowed.")


async def _field(request: Request) -> str:
    """The token of a form; Starlette keeps the parsed form for the route itself."""
    if not request.headers.get("content-type", "").startswith(("application/x-www-form-urlencoded", "multipart/form-data")):
        return ""
    value = (await request.form()).get(FIELD)
    return value if isinstance(value, str) else ""


def _from_here(request: Request, origins: frozenset[str]) -> bool:
    """Browsers say where a request comes from (Fetch Metadata; the Origin of RFC 6454). What says nothing needs the token all the same."""
    site = request.headers.get("sec-fetch-site")
    if site is not None and site != "same-origin":
        return False
    said = request.headers.get("origin")
    return said is None or said in origins
