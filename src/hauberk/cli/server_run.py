"""The running of `hauberk server`."""

import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

from hauberk.app import organisations
from hauberk.app.scanning import now
from hauberk.cli import exits
from hauberk.protocols.malformed import visible
from hauberk.store import tenants, tokens
from hauberk.store.migration import migrate
from hauberk.store.store import Store
from hauberk.store.tenants import Tenant
from hauberk.web.api.scope import Scope


@dataclass(frozen=True, slots=True)
class TokenOrder:
    """The command line of `server token`, as typed."""

    scopes: tuple[str, ...]
    tenant: str
    name: str
    days: int


async def found(database: str, name: str) -> str:
    """The new organisation's slug. Raises `StoreError`."""
    organisations.proper_name(name)
    await migrate(database)
    async with _opened(database) as store, store.system() as session:
        return (await organisations.found(session, name, now())).slug


async def listed(database: str) -> list[str]:
    """Raises `StoreError`."""
    async with _opened(database) as store, store.system(writing=False) as session:
        return [f"{one.slug}\t{visible(one.name)}" for one in await tenants.all_tenants(session) if one.archived_at is None]


async def archive(database: str, slug: str, *, back: bool) -> None:
    """Take an organisation out of service, or bring it back. Raises `StoreError`; ends the command with a message where there is none."""
    async with _opened(database) as store, store.system() as session:
        tenant = await tenants.by_slug(session, slug)
        if tenant is None:
            known = ", ".join(one.slug for one in await tenants.all_tenants(session))
            exits.refuse(f"{visible(slug[:80])!r} is no organisation; there are {known or 'none'}")
        if back:
            await tenants.restore(session, tenant.id)
        else:
            await tenants.archive(session, tenant.id, now())
    sys.stderr.write(f"hauberk: {visible(tenant.name)} is {'in service again' if back else 'out of service; its evidence stays'}\n")


async def issue(database: str, order: TokenOrder) -> str:
    """The token's secret. Raises `StoreError`; ends the command with a message where the order is wrong."""
    scopes = [word for text in order.scopes for word in text.replace(",", " ").split()]
    strange = [word for word in scopes if word not in set(Scope)]
    if strange or not scopes:
        exits.refuse(f"--scope {visible(' '.join(strange)[:80])!r}: the scopes are {', '.join(Scope)}")
    wanted = " ".join(scope for scope in Scope if scope in scopes)
    at = now()
    async with _opened(database) as store:
        async with store.system(writing=False) as session:
            tenant = _chosen(await tenants.all_tenants(session), order.tenant)
        async with store.tenant(tenant.id) as session:
            ends = at + timedelta(days=order.days) if order.days else None
            made, secret = await tokens.issue(session, order.name[:100], wanted, "command line", at, expires_at=ends)
    until = f"until {made.expires_at:%Y-%m-%d}" if made.expires_at else "until it is revoked"
    sys.stderr.write(f"hauberk: a token of {visible(tenant.name)} for {wanted}, {until}\n")
    return secret


def _chosen(found: tuple[Tenant, ...], slug: str) -> Tenant:
    open_ = [one for one in found if one.archived_at is None]
    names = ", ".join(one.slug for one in open_)
    if not open_:
        exits.refuse("there is no organisation yet: `hauberk server organisation NAME`")
    if not slug and len(open_) > 1:
        exits.refuse(f"there are several organisations; say which with --tenant: {names}")
    chosen = next((one for one in open_ if slug in ("", one.slug)), None)
    if chosen is None:
        exits.refuse(f"--tenant {slug!r}: the organisations are {names}")
    return chosen


@asynccontextmanager
async def _opened(database: str) -> AsyncGenerator[Store]:
    store = await Store.open(database, connections=2)
    try:
        yield store
    finally:
        await store.close()
