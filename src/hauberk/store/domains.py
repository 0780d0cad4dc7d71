"""Domains that a tenant looks after."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite

from hauberk.store.errors import missing
from hauberk.store.session import TenantSession
from hauberk.store.tables.evidence import domains

_AT_ONCE = 500  # rows of one statement; SQLite takes 32,766 values


@dataclass(frozen=True, slots=True)
class Domain:
    """`name` is the A-label form; `own` declares the mail servers as the tenant's own; `selectors` are DKIM selectors, by spaces.

    A domain that was removed is looked at no more, but its evidence stays.
    """

    id: int
    name: str
    note: str
    own: bool
    selectors: str
    added_at: datetime
    removed_at: datetime | None


async def add(session: TenantSession, name: str, at: datetime) -> Domain:
    """The domain of that name, added if need be; a removed one comes back."""
    await session.insert_unless_there(domains, ("tenant_id", "name"), tenant_id=session.tenant, name=name, added_at=at)
    await session.run(
        domains.update().where(session.own(domains), domains.c.name == name, domains.c.removed_at.is_not(None)).values(removed_at=None)
    )
    found = await by_name(session, name)
    if found is None:
        raise missing("domain")
    return found


async def add_all(session: TenantSession, names: Iterable[str], at: datetime) -> tuple[int, ...]:
    """Add those that are not looked after yet, ten thousand in a second; the ids of those that are now. Removed ones come back."""
    wanted, added = list(dict.fromkeys(names)), list[int]()
    make = postgresql.insert if session.is_postgresql else sqlite.insert
    for start in range(0, len(wanted), _AT_ONCE):
        some = wanted[start : start + _AT_ONCE]
        rows = [{"tenant_id": session.tenant, "name": name, "added_at": at} for name in some]
        statement = make(domains).values(rows).on_conflict_do_nothing(index_elements=["tenant_id", "name"]).returning(domains.c.id)
        gone = domains.update().where(session.own(domains), domains.c.name.in_(some), domains.c.removed_at.is_not(None))
        back = gone.values(removed_at=None).returning(domains.c.id)
        added += [int(row[0]) for row in (*await session.rows(back), *await session.rows(statement))]
    return tuple(added)


async def by_id(session: TenantSession, id: int) -> Domain | None:
    return await session.by_id(Domain, domains, id)


async def by_name(session: TenantSession, name: str) -> Domain | None:
    return await session.record(Domain, session.select(Domain, domains).where(domains.c.name == name))


async def names_of(session: TenantSession, ids: Iterable[int]) -> dict[int, str]:
    """The names of some domains by their ids, removed ones too; ids that are not the tenant's are left out."""
    named = select(domains.c.id, domains.c.name).where(session.own(domains), domains.c.id.in_(set(ids)))
    return {int(row.id): str(row.name) for row in await session.rows(named)}


async def looked_after(session: TenantSession, ids: Iterable[int]) -> tuple[str, ...]:
    """The names of those of some domains that are the tenant's and not removed, in the order of their ids."""
    named = select(domains.c.name).where(session.own(domains), domains.c.id.in_(set(ids)), domains.c.removed_at.is_(None))
    return tuple(str(row.name) for row in await session.rows(named.order_by(domains.c.id)))


async def page(session: TenantSession, *, after: str = "", limit: int = 100, removed: bool = False) -> tuple[Domain, ...]:
    """Domains in the order of their names, from the one after `after`."""
    statement = session.select(Domain, domains).where(domains.c.name > after)
    if not removed:
        statement = statement.where(domains.c.removed_at.is_(None))
    return await session.records(Domain, statement.order_by(domains.c.name).limit(limit))


async def removed(session: TenantSession, *, after: str = "", limit: int = 100) -> tuple[Domain, ...]:
    """Domains that are looked after no more, in the order of their names, from the one after `after`."""
    statement = session.select(Domain, domains).where(domains.c.name > after, domains.c.removed_at.is_not(None))
    return await session.records(Domain, statement.order_by(domains.c.name).limit(limit))


async def describe(session: TenantSession, id: int, *, note: str, own: bool, selectors: str) -> None:
    """Raises `StoreError` (missing)."""
    if not await session.change(domains, id, note=note, own=own, selectors=selectors):
        raise missing("domain")


async def remove(session: TenantSession, id: int, at: datetime) -> None:
    """Look at it no more. Raises `StoreError` (missing)."""
    if not await session.change(domains, id, removed_at=at):
        raise missing("domain")
