"""`/metrics`: how every domain of an organisation stands, for Prometheus. docs/exports.md lists the metrics."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

from fastapi import APIRouter, FastAPI, Request, Response

from hauberk import __version__
from hauberk.model import json
from hauberk.report.exports.prometheus import CONTENT_TYPE, Family, expiries, exposition, families
from hauberk.store import assessments, scans
from hauberk.store.overview import DomainState, overview
from hauberk.store.session import TenantSession
from hauberk.web.api.bearer import Monitor
from hauberk.web.api.edge import Edge
from hauberk.web.api.places import scored_by
from hauberk.web.api.refusals import install
from hauberk.web.api.service import Limits, Service
from hauberk.web.installation import NO_TELEMETRY, Installation
from hauberk.world import tape

router = APIRouter()
_MOST_KEPT = 20_000
_AT_ONCE = 100

Lines = Mapping[str, str]


@dataclass(slots=True)
class Rendered:
    """The lines of each metric for an assessment, by its id: it never changes, so it is read once."""

    _kept: dict[int, Lines] = field(default_factory=dict[int, Lines])

    def __contains__(self, assessment_id: int) -> bool:
        return assessment_id in self._kept

    def __getitem__(self, assessment_id: int) -> Lines:
        return self._kept[assessment_id]

    def keep(self, new: Mapping[int, Lines], needed: frozenset[int]) -> None:
        """Keep what is new; what is not needed goes when there is too much."""
        self._kept.update(new)
        if len(self._kept) > _MOST_KEPT:
            self._kept = {id: lines for id, lines in self._kept.items() if id in needed}


@dataclass(frozen=True, slots=True)
class _Unread:
    assessment_id: int
    document: bytes
    tape: bytes


@router.get("/metrics")
async def get_metrics(caller: Monitor, request: Request) -> Response:
    """The latest result of every domain."""
    rendered: Rendered = request.app.state.rendered
    async with caller.reading() as session:
        states = await _all_states(session, caller, await scored_by(session))
    scanned = [(state.assessment_id, state.scan_id) for state in states if state.assessment_id is not None and state.scan_id is not None]
    new = [pair for pair in scanned if pair[0] not in rendered]
    for start in range(0, len(new), _AT_ONCE):
        async with caller.reading() as session:
            unread = [await _read(session, *pair) for pair in new[start : start + _AT_ONCE]]
        lines = await asyncio.to_thread(_render_all, [one for one in unread if one is not None])
        rendered.keep(lines, frozenset(id for id, _ in scanned))
    shown = [rendered[id] for id, _ in scanned if id in rendered]
    return Response(_joined(shown) + _counted(states), media_type=CONTENT_TYPE)


async def _all_states(session: TenantSession, caller: Monitor, rubric: str) -> list[DomainState]:
    found: list[DomainState] = []
    while page := await overview(session, caller.at, rubric=rubric, after=found[-1].name if found else ""):
        found += page
    return found


async def _read(session: TenantSession, assessment_id: int, scan_id: int) -> _Unread | None:
    document = await assessments.document(session, assessment_id)
    packed = await scans.tape_of(session, scan_id)
    return None if document is None or packed is None else _Unread(assessment_id, document, packed)


def _render_all(unread: list[_Unread]) -> dict[int, Lines]:
    return {one.assessment_id: _render(one) for one in unread}


def _render(one: _Unread) -> Lines:
    assessment, observation = json.decode(one.document), tape.decode(one.tape)
    return {family.name: exposition(family) for family in families([assessment], {assessment.domain: expiries(observation)})}


def _joined(shown: list[Lines]) -> str:
    """One exposition out of those of single domains: each metric's two lines of head once (all samples of a metric stand together)."""
    told: list[str] = []
    for name in dict.fromkeys(name for lines in shown for name in lines):
        texts = [lines[name] for lines in shown if lines.get(name)]
        heads = texts[0].split("\n", 2)[:2] if texts else []
        told += [f"{line}\n" for line in heads] + [text.split("\n", 2)[2] for text in texts]
    return "".join(told)


def _counted(states: list[DomainState]) -> str:
    scanned = sum(state.assessment_id is not None for state in states)
    samples = (({"scanned": "yes"}, float(scanned)), ({"scanned": "no"}, float(len(states) - scanned)))
    return exposition(Family("hauberk_domains", "Domains that are looked after, by whether there is a result yet.", samples))


def create_metrics(installation: Installation, limits: Limits | None = None) -> FastAPI:
    """An application of its own for the one route `/metrics`, whose errors are problem documents."""
    made = FastAPI(
        title="Hauberk metrics",
        version=__version__,
        openapi_url=None,
        telemetry=NO_TELEMETRY,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    made.state.service = Service(installation, limits or Limits())
    made.state.rendered = Rendered()
    made.include_router(router)
    install(made, (router,))
    made.add_middleware(Edge, body_limit=lambda _method, _path: 0)
    return made
