"""Problems: what every error of the API looks like (RFC 9457), and the kinds that there are."""

from dataclasses import dataclass
from enum import Enum
from typing import Annotated

from fastapi import Request, Response
from pydantic import Field, TypeAdapter

MEDIA_TYPE = "application/problem+json"
PREFIX = "/api/v1"


@dataclass(frozen=True, slots=True)
class KindOfProblem:
    """`slug` names it in addresses, `about` says on the documentation page what it means and what to do."""

    slug: str
    status: int
    title: str
    about: str


class Kind(Enum):
    """Every kind of problem that the API answers with. Clients tell them apart by `type`, never by the words."""

    MALFORMED = KindOfProblem(
        "malformed", 400, "The body is no JSON", "The request's body could not be read as JSON. Send a JSON document."
    )
    UNAUTHENTICATED = KindOfProblem(
        "unauthenticated",
        401,
        "No valid token",
        "Send `Authorization: Bearer TOKEN` with a token that has neither expired nor been revoked.",
    )
    INSUFFICIENT_SCOPE = KindOfProblem(
        "insufficient-scope", 403, "The token lacks a scope", "The `WWW-Authenticate` header names the scope that is wanted."
    )
    NOT_FOUND = KindOfProblem(
        "not-found", 404, "There is no such thing", "Nothing of this organisation is at this address. Whether another's is, is not said."
    )
    METHOD_NOT_ALLOWED = KindOfProblem(
        "method-not-allowed", 405, "This cannot be done to it", "The `Allow` header lists the methods that are understood here."
    )
    CONFLICT = KindOfProblem("conflict", 409, "This conflicts with what is there", "The detail says with what.")
    TOO_LARGE = KindOfProblem("too-large", 413, "The request is too large", "The detail says how much is taken.")
    UNSUPPORTED_MEDIA_TYPE = KindOfProblem(
        "unsupported-media-type",
        415,
        "The body is of the wrong kind",
        "Send `Content-Type: application/json`, or what the operation names.",
    )
    INVALID = KindOfProblem(
        "invalid", 422, "The request is not valid", "`errors` lists what is wrong, each with the place in the body or the parameter's name."
    )
    TOO_MANY_REQUESTS = KindOfProblem(
        "too-many-requests", 429, "Too many requests", "Wait as many seconds as `Retry-After` says. `RateLimit` shows how much is left."
    )
    INTERNAL = KindOfProblem(
        "internal",
        500,
        "An error inside Hauberk",
        "The log has the details, under the identifier that `instance` gives. Nothing was changed.",
    )
    UNAVAILABLE = KindOfProblem(
        "unavailable",
        503,
        "Not available just now",
        "The database is away or busy. Nothing was changed; try again after `Retry-After` seconds.",
    )
    INSUFFICIENT_STORAGE = KindOfProblem("insufficient-storage", 507, "The disk is full", "The server's disk is full. Nothing was changed.")

    @property
    def status(self) -> int:
        return self.value.status


BY_STATUS = {kind.status: kind for kind in Kind}


@dataclass(frozen=True, slots=True)
class Complaint:
    """One thing that is wrong with a request, and where: `pointer` into the body (RFC 6901), or the name of a `parameter` or `header`."""

    detail: Annotated[str, Field(examples=["this is no domain name"])]
    pointer: Annotated[str, Field(examples=["#/names/3"])] = ""
    parameter: Annotated[str, Field(examples=["limit"])] = ""
    header: Annotated[str, Field(examples=["Idempotency-Key"])] = ""


@dataclass(frozen=True, slots=True)
class Problem:
    """What went wrong (RFC 9457). `type` is what programs go by; `title` and `detail` are for people."""

    type: Annotated[str, Field(json_schema_extra={"format": "uri-reference"}, examples=["/api/v1/docs#not-found"])]
    title: Annotated[str, Field(examples=["There is no such thing"])]
    status: Annotated[int, Field(ge=400, le=599, examples=[404])]
    detail: Annotated[str, Field(examples=["there is no such domain"])]
    instance: Annotated[str, Field(description="Names this very occurrence in the server's log.", json_schema_extra={"format": "uri"})] = ""
    errors: tuple[Complaint, ...] = ()


ADAPTER = TypeAdapter(Problem)


class Refused(Exception):
    """A request that is answered with a problem."""

    def __init__(self, kind: Kind, detail: str, *errors: Complaint, headers: dict[str, str] | None = None, instance: str = "") -> None:
        super().__init__(detail)
        self.kind = kind
        self.detail = detail
        self.errors = errors
        self.headers = headers or {}
        self.instance = instance


def answer(root: str, refused: Refused) -> Response:
    """The problem as a response; `root` is where the API is mounted."""
    kind = refused.kind.value
    problem = Problem(f"{root or PREFIX}/docs#{kind.slug}", kind.title, kind.status, refused.detail, refused.instance, refused.errors)
    body = ADAPTER.dump_json(problem, exclude_defaults=True)
    return Response(body, kind.status, {**refused.headers, "Cache-Control": "no-store"}, MEDIA_TYPE)


def answer_to(request: Request, refused: Refused) -> Response:
    return answer(root_of(request), refused)


def root_of(request: Request) -> str:
    """The path that the API is mounted at."""
    root: str = request.scope.get("root_path", "")
    return root or PREFIX


def not_found(what: str) -> Refused:
    return Refused(Kind.NOT_FOUND, f"there is no such {what}")


def invalid(complaint: Complaint) -> Refused:
    """A request with one thing wrong."""
    return Refused(Kind.INVALID, complaint.detail, complaint)
