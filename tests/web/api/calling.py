"""The API over a real store, called as a client calls it (ASGI, no sockets)."""

import asyncio
import shutil
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

import httpx
from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.routing import Route

from hauberk.app.server_settings import ServerSettings
from hauberk.app.work.work_settings import WorkSettings, WorldFactory
from hauberk.store import tenants, tokens
from hauberk.store.migration import migrate
from hauberk.store.store import Store
from hauberk.web.api.application import mounted
from hauberk.web.api.metrics import create_metrics
from hauberk.web.api.rate import Quota
from hauberk.web.api.scope import Scope
from hauberk.web.api.service import Limits
from hauberk.web.installation import Installation
from hauberk.world.world import World
from store.samples import NOW, Kept, keep_one_of_each

EVERY_SCOPE = " ".join(Scope)
PLENTY = Limits({scope: Quota(scope.value, 100_000, 100_000) for scope in Scope}, Quota("strangers", 100_000, 100_000))


@dataclass
class Clock:
    at: datetime = NOW + timedelta(hours=1)

    def __call__(self) -> datetime:
        return self.at


@dataclass
class Calling:
    """An API with one organisation, `acme`, and a client with a token of every scope. `app` has it mounted, beside `/metrics`."""

    app: Starlette
    api: FastAPI
    store: Store
    clock: Clock
    tenant: int
    client: httpx.AsyncClient
    installation: Installation

    @property
    def work(self) -> WorkSettings:
        return self.installation.settings.work

    @property
    def world(self) -> WorldFactory:
        return self.installation.world

    async def token(self, scopes: str = EVERY_SCOPE, tenant: int | None = None, expires_at: datetime | None = None) -> str:
        """The secret of a new token."""
        async with self.store.tenant(tenant or self.tenant) as session:
            return (await tokens.issue(session, "ci", scopes, "ada", NOW, expires_at=expires_at))[1]

    async def bearer(self, scopes: str = EVERY_SCOPE, tenant: int | None = None) -> dict[str, str]:
        return {"Authorization": f"Bearer {await self.token(scopes, tenant)}"}

    async def keep(self, domain: str = "example.com", tenant: int | None = None) -> Kept:
        async with self.store.tenant(tenant or self.tenant) as session:
            return await keep_one_of_each(session, domain)

    async def another_tenant(self, slug: str = "other") -> int:
        async with self.store.system() as session:
            return (await tenants.add(session, slug, f"{slug} Ltd", NOW)).id


@cache
def _migrated() -> Path:
    file = Path(mkdtemp(prefix="hauberk-test-")) / "hauberk.db"
    asyncio.run(migrate(f"sqlite:///{file}"))
    return file


def _no_world() -> AbstractAsyncContextManager[World]:
    raise NotImplementedError  # nothing here looks at the world


def migrated_copy(folder: Path) -> str:
    """A new database with all tables; its address."""
    shutil.copy(_migrated(), folder / "hauberk.db")
    return f"sqlite:///{folder / 'hauberk.db'}"


@asynccontextmanager
async def calling(url: str, folder: Path, limits: Limits = PLENTY) -> AsyncGenerator[Calling]:
    """An API over the database at `url`, which is empty but for its tables."""
    store = await Store.open(url)
    try:
        clock = Clock()
        settings = ServerSettings(url, WorkSettings(folder / "data"))
        installation = Installation(settings, store, clock, _no_world)
        mount = mounted(installation, limits)
        app = Starlette(routes=[mount, Route("/metrics", create_metrics(installation, limits))])
        assert isinstance(mount.app, FastAPI)
        async with store.system() as session:
            tenant = (await tenants.add(session, "acme", "Acme Ltd", NOW)).id
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://hauberk.test/api/v1") as client:
            made = Calling(app, mount.app, store, clock, tenant, client, installation)
            client.headers["Authorization"] = f"Bearer {await made.token()}"
            yield made
    finally:
        await store.close()


Scenario = Callable[[Calling], Awaitable[None]]
Play = Callable[[Scenario], None]
