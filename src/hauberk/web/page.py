"""A page, and where a form leads to."""

from urllib.parse import urlsplit

from fastapi import Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from hauberk import __version__
from hauberk.web import forgery
from hauberk.web.access import Anybody, Auditor, Guest, Visitor
from hauberk.web.installation import installation_of
from hauberk.web.templating import TEMPLATES

THEME = "hauberk_theme"  # a cookie that holds no secret


def page(request: Request, template: str, visitor: Anybody, *, status: int = 200, **content: object) -> HTMLResponse:
    """The template with what it shows. It always has: `visitor`, `kind` (`visitor`, `auditor`, `guest`), `csrf`, `now`, `version`, `path`,
    `theme` (`light`, `dark`, or empty for the system's), and `partial`, which is true where htmx wants a piece of the page only."""
    text = TEMPLATES.get_template(template).render(
        content,
        visitor=visitor,
        kind=_kind(visitor),
        csrf=forgery.token(request),
        now=installation_of(request).clock(),
        version=__version__,
        path=request.url.path,
        partial=is_partial(request),
        theme=theme(request),
    )
    response = HTMLResponse(text, status)
    forgery.remember_guest(request, response)
    return response


def see(path: str, request: Request | None = None) -> Response:
    """What answers a form that was taken: the browser shows this page of ours next."""
    target = local(path)
    if request is not None and is_partial(request):
        return Response(status_code=204, headers={"HX-Redirect": target})
    return RedirectResponse(target, 303)


def theme(request: Request) -> str:
    """What the reader chose; empty to follow the system."""
    chosen = request.cookies.get(THEME, "")
    return chosen if chosen in ("light", "dark") else ""


def local(path: str) -> str:
    """The path if it is one of this server, else the front page: nobody is sent elsewhere by an address that somebody else wrote."""
    parts = urlsplit(path.replace("\\", "/"))
    own = path.startswith("/") and not path.startswith(("//", "/\\")) and not parts.scheme and not parts.netloc
    return path if own and path.isprintable() and path.isascii() else "/"


def is_partial(request: Request) -> bool:
    """Whether htmx asks, and not for a whole page (a boosted link)."""
    return request.headers.get("hx-request") == "true" and request.headers.get("hx-boosted") != "true"


def _kind(visitor: Anybody) -> str:
    match visitor:
        case Visitor():
            return "visitor"
        case Auditor():
            return "auditor"
        case Guest():
            return "guest"
