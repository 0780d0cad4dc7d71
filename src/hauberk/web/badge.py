"""`/badge/TOKEN.svg`: shown on other sites, to anybody who has the address; it says the grade and nothing else."""

import hashlib
from unicodedata import east_asian_width

from fastapi import APIRouter, HTTPException, Request, Response
from markupsafe import Markup

from hauberk.app import badges
from hauberk.app.badges import Standing
from hauberk.app.work.sealing import SealError
from hauberk.web.installation import Here, Installation

router = APIRouter()
_LABEL = "mail security"
_COLOURS = {"green": "#17764a", "amber": "#9a5600", "red": "#b3261e", "grey": "#55616f"}
_HEADERS = {
    "Cache-Control": "public, max-age=300",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
}


@router.get("/badge/{token}.svg")
async def show(request: Request, here: Here, token: str) -> Response:
    """Whether the address was never one or the domain is gone is not said."""
    try:
        place = await badges.read_token(here.settings.work, here.store, token)
    except SealError:
        place = None
    if place is None:
        raise HTTPException(404)
    tenant, domain_id = place
    async with here.store.tenant(tenant, writing=False) as session:
        found = await badges.standing(session, domain_id, here.clock())
    if found is None:
        raise HTTPException(404)
    svg = drawn(found).encode()
    tag = f'"{hashlib.sha256(svg).hexdigest()[:32]}"'
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers={**_HEADERS, "ETag": tag})
    return Response(svg, headers={**_HEADERS, "ETag": tag}, media_type="image/svg+xml")


async def address(here: Installation, tenant: int, domain_id: int) -> str:
    """Where a domain's badge is. Raises `SealError`."""
    token = await badges.token_of(here.settings.work, here.store, tenant, domain_id)
    return f"{here.settings.url}/badge/{token}.svg"


def drawn(found: Standing) -> Markup:
    """Two fields side by side, 20 high; white on each has a contrast of at least 4.5 to 1."""
    left, right = _width(_LABEL), _width(found.words)
    return Markup(
        '<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="20" role="img" aria-label="{label}: {words}">'
        "<title>{label}: {words}</title>"
        '<clipPath id="r"><rect width="{width}" height="20" rx="3"/></clipPath>'
        '<g clip-path="url(#r)"><rect width="{left}" height="20" fill="#1b3550"/>'
        '<rect x="{left}" width="{right}" height="20" fill="{colour}"/></g>'
        '<g fill="#fff" font-family="Verdana,DejaVu Sans,Geneva,sans-serif" font-size="11" text-anchor="middle">'
        '<text x="{left_middle}" y="14" textLength="{left_text}">{label}</text>'
        '<text x="{right_middle}" y="14" textLength="{right_text}">{words}</text></g></svg>'
    ).format(
        width=left + right,
        left=left,
        right=right,
        colour=_COLOURS[found.band],
        label=_LABEL,
        words=found.words,
        left_middle=left / 2,
        right_middle=left + right / 2,
        left_text=left - 12,
        right_text=right - 12,
    )


def _width(text: str) -> int:
    """Pixels of a field: the text in 11 px Verdana is about 6.1 a character; `textLength` makes it exact."""
    return 12 + round(sum(13 if east_asian_width(c) in "WF" else 6.1 for c in text))
