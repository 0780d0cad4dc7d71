"""What people are told when something does not work: a page in plain words, never a traceback."""

import logging
from http import HTTPStatus
from urllib.parse import quote

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from starlette.exceptions import HTTPException

from hauberk.store.errors import Fault, StoreError
from hauberk.web.access import Guest, NotSignedIn
from hauberk.web.installation import installation_of
from hauberk.web.page import is_partial, page, see
from hauberk.web.protection import protect
from hauberk.web.views.words import sentence

_log = logging.getLogger(__name__)
_WORDS = {
    400: ("This request cannot be understood", "Go back, reload the page and try again."),
    401: ("Not signed in", "Sign in, then try again."),
    403: ("Not allowed", "Your role does not allow this."),
    404: ("Not found", "There is no such page, or it is not yours to see."),
    405: ("Not possible here", "This address does not take such a request."),
    409: ("Not possible as things stand", "Somebody else was faster. Reload the page and look at what is there now."),
    413: ("Too large", "What was sent is larger than the server takes."),
    422: ("Something is missing or wrong", "Go back and check what you typed."),
    429: ("Too many attempts", "Wait a few minutes, then try again."),
    500: ("This went wrong", "It is our mistake, not yours. Nothing was lost; the server's log says what happened."),
    502: ("The other side did not answer", "Try again later."),
    503: ("Not available at the moment", "The database cannot be reached or is busy. Try again in a minute; nothing was lost."),
}
_FULL = "The disk of the database is full. Nothing was lost; an administrator has to make room."
_OF_FAULT = {Fault.MISSING: 404, Fault.CONFLICT: 409, Fault.INVALID: 422, Fault.IMMUTABLE: 409, Fault.FULL: 503}


def status_of(error: StoreError) -> int:
    return _OF_FAULT.get(error.fault, 503 if error.may_pass else 500)


def explain_errors(app: FastAPI) -> None:
    """Answer every error of the pages with a page."""
    app.add_exception_handler(NotSignedIn, _sign_in)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(StoreError, _store)
    app.add_exception_handler(Exception, _crashed)


def error_page(request: Request, status: int, detail: str = "", headers: dict[str, str] | None = None) -> Response:
    """`detail` in place of the status's own words. It protects itself: what crashed is answered outside of all layers of ours."""
    title, words = _WORDS.get(status, _WORDS[400] if status < 500 else _WORDS[500])
    template = "error_partial.html" if is_partial(request) else "error.html"
    response = page(request, template, Guest(), status=status, code=status, title=title, words=detail or words)
    response.headers.update(headers or {})
    protect(response.headers, installation_of(request).settings)
    return response


async def _sign_in(request: Request, error: Exception) -> Response:
    path = error.path if isinstance(error, NotSignedIn) else "/"
    return see("/sign-in" if path == "/" else f"/sign-in?next={quote(path, safe='/')}", request)


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for this type
    unsaid = error.detail == HTTPStatus(error.status_code).phrase  # what Starlette says where nobody said anything
    return error_page(request, error.status_code, "" if unsaid else str(error.detail), dict(error.headers or {}))


async def _invalid(request: Request, error: Exception) -> Response:
    """Without what was sent: it is not ours to repeat. What no address can name is not there."""
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for this type
    in_the_address = any(one["loc"][:1] == ("path",) for one in error.errors())
    return error_page(request, 404 if in_the_address else 422)


async def _store(request: Request, error: Exception) -> Response:
    assert isinstance(error, StoreError)  # noqa: S101 - registered for this type
    status = status_of(error)
    if status >= 500:
        _log.error("the store failed at %s: %s", _where(request), error)
        words = _FULL if error.fault is Fault.FULL else ""
        return error_page(request, status, words, {"Retry-After": "30"} if status == 503 else {})
    return error_page(request, status, "" if status == 404 else sentence(error))


async def _crashed(request: Request, error: Exception) -> Response:
    _log.error("%s crashed", _where(request), exc_info=error)
    return error_page(request, 500)


def _where(request: Request) -> str:
    """The route, not the address, in which secrets stand."""
    route = request.scope.get("route")
    return f"{request.method} {getattr(route, 'path', '(no route)')}"
