"""Tenants: the organisations of an installation, each strictly apart."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from hauberk.scoring.rubric import RubricError, load
from hauberk.store.columns import columns
from hauberk.store.errors import Fault, StoreError, missing
from hauberk.store.session import SystemSession, TenantSession
from hauberk.store.tables.evidence import tenants


@dataclass(frozen=True, slots=True)
class Tenant:
    """`slug` stands in addresses, `name` on reports; `rubric` is the one it is scored by, empty for the program's, and `logo_type` the
    media type of its logo, empty where it has none."""

    id: int
    slug: str
    name: str
    rubric: str
    created_at: datetime
    archived_at: datetime | None
    logo_type: str = ""

    @property
    def scored_by(self) -> str:
        """The id of its rubric as assessments name it, which carries a version that the name may lack; empty for the program's."""
        try:
            return load(self.rubric).id if self.rubric else ""
        except RubricError:  # a rubric that this program no longer has
            return self.rubric


@dataclass(frozen=True, slots=True)
class Logo:
    logo_type: str
    logo: bytes


async def add(session: SystemSession, slug: str, name: str, at: datetime) -> Tenant:
    """A new tenant. Raises `StoreError` (conflict) when the slug is taken."""
    id = await session.insert_unless_there(tenants, ("slug",), slug=slug, name=name, created_at=at)
    if id is None:
        raise StoreError(Fault.CONFLICT, f"there is a tenant {slug!r} already")
    return Tenant(id, slug, name, "", at, None)


async def all_tenants(session: SystemSession) -> tuple[Tenant, ...]:
    return await session.records(Tenant, select(*columns(tenants, Tenant)).order_by(tenants.c.slug))


async def by_slug(session: SystemSession, slug: str) -> Tenant | None:
    return await session.record(Tenant, select(*columns(tenants, Tenant)).where(tenants.c.slug == slug))


async def archive(session: SystemSession, tenant: int, at: datetime) -> None:
    """Take a tenant out of service; its evidence stays."""
    await session.run(tenants.update().where(tenants.c.id == tenant, tenants.c.archived_at.is_(None)).values(archived_at=at))


async def restore(session: SystemSession, tenant: int) -> None:
    """Back into service."""
    await session.run(tenants.update().where(tenants.c.id == tenant).values(archived_at=None))


async def current(session: TenantSession) -> Tenant:
    """The session's own tenant."""
    found = await session.record(Tenant, select(*columns(tenants, Tenant)).where(tenants.c.id == session.tenant))
    if found is None:
        raise missing("tenant")
    return found


async def rename(session: TenantSession, name: str) -> None:
    await session.run(tenants.update().where(tenants.c.id == session.tenant).values(name=name))


async def use_rubric(session: TenantSession, rubric: str) -> None:
    await session.run(tenants.update().where(tenants.c.id == session.tenant).values(rubric=rubric))


async def set_logo(session: TenantSession, logo: Logo | None) -> None:
    values = {"logo_type": logo.logo_type, "logo": logo.logo} if logo else {"logo_type": "", "logo": None}
    await session.run(tenants.update().where(tenants.c.id == session.tenant).values(**values))


async def logo(session: TenantSession) -> Logo | None:
    own = select(*columns(tenants, Logo)).where(tenants.c.id == session.tenant, tenants.c.logo.is_not(None))
    return await session.record(Logo, own)
