"""The API's own description (OpenAPI 3.1): every operation with every problem that it can answer with."""

import json
import re
from typing import Any, cast

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from pydantic import TypeAdapter

from hauberk import __version__
from hauberk.web.api import described, webhooks
from hauberk.web.api.problem import ADAPTER, BY_STATUS, MEDIA_TYPE, Kind
from hauberk.web.api.scope import Scope

ABOUT = """\
Everything that the dashboard shows, for programs.

**Tokens.** Send `Authorization: Bearer TOKEN`. A token belongs to one organisation and sees nothing of any other; each operation
wants one scope.

**Errors** are problem documents (RFC 9457). Programs go by `type`, people read `detail`; `errors` says which part of a request is wrong.

**Orders** (scans, reports, tests) are answered at once with 202 and a job; ask the address in `Location` how far it is. Send an
`Idempotency-Key` and an order that you had to send again is still one order.

**Lists** come in pages: follow `next`, or the `Link` header, until it is null.

**Limits.** `RateLimit` says how much of the token's quota is left. After 429 wait as many seconds as `Retry-After` says.

**Times** are ISO 8601 in UTC, intervals ISO 8601 durations. Fields and values may be added to answers; nothing is
taken away in this version.
"""
TAGS = (
    ("domains", "What the organisation looks after, and how it stands."),
    ("scans", "Looking at a domain, and the tapes of what was seen."),
    ("assessments", "What a catalogue of checks and a rubric made of a tape."),
    ("reports", "Signed files for auditors."),
    ("evidence", "What stands beside the results: exceptions that somebody answers for, files that others made."),
    ("jobs", "Work that was ordered."),
    ("schedules", "When domains are scanned again."),
    ("alerts", "Who is told what, and when not."),
    ("verification", "Is a file what its signer signed?"),
    ("catalogue", "The checks and the rubrics."),
    ("organisation", "The organisation, the token, the chain of evidence."),
)
# What any operation that wants a token can answer with, and any that takes a body.
_ALWAYS = (Kind.INVALID, Kind.INTERNAL, Kind.UNAVAILABLE)
_WITH_TOKEN = (Kind.UNAUTHENTICATED, Kind.INSUFFICIENT_SCOPE, Kind.TOO_MANY_REQUESTS)
_WITH_BODY = (Kind.MALFORMED, Kind.TOO_LARGE, Kind.UNSUPPORTED_MEDIA_TYPE)
# What stands alone in its own module is one of many here.
_NAMES = {"Kind": "ChannelKind", "State": "JobState", "Body_verify": "VerificationForm", "Body_attach_file": "AttachmentForm"}
_CHANGING = ("post", "put", "patch", "delete")
_HEADERS = {
    Kind.UNAUTHENTICATED: ("WWW-Authenticate",),
    Kind.INSUFFICIENT_SCOPE: ("WWW-Authenticate",),
    Kind.TOO_MANY_REQUESTS: ("Retry-After", "RateLimit", "RateLimit-Policy"),
    Kind.UNAVAILABLE: ("Retry-After",),
}

Object = dict[str, Any]


def describe(api: FastAPI) -> Object:
    """The description, made once."""
    if api.openapi_schema is None:
        made = get_openapi(title="Hauberk API", version=__version__, description=ABOUT, routes=api.routes, tags=_tags())
        _complete(made)
        api.openapi_schema = _plainly_named(made)
    return api.openapi_schema


def _plainly_named(made: Object) -> Object:
    """Types under names that say what they are: `Page_Domain_`, as the framework names a page of domains, becomes `DomainPage`."""
    schemas: Object = made["components"]["schemas"]
    named = {name: _NAMES.get(name, re.sub(r"^Page_([A-Za-z]+)_$", r"\1Page", name)) for name in schemas}
    made["components"]["schemas"] = {named[name]: {**schema, "title": named[name]} for name, schema in schemas.items()}
    text = re.sub(r'"#/components/schemas/([A-Za-z_]+)"', lambda ref: f'"#/components/schemas/{named[ref[1]]}"', json.dumps(made))
    return json.loads(text)


def operation_id(route: APIRoute) -> str:
    """The function's name: `list_domains`."""
    return route.name


def _tags() -> list[Object]:
    return [{"name": name, "description": about} for name, about in TAGS]


def _complete(made: Object) -> None:
    parts: Object = made.setdefault("components", {})
    schemas: Object = parts.setdefault("schemas", {})
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    schemas.update(_problem_schemas(ADAPTER))
    schemas.update(described.COMPONENTS)
    schemas["WebhookAlert"] = webhooks.SCHEMA
    made["webhooks"] = webhooks.DESCRIBED
    parts["responses"] = {_component(kind): _response(kind) for kind in Kind}
    made["servers"] = [{"url": "/api/v1"}]
    for operations in cast("dict[str, dict[str, Object]]", made["paths"]).values():
        for method, operation in operations.items():
            _complete_operation(method, operation)


def _complete_operation(method: str, operation: Object) -> None:
    responses: Object = operation["responses"]
    wanted = [BY_STATUS[int(status)] for status in responses if int(status) >= 400] + list(_ALWAYS)
    if scopes := next((found for one in operation.get("security", []) for found in one.values()), None):
        operation["description"] = f"{operation.get('description', '')}\n\nScope: `{scopes[0]}`".strip()
    if "security" in operation:
        wanted += [kind for kind in _WITH_TOKEN if scopes or kind is not Kind.INSUFFICIENT_SCOPE]
    if "requestBody" in operation:
        wanted += _WITH_BODY
    if method in _CHANGING:
        wanted.append(Kind.INSUFFICIENT_STORAGE)
    for kind in sorted(set(wanted), key=lambda kind: kind.status):
        responses[str(kind.status)] = {"$ref": f"#/components/responses/{_component(kind)}"}
    for found in responses.values():
        if found.get("description") == "Successful Response":
            found["description"] = "Done."
    operation["responses"] = dict(sorted(responses.items()))
    operation["summary"] = _sentence(operation["operationId"])


def _response(kind: Kind) -> Object:
    schema: Object = {"allOf": [{"$ref": "#/components/schemas/Problem"}, {"properties": {"status": {"const": kind.status}}}]}
    found: Object = {"description": f"{kind.value.title}. {kind.value.about}", "content": {MEDIA_TYPE: {"schema": schema}}}
    if kind in _HEADERS:
        found["headers"] = {name: {"schema": {"type": "string"}} for name in _HEADERS[kind]}
    return found


def _problem_schemas(adapter: TypeAdapter[Any]) -> Object:
    schema = adapter.json_schema(ref_template="#/components/schemas/{model}", mode="serialization")
    return {**schema.pop("$defs", {}), "Problem": schema}


def _component(kind: Kind) -> str:
    return "".join(word.capitalize() for word in kind.value.slug.split("-"))


def _sentence(name: str) -> str:
    words = re.sub("_", " ", name)
    return words[:1].upper() + words[1:]


def scopes() -> list[tuple[str, str]]:
    """Every scope and what it is for, for the documentation."""
    return [(scope.value, scope.about) for scope in Scope]
