"""Results: what a scan came to, in short and in full."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, cast

import msgspec
from fastapi import Request, Response
from msgspec import Meta, Struct
from pydantic import Field

from hauberk.model.assessment import Assessment
from hauberk.report.compose import FRESH
from hauberk.store import assessments
from hauberk.store.assessments import Assessed
from hauberk.store.overview import DomainState
from hauberk.store.session import TenantSession
from hauberk.web.api.problem import not_found
from hauberk.web.api.tags import is_known


@dataclass(frozen=True, slots=True)
class Result:
    """A result in short. `points` 0 to 100, `coverage` 0 to 1: the share that could be judged. Evidence counts until `fresh_until`."""

    assessment_id: int
    scan_id: int
    observed_at: datetime
    fresh_until: datetime
    rubric: Annotated[str, Field(examples=["hauberk-2026.1"])]
    points: Annotated[float, Field(ge=0, le=100, examples=[87.5])]
    grade: Annotated[str, Field(examples=["B"])]
    band: Annotated[str, Field(examples=["amber"], description="green, amber or red")]
    coverage: Annotated[float, Field(ge=0, le=1)]
    incomplete: Annotated[bool, Field(description="Too little could be judged; such a result is never green.")]


class ResultInFull(Struct, frozen=True):
    """A result with every verdict and the fix plan. `assessment` is the very JSON that `sha256` (hex) is over, and never changes."""

    id: int
    scan_id: int
    assessed_at: Annotated[datetime, Meta(tz=True)]
    fresh_until: Annotated[datetime, Meta(tz=True)]
    sha256: Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]
    assessment: Assessment


_encoder = msgspec.json.Encoder()


def result(assessed: Assessed) -> Result:
    return Result(
        assessment_id=assessed.id,
        scan_id=assessed.scan_id,
        observed_at=assessed.observed_at,
        fresh_until=assessed.observed_at + FRESH,
        rubric=assessed.rubric,
        points=assessed.points,
        grade=assessed.grade,
        band=assessed.band,
        coverage=assessed.coverage,
        incomplete=assessed.incomplete,
    )


def result_of(state: DomainState) -> Result | None:
    """Where a domain stands; `None` where it was not scanned yet."""
    match state:
        case DomainState(
            assessment_id=int(id), scan_id=int(scan_id), observed_at=datetime() as at, rubric=str(rubric), points=float(points),
            grade=str(grade), band=str(band), coverage=float(coverage), incomplete=bool(incomplete),
        ):  # fmt: skip
            return Result(id, scan_id, at, at + FRESH, rubric, points, grade, band, coverage, incomplete)
        case _:
            return None


async def in_full(request: Request, session: TenantSession, assessed: Assessed) -> Response:
    """The whole result with an entity tag; only the tag (304) where the client has it already. Nothing is parsed on the way."""
    tag = f'"{assessed.id}-{assessed.sha256[:32]}"'
    headers = {"ETag": tag}
    if is_known(request, tag):
        return Response(status_code=304, headers=headers)
    kept = await assessments.document(session, assessed.id)
    if kept is None:
        raise not_found("assessment")
    fresh_until = assessed.observed_at + FRESH
    octets = cast(Assessment, msgspec.Raw(kept))  # as they are stored
    full = ResultInFull(assessed.id, assessed.scan_id, assessed.assessed_at, fresh_until, assessed.sha256, octets)
    return Response(_encoder.encode(full), headers=headers, media_type="application/json")
