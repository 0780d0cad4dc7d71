"""`/catalogue`: every check, with its page."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter
from pydantic import Field

from hauberk.checks import catalogue
from hauberk.checks.catalogue import Entry
from hauberk.scoring import rubric
from hauberk.web.api.bearer import Reader
from hauberk.web.api.paging import Page, whole
from hauberk.web.api.problem import not_found

router = APIRouter(tags=["catalogue"])


@dataclass(frozen=True, slots=True)
class Check:
    """A check: the state that it wants, and where that is written."""

    id: Annotated[str, Field(examples=["dmarc.policy-enforced"])]
    area: Annotated[str, Field(examples=["dmarc"])]
    title: str
    sources: Annotated[tuple[str, ...], Field(examples=[["RFC 7489, 6.3"]])]


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All checks. `version` changes whenever a verdict on an unchanged tape could."""

    version: str
    checks: tuple[Check, ...]


@dataclass(frozen=True, slots=True)
class CheckPage:
    """A check with its page (Markdown): what it means, why it matters, how to fix it."""

    check: Check
    page: str


@dataclass(frozen=True, slots=True)
class Rubric:
    """A way to score. The one that a result was scored by is named in it."""

    id: Annotated[str, Field(examples=["hauberk-2026.1"])]
    title: str
    about: str


@router.get("/catalogue")
async def get_catalogue(caller: Reader) -> Catalogue:
    """Every check."""
    del caller
    return Catalogue(catalogue.VERSION, tuple(map(_shown, catalogue.entries())))


@router.get("/catalogue/{check}", responses={404: {}})
async def get_check(caller: Reader, check: str) -> CheckPage:
    """One check with its page."""
    del caller
    found = next((entry for entry in catalogue.entries() if entry.check.id == check), None)
    if found is None:
        raise not_found("check")
    return CheckPage(_shown(found), found.page)


@router.get("/rubrics")
async def list_rubrics(caller: Reader) -> Page[Rubric]:
    """The rubrics that come with the program."""
    del caller
    loaded = [(name, rubric.load(name)) for name in rubric.names()]
    return whole(loaded, lambda one: Rubric(one[0], one[1].title, one[1].about))


def _shown(entry: Entry) -> Check:
    check = entry.check
    return Check(check.id, check.area, check.title, tuple(map(str, check.sources)))
