"""`/health`: whether the server can do its work, for load balancers and service managers."""

from fastapi import APIRouter
from fastapi.responses import PlainTextResponse, Response

from hauberk.store import users
from hauberk.store.errors import StoreError
from hauberk.web.installation import Here

router = APIRouter()


@router.get("/health")
async def health(here: Here) -> Response:
    """200 while the database answers, else 503; nothing more is told."""
    try:
        async with here.store.system(writing=False) as session:
            await users.count(session)
    except StoreError:
        return PlainTextResponse("the database does not answer\n", 503)
    return PlainTextResponse("ok\n")
