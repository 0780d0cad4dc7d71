"""Who is asking, and what that allows. Every page route takes one of the dependencies below; which tenant it works in follows from the
session on the server alone. An id in an address is looked up in that tenant's session, and another tenant's is not there (404)."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, TypeAlias
from urllib.parse import quote

from fastapi import Depends, HTTPException, Request

from hauberk.store import members, sessions, shares, tenants, users
from hauberk.store.errors import StoreError
from hauberk.store.members import Role
from hauberk.store.sessions import SignedIn
from hauberk.store.shares import Share
from hauberk.store.tenants import Tenant
from hauberk.store.users import User
from hauberk.web import cookies
from hauberk.web.cookies import Cookie
from hauberk.web.installation import Here, Installation

_NOTED_EVERY = timedelta(minutes=5)
_RECENT = timedelta(hours=1)
_NO_SHARE = "This link has ended, or it was taken back. Ask whoever sent it for a new one."


@dataclass(frozen=True, slots=True)
class Guest:
    """Nobody is signed in."""


@dataclass(frozen=True, slots=True)
class Auditor:
    """Somebody who came by a share link: reads one domain, or all of a tenant's, and changes nothing."""

    share: Share
    tenant: Tenant

    def may_see(self, domain_id: int) -> bool:
        return self.share.whole_tenant or self.share.domain_id == domain_id


@dataclass(frozen=True, slots=True)
class Visitor:
    """A signed-in user, working in `tenant`; `others` are further tenants of the same user. `provides`: administers the installation."""

    user: User
    tenant: Tenant
    role: Role
    others: tuple[Tenant, ...]
    session: SignedIn
    provides: bool

    @property
    def name(self) -> str:
        """As it stands in records and reports: who did it."""
        return self.user.known_as

    @property
    def may_change(self) -> bool:
        return self.role in (Role.MEMBER, Role.ADMINISTRATOR)

    @property
    def administers(self) -> bool:
        return self.role is Role.ADMINISTRATOR


Anybody: TypeAlias = Visitor | Auditor | Guest


class NotSignedIn(Exception):
    """Sign in first; `path` is where to go afterwards."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.path = path


async def anybody(request: Request, here: Here) -> Visitor | Guest:
    """Whoever it is: for pages that all may see."""
    secret = cookies.read(request, Cookie.SESSION, here.settings)
    found = await _visitor(here, secret) if secret else None
    if found is None:
        return Guest()
    await _keep_alive(here, secret, found.session)
    return found


async def reader(request: Request, found: Annotated[Visitor | Guest, Depends(anybody)]) -> Visitor:
    """Anybody who is signed in: auditors read."""
    if isinstance(found, Guest):
        raise NotSignedIn(_path(request))
    return found


async def member(visitor: Annotated[Visitor, Depends(reader)]) -> Visitor:
    """Members scan and report."""
    if not visitor.may_change:
        raise HTTPException(403, "An auditor reads and changes nothing. A member of the organisation can do this.")
    return visitor


async def administrator(visitor: Annotated[Visitor, Depends(reader)]) -> Visitor:
    """Administrators do everything in their tenant."""
    if not visitor.administers:
        raise HTTPException(403, "Only an administrator of the organisation can do this.")
    return visitor


async def operator(visitor: Annotated[Visitor, Depends(reader)]) -> Visitor:
    """Administrators of the organisation that set the server up see to the installation as a whole."""
    if not visitor.provides:
        raise HTTPException(403, "Only administrators of the organisation that set this server up can do this.")
    return visitor


async def auditor(request: Request, here: Here) -> Auditor:
    """Somebody with a share link that still holds (its cookie was set by `/share/SECRET`)."""
    secret = cookies.read(request, Cookie.SHARE, here.settings)
    async with here.store.system(writing=False) as session:
        share = await shares.find(session, secret, here.clock()) if secret else None
    if share is None:
        raise HTTPException(404, _NO_SHARE)
    async with here.store.tenant(share.tenant_id, writing=False) as session:
        tenant = await tenants.current(session)
    if tenant.archived_at is not None:
        raise HTTPException(404, _NO_SHARE)
    return Auditor(share, tenant)


def require_recent(here: Installation, visitor: Visitor) -> None:
    """Raises 403 where the session is not fresh: whoever finds an open browser must not make a way in that lasts."""
    if here.clock() - visitor.session.created_at > _RECENT:
        raise HTTPException(403, "Sign out and in again for this: it opens a way into your account, and you signed in a while ago.")


AnybodyDep = Annotated[Visitor | Guest, Depends(anybody)]
Reader = Annotated[Visitor, Depends(reader)]
Member = Annotated[Visitor, Depends(member)]
Administrator = Annotated[Visitor, Depends(administrator)]
Operator = Annotated[Visitor, Depends(operator)]
ShareHolder = Annotated[Auditor, Depends(auditor)]


async def _visitor(here: Here, secret: str) -> Visitor | None:
    """Who holds the session's secret, if it still holds; who is a member nowhere any more is refused."""
    at = here.clock()
    async with here.store.system(writing=False) as session:
        found = await sessions.find(session, secret, at)
        user = None if found is None else await users.by_id(session, found.user_id)
        if found is None or user is None:
            return None
        seats = await members.seats_of(session, user.id)
    if not seats:
        raise HTTPException(403, "You are a member of no organisation any more. Ask an administrator for an invitation.")
    taken = next((seat for seat in seats if seat.tenant.id == found.tenant_id), seats[0])
    others = tuple(seat.tenant for seat in seats if seat is not taken)
    provides = any(seat.founding and seat.role is Role.ADMINISTRATOR for seat in seats)
    return Visitor(user, taken.tenant, taken.role, others, found, provides)


async def _keep_alive(here: Here, secret: str, session: SignedIn) -> None:
    """Noting each request would make every reader a writer; a database that cannot be written to can still be read."""
    at, limits = here.clock(), here.settings.session
    if timedelta(0) <= at - session.seen_at < _NOTED_EVERY:
        return
    with suppress(StoreError):
        async with here.store.system() as writing:
            await sessions.seen(writing, secret, at, min(at + limits.idle, session.created_at + limits.whole))


def _path(request: Request) -> str:
    """Where to come back to: only what can be asked for by a link."""
    if request.method != "GET":
        return "/"
    query = f"?{request.url.query}" if request.url.query else ""
    return quote(request.url.path, safe="/") + query
