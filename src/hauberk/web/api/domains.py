"""`/domains`: what the organisation looks after."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import ConfigDict, Field

from hauberk.app.work.planning import look_after
from hauberk.app.work.sealing import SealError
from hauberk.protocols.malformed import Malformed, visible
from hauberk.protocols.names import parse_domain, to_unicode
from hauberk.store import assessments, domains
from hauberk.store.overview import overview
from hauberk.web import badge
from hauberk.web.api.bearer import Reader, Steward
from hauberk.web.api.described import RESULT_IN_FULL
from hauberk.web.api.paging import Page, Paged
from hauberk.web.api.places import Name, at, domain_named, scored_by
from hauberk.web.api.problem import Kind, Refused, not_found
from hauberk.web.api.results import Result, in_full, result, result_of
from hauberk.web.api.values import Flag

router = APIRouter(prefix="/domains", tags=["domains"])
MOST_AT_ONCE = 10_000
Selector = Annotated[str, Field(max_length=200, pattern=r"^[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_])?$", examples=["s1"])]


@dataclass(frozen=True, slots=True)
class Domain:
    """A domain and where it stands. What is removed is looked at no more, but its evidence stays."""

    name: Annotated[str, Field(description="In A-labels.", examples=["xn--bcher-kva.example"])]
    display_name: Annotated[str, Field(description="As people read it.", examples=["bücher.example"])]
    note: str
    own: Annotated[bool, Field(description="The mail servers are the organisation's own: tests that a stranger should not make are made.")]
    selectors: Annotated[tuple[str, ...], Field(description="DKIM selectors that are in use.")]
    added_at: datetime
    removed_at: datetime | None
    latest: Annotated[Result | None, Field(description="The latest result; null before the first scan.")]


@dataclass(frozen=True, slots=True)
class DomainDetails:
    """What is said of a domain; what is left out is empty."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    note: Annotated[str, Field(max_length=2000)] = ""
    own: Flag = False
    selectors: Annotated[tuple[Selector, ...], Field(max_length=50)] = ()


@dataclass(frozen=True, slots=True)
class ManyNames:
    """Domains to add at once; URLs and mail addresses are understood."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    names: Annotated[
        tuple[Annotated[str, Field(max_length=2000, examples=["example.com"])], ...], Field(min_length=1, max_length=MOST_AT_ONCE)
    ]


@dataclass(frozen=True, slots=True)
class Badge:
    """`markdown` puts it into a README."""

    url: Annotated[str, Field(json_schema_extra={"format": "uri"}, examples=["https://hauberk.example.com/badge/1-7-x3k.svg"])]
    markdown: str


@dataclass(frozen=True, slots=True)
class Rejected:
    """A name that is none: where it stood, and why."""

    pointer: Annotated[str, Field(examples=["#/names/3"])]
    name: str
    detail: str


@dataclass(frozen=True, slots=True)
class Added:
    """What came of adding many: how many were new, how many were there already, and what was no domain."""

    added: int
    present: int
    rejected: tuple[Rejected, ...]


@router.get("")
async def list_domains(
    caller: Reader, window: Paged, removed: Annotated[bool, Query(description="Those that were removed as well.")] = False
) -> Page[Domain]:
    """List the domains with their latest results, in the order of their names."""
    after = window.after("name")
    async with caller.reading() as session:
        found = await domains.page(session, after=after, limit=window.limit + 1, removed=removed)
        rubric = await scored_by(session)
        states = await overview(session, caller.at, rubric=rubric, after=after, limit=window.limit + 1)
        latest = {state.name: result_of(state) for state in states}
        for domain in found:
            if domain.removed_at is not None:
                assessed = await assessments.latest(session, domain.id, caller.at, rubric=rubric)
                latest[domain.name] = result(assessed) if assessed else None
    return window.page("name", found, lambda domain: _shown(domain, latest.get(domain.name)), lambda domain: domain.name)


@router.post("")
async def add_domains(caller: Steward, body: ManyNames) -> Added:
    """Add many domains at once, scanned as `/schedules/default` says. Good names are added whatever the others are; adding again changes
    nothing."""
    good: list[str] = []
    rejected: list[Rejected] = []
    for number, text in enumerate(body.names):
        name = parse_domain(text)
        if isinstance(name, Malformed):
            rejected.append(Rejected(f"#/names/{number}", visible(text[:200]), name.reason))
        else:
            good.append(name)
    names = tuple(dict.fromkeys(good))
    async with caller.writing() as session:
        added = len(await look_after(session, names, caller.at))
    return Added(added, len(names) - added, tuple(rejected))


@router.get("/{name}", responses={404: {}})
async def get_domain(caller: Reader, name: Name) -> Domain:
    """Look at one domain."""
    async with caller.reading() as session:
        domain = await domain_named(session, name)
        assessed = await assessments.latest(session, domain.id, caller.at, rubric=await scored_by(session))
    return _shown(domain, result(assessed) if assessed else None)


@router.put(
    "/{name}", responses={201: {"model": Domain, "description": "It was added.", "headers": {"Location": {"schema": {"type": "string"}}}}}
)
async def put_domain(caller: Steward, name: Name, body: DomainDetails, request: Request, response: Response) -> Domain:
    """Have this domain, with these details: added (201) or changed (200). A removed one comes back."""
    async with caller.writing() as session:
        before = await domains.by_name(session, name)
        added = await look_after(session, (name,), caller.at)  # of two who come at once, it is new for one
        domain = await domain_named(session, name)
        selectors = " ".join(dict.fromkeys(selector.lower() for selector in body.selectors))
        await domains.describe(session, domain.id, note=body.note, own=body.own, selectors=selectors)
        after = await domain_named(session, name)
        assessed = await assessments.latest(session, domain.id, caller.at, rubric=await scored_by(session))
    if before is None and added:
        response.status_code = 201
        response.headers["Location"] = at(request, "domains", name)
    return _shown(after, result(assessed) if assessed else None)


@router.delete("/{name}", status_code=204, responses={404: {}})
async def remove_domain(caller: Steward, name: Name) -> None:
    """Look at this domain no more. Its evidence stays, and removing it again changes nothing."""
    async with caller.writing() as session:
        domain = await domain_named(session, name)
        if domain.removed_at is None:
            await domains.remove(session, domain.id, caller.at)


@router.get("/{name}/latest", responses={**RESULT_IN_FULL, 304: {"description": "The client has it already."}, 404: {}})
async def get_latest_result(
    caller: Reader,
    name: Name,
    request: Request,
    rubric: Annotated[str, Query(max_length=80, description="By this rubric, in place of the organisation's.")] = "",
) -> Response:
    """The latest result of a domain in full, in one request. Ask again with `If-None-Match`: 304 until there is a newer one."""
    async with caller.reading() as session:
        domain = await domain_named(session, name)
        assessed = await assessments.latest(session, domain.id, caller.at, rubric=await scored_by(session, rubric))
        if assessed is None:
            raise not_found("result of this domain yet")
        return await in_full(request, session, assessed)


@router.get("/{name}/badge", responses={404: {}})
async def get_badge(caller: Reader, name: Name) -> Badge:
    """Where the domain's badge is: a small picture (SVG) of its grade, for whoever has the address. It is always the same."""
    async with caller.reading() as session:
        domain = await domain_named(session, name)
    try:
        url = await badge.address(caller.service.installation, caller.tenant, domain.id)
    except SealError as error:
        raise Refused(Kind.INTERNAL, str(error)) from error
    return Badge(url, f"![mail security of {domain.name}]({url})")


def _shown(domain: domains.Domain, latest: Result | None) -> Domain:
    return Domain(
        name=domain.name,
        display_name=to_unicode(domain.name),
        note=domain.note,
        own=domain.own,
        selectors=tuple(domain.selectors.split()),
        added_at=domain.added_at,
        removed_at=domain.removed_at,
        latest=latest,
    )
