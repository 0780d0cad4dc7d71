"""How errors of every origin become problems: of the framework, of validation, of the store."""

import logging
from collections.abc import Iterable, Sequence
from typing import cast

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.routing import Match

from hauberk.store.errors import Fault, StoreError
from hauberk.web.api.problem import BY_STATUS, Complaint, Kind, Refused, answer_to

_log = logging.getLogger(__name__)

_FAULTS = {
    Fault.MISSING: Kind.NOT_FOUND,
    Fault.CONFLICT: Kind.CONFLICT,
    Fault.INVALID: Kind.INVALID,
    Fault.IMMUTABLE: Kind.CONFLICT,
    Fault.AWAY: Kind.UNAVAILABLE,
    Fault.BUSY: Kind.UNAVAILABLE,
    Fault.READ_ONLY: Kind.UNAVAILABLE,
    Fault.FULL: Kind.INSUFFICIENT_STORAGE,
}
_AGAIN = {"Retry-After": "5"}
_MOST_ERRORS = 100


def install(api: FastAPI, routers: Iterable[APIRouter]) -> None:
    """Answer every error of the application, which has the routes of these routers, with a problem."""
    routes = [route for router in routers for route in router.routes if isinstance(route, APIRoute)]

    async def of_refusal(request: Request, error: Exception) -> Response:
        return answer_to(request, cast("Refused", error))

    async def of_store(request: Request, error: Exception) -> Response:
        return answer_to(request, refusal_of(cast("StoreError", error)))

    async def of_validation(request: Request, error: Exception) -> Response:
        return answer_to(request, _invalid(request, cast("RequestValidationError", error)))

    async def of_framework(request: Request, error: Exception) -> Response:
        return answer_to(request, _http(request, cast("HTTPException", error), routes))

    api.add_exception_handler(Refused, of_refusal)
    api.add_exception_handler(StoreError, of_store)
    api.add_exception_handler(RequestValidationError, of_validation)
    api.add_exception_handler(HTTPException, of_framework)


def refusal_of(error: StoreError) -> Refused:
    """What a client is told. What the driver said (names of hosts and tables) stays in the log."""
    kind = _FAULTS.get(error.fault, Kind.INTERNAL)
    said = str(error)
    if error.__cause__ is not None:
        _log.warning("the store refused: %s", said)
        said = said.partition(" (")[0]
    if kind is Kind.INTERNAL:
        _log.error("the store failed: %s", error)
    return Refused(kind, said, headers=_AGAIN if kind is Kind.UNAVAILABLE else None)


def _invalid(request: Request, error: RequestValidationError) -> Refused:
    found = cast("Sequence[dict[str, object]]", error.errors())
    of_body = [one for one in found if cast("tuple[str | int, ...]", one["loc"])[:1] == ("body",)]
    if of_body and not _is_expected(request):
        sent = request.headers.get("content-type", "") or "none"
        return Refused(Kind.UNSUPPORTED_MEDIA_TYPE, f"the body's Content-Type is {sent[:80]}")
    if any(one["type"] == "json_invalid" for one in of_body):
        return Refused(Kind.MALFORMED, "the body is no JSON document")
    complaints = tuple(_complaint(one) for one in found[:_MOST_ERRORS])
    return Refused(Kind.INVALID, "; ".join(_told(one) for one in complaints[:3]), *complaints)


def _is_expected(request: Request) -> bool:
    """Whether the body is of the kind that the route takes: JSON, or a form where there are files."""
    sent = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    route = request.scope.get("route")
    field = route.body_field if isinstance(route, APIRoute) else None
    if field is not None and type(field.field_info).__name__ in ("File", "Form"):
        return sent == "multipart/form-data"
    return sent == "application/json" or (sent.startswith("application/") and sent.endswith("+json"))


def _complaint(error: dict[str, object]) -> Complaint:
    place, *rest = cast("tuple[str | int, ...]", error["loc"])
    detail = _lowered(str(error["msg"]).removeprefix("Value error, "))
    match place:
        case "body":
            return Complaint(detail, pointer="#" + "".join(f"/{_escaped(str(step))}" for step in rest))
        case "header":
            return Complaint(detail, header=str(rest[0]) if rest else "")
        case _:
            return Complaint(detail, parameter=str(rest[0]) if rest else "")


def _told(complaint: Complaint) -> str:
    where = complaint.pointer or complaint.parameter or complaint.header
    return f"{where[:80]}: {complaint.detail}" if where else complaint.detail


def _lowered(text: str) -> str:
    return text[:1].lower() + text[1:]


def _escaped(step: str) -> str:
    """A step of a JSON pointer in a URI fragment (RFC 6901, 3 and 6), with what is no part of one left visible."""
    return step.replace("~", "~0").replace("/", "~1")[:200]


def _http(request: Request, error: HTTPException, routes: list[APIRoute]) -> Refused:
    kind = BY_STATUS.get(error.status_code, Kind.INTERNAL if error.status_code >= 500 else Kind.MALFORMED)
    match kind:
        case Kind.NOT_FOUND:
            return Refused(kind, "there is nothing at this address")
        case Kind.METHOD_NOT_ALLOWED:
            allowed = _methods_at(request, routes)
            return Refused(
                kind, f"{request.method} is not understood here, but {', '.join(allowed)}", headers={"Allow": ", ".join(allowed)}
            )
        case _:
            return Refused(kind, str(error.detail), headers=dict(error.headers or {}))


def _methods_at(request: Request, routes: list[APIRoute]) -> list[str]:
    """Every method that some route at the request's path understands (the framework names those of one route only)."""
    here = (route for route in routes if route.matches(request.scope)[0] is not Match.NONE)
    found = {method for route in here for method in route.methods or ()}
    return sorted(found | ({"HEAD"} if "GET" in found else set()))
