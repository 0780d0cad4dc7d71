"""All routes of the pages."""

from fastapi import APIRouter, Request, Response

from hauberk.web.access import Reader
from hauberk.web.page import page

router = APIRouter()


@router.get("/")
async def overview(request: Request, visitor: Reader) -> Response:
    return page(request, "overview.html", visitor)
