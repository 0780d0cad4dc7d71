"""Share links: the secret moves from the address into a cookie, so that it stands in no history, log or Referer of what follows."""

from fastapi import APIRouter, HTTPException, Request, Response

from hauberk.store import shares
from hauberk.web import cookies
from hauberk.web.cookies import Cookie
from hauberk.web.installation import Here
from hauberk.web.page import see

router = APIRouter()


@router.get("/share/{secret}")
async def open_link(request: Request, here: Here, secret: str) -> Response:
    at = here.clock()
    async with here.store.system(writing=False) as session:
        share = await shares.find(session, secret, at)
    if share is None:
        raise HTTPException(404, "This link has ended, or it was taken back. Ask whoever sent it for a new one.")
    response = see("/shared")
    cookies.write(response, Cookie.SHARE, secret, here.settings, share.expires_at - at)
    return response
