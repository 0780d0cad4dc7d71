"""The REST API as an application of its own below `/api/v1`: its errors are problem documents, not pages."""

import re
from functools import partial

from fastapi import FastAPI
from starlette.routing import Mount

from hauberk import __version__
from hauberk.web.api import (
    alerts,
    assessments,
    catalogue,
    channels,
    documentation,
    domains,
    evidence,
    jobs,
    organisation,
    reports,
    scans,
    schedules,
    verifications,
)
from hauberk.web.api.edge import Edge
from hauberk.web.api.openapi import describe, operation_id
from hauberk.web.api.problem import PREFIX
from hauberk.web.api.refusals import install
from hauberk.web.api.service import MEBIBYTE, Limits, Service
from hauberk.web.installation import NO_TELEMETRY, Installation

_ROUTED = (
    domains,
    scans,
    evidence,
    assessments,
    reports,
    jobs,
    schedules,
    channels,
    alerts,
    verifications,
    catalogue,
    organisation,
    documentation,
)


def create_api(installation: Installation, limits: Limits | None = None) -> FastAPI:
    """All routes of the API, to be mounted at `/api/v1`."""
    api = FastAPI(
        title="Hauberk",
        version=__version__,
        openapi_url=None,
        telemetry=NO_TELEMETRY,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        generate_unique_id_function=operation_id,
    )
    api.state.service = Service(installation, limits or Limits())
    for routed in _ROUTED:
        api.include_router(routed.router)
    install(api, (routed.router for routed in _ROUTED))
    api.add_middleware(Edge, body_limit=body_limit)
    api.openapi = partial(describe, api)
    return api


def mounted(installation: Installation, limits: Limits | None = None) -> Mount:
    """The API where it belongs, whatever octets follow: the framework's own mounts do not take a line's end in an address."""
    mount = Mount(PREFIX, create_api(installation, limits), name="api")
    mount.path_regex = re.compile(mount.path_regex.pattern, re.DOTALL)
    return mount


def body_limit(method: str, path: str) -> int:
    """How many octets of a body are taken: enough for ten thousand names, and for the largest file that can be verified."""
    match (method, path):
        case ("POST", "/verifications"):
            return verifications.LARGEST_UPLOAD + MEBIBYTE
        case ("POST", "/domains"):
            return 8 * MEBIBYTE
        case ("POST", _) if path.endswith("/attachments"):
            return evidence.LARGEST_FILE + MEBIBYTE
        case _:
            return MEBIBYTE // 4
