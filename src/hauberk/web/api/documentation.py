"""What the API says of itself: the OpenAPI description, and a page to read. Neither wants a token."""

from typing import Any, cast

from fastapi import APIRouter, FastAPI, Request, Response

from hauberk.web.api.openapi import describe

router = APIRouter(include_in_schema=False)


@router.get("/openapi.json")
async def get_description(request: Request) -> Response:
    import msgspec

    described: dict[str, Any] = describe(cast("FastAPI", request.app))
    return Response(msgspec.json.encode(described), media_type="application/json")
