"""The catalogue: every check with its page."""

from functools import cache

from fastapi import APIRouter, HTTPException, Request, Response
from markupsafe import Markup

from hauberk.checks.catalogue import VERSION, Entry, entries
from hauberk.report.wording import area_name, area_order
from hauberk.web.access import AnybodyDep
from hauberk.web.page import page
from hauberk.web.views.markdown import html

router = APIRouter(prefix="/catalogue")


@router.get("")
async def every_check(request: Request, visitor: AnybodyDep) -> Response:
    return page(request, "catalogue.html", visitor, areas=_by_area(), total=len(entries()), catalogue=VERSION)


@router.get("/{check}")
async def one_check(request: Request, check: str, visitor: AnybodyDep) -> Response:
    found = next((entry for entry in entries() if entry.check.id == check), None)
    if found is None:
        raise HTTPException(404, "There is no check of that name in the catalogue.")
    return page(request, "check.html", visitor, entry=found, text=_page_of(found), area=area_name(found.check.area))


@cache
def _by_area() -> tuple[tuple[str, tuple[Entry, ...]], ...]:
    areas = sorted({entry.check.area for entry in entries()}, key=area_order)
    return tuple((area_name(area), tuple(entry for entry in entries() if entry.check.area == area)) for area in areas)


@cache
def _page_of(entry: Entry) -> Markup:
    return html(entry.page)
