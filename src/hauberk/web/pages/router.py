"""All routes of the pages."""

from typing import Annotated

from fastapi import APIRouter, Form, Response

from hauberk.web.installation import Here
from hauberk.web.page import THEME, see
from hauberk.web.pages import alerts, catalogue, domain, evidence, history, overview, reports, shared, verify, work

router = APIRouter()
for routed in (overview, domain, history, evidence, work, reports, verify, catalogue, alerts, shared):
    router.include_router(routed.router)


@router.post("/theme")
async def theme(
    here: Here, theme: Annotated[str, Form(max_length=8)] = "auto", next: Annotated[str, Form(max_length=2000)] = "/"
) -> Response:
    """Light, dark, or as the system has it; kept in the browser."""
    response = see(next)
    if theme in ("light", "dark"):
        response.set_cookie(THEME, theme, max_age=365 * 86400, samesite="lax", httponly=True, secure=here.settings.https)
    else:
        response.delete_cookie(THEME, secure=here.settings.https, httponly=True, samesite="lax")
    return response
