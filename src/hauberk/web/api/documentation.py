"""What the API says of itself: the OpenAPI description, and a page to read. Neither wants a token."""

from typing import cast

import msgspec
from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.responses import HTMLResponse

from hauberk.web.api import webhooks
from hauberk.web.api.openapi import ABOUT, describe, scopes
from hauberk.web.api.problem import BY_STATUS
from hauberk.web.api.reference import reference
from hauberk.web.api.service import service_of
from hauberk.web.templating import TEMPLATES
from hauberk.web.views.markdown import html

router = APIRouter(include_in_schema=False)


@router.get("/openapi.json")
async def get_description(request: Request) -> Response:
    """The description for programs (OpenAPI 3.1)."""
    return Response(msgspec.json.encode(describe(cast("FastAPI", request.app))), media_type="application/json")


@router.get("/docs")
async def get_reference(request: Request) -> Response:
    """The same for people."""
    server = f"{service_of(request).installation.settings.url}/api/v1"
    chosen = request.cookies.get("hauberk_theme", "")
    text = TEMPLATES.get_template("api/reference.html").render(
        reference=reference(describe(cast("FastAPI", request.app)), server),
        server=server,
        about=ABOUT,
        webhooks=webhooks.ABOUT,
        scopes=scopes(),
        problems={str(status): kind for status, kind in BY_STATUS.items()},
        markdown=html,
        theme=chosen if chosen in ("light", "dark") else "",
    )
    return HTMLResponse(text)


@router.get("/")
async def get_root() -> Response:
    """Where to begin."""
    return Response(status_code=307, headers={"Location": "docs"})
