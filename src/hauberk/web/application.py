"""The application: pages, `/api/v1`, `/metrics` and `/static`, with the background work beside them where the settings want it."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import Depends, FastAPI
from fastapi.staticfiles import StaticFiles
from starlette.routing import Route

from hauberk import __version__
from hauberk.app.server_settings import ServerSettings
from hauberk.app.work.work_settings import Clock, WorldFactory
from hauberk.app.work.worker import Worker
from hauberk.store.store import Store
from hauberk.web import badge, forgery, health, pages, sign_in
from hauberk.web import settings as settings_pages
from hauberk.web.api.application import mounted
from hauberk.web.api.metrics import create_metrics
from hauberk.web.errors import explain_errors
from hauberk.web.installation import NO_TELEMETRY, Installation, install, installation_in
from hauberk.web.protection import Protection

_STATIC = Path(__file__).parent / "static"


def create_app(settings: ServerSettings, store: Store, clock: Clock, world: WorldFactory) -> FastAPI:
    """The whole server as one ASGI application. The store stays the caller's to close."""
    installation = Installation(settings, store, clock, world)
    app = FastAPI(
        title="Hauberk",
        version=__version__,
        openapi_url=None,
        lifespan=_working,
        dependencies=[Depends(forgery.genuine)],
        telemetry=NO_TELEMETRY,
    )
    install(app, installation)
    # First, as programs ask oftener than people and routes are tried in turn.
    app.router.routes.append(mounted(installation))
    app.router.routes.append(Route("/metrics", create_metrics(installation), include_in_schema=False))
    for routed in (sign_in, settings_pages, pages, badge, health):
        app.include_router(routed.router)
    app.mount("/static", StaticFiles(directory=_STATIC))
    explain_errors(app)
    app.add_middleware(Protection, settings)
    return app


@asynccontextmanager
async def _working(app: FastAPI) -> AsyncGenerator[None]:
    """The background work, for as long as the server runs. At the end it gives back what it cannot bring to an end soon."""
    here = installation_in(app)
    if not here.settings.works:
        yield
        return
    stop = asyncio.Event()
    working = asyncio.create_task(Worker(here.store, here.world, here.settings.work, here.clock).run(stop))
    try:
        yield
    finally:
        stop.set()
        await working
