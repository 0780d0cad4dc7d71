"""The REST API as an application of its own below `/api/v1`: its errors are problem documents, not pages."""

from fastapi import FastAPI

from hauberk import __version__
from hauberk.web.installation import Installation


def create_api(installation: Installation) -> FastAPI:
    """All routes of the API; `installation_of(request)` is set by the caller."""
    del installation
    return FastAPI(title="Hauberk", version=__version__, docs_url=None, redoc_url=None)
