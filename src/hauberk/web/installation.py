"""What every route works with: the settings, the store, the clock and the world, put together once when the server starts."""

from dataclasses import dataclass, field
from typing import Annotated, cast

from fastapi import Depends, FastAPI, Request
from fastapi.telemetry import TelemetryConfig

from hauberk.app.server_settings import ServerSettings
from hauberk.app.work.work_settings import Clock, WorldFactory
from hauberk.store.store import Store
from hauberk.web.api.rate import Limiter

# FastAPI would send traces, with the secrets that stand in addresses, wherever the environment says.
NO_TELEMETRY: TelemetryConfig = {"tracing": False, "metrics": False, "logs": False, "auto_configure": False}


@dataclass(frozen=True, slots=True)
class Installation:
    """`mails` counts what people have us send to addresses of their choice."""

    settings: ServerSettings
    store: Store
    clock: Clock
    world: WorldFactory
    mails: Limiter = field(default_factory=Limiter)


def install(app: FastAPI, installation: Installation) -> None:
    app.state.installation = installation


def installation_in(app: FastAPI) -> Installation:
    return cast(Installation, app.state.installation)


def installation_of(request: Request) -> Installation:
    return installation_in(request.app)


Here = Annotated[Installation, Depends(installation_of)]
