"""The organisation that a token belongs to, the token itself, and the head of the chain of evidence."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter
from pydantic import ConfigDict, Field, WithJsonSchema

from hauberk.app.organisations import proper_name
from hauberk.app.work import ordering
from hauberk.scoring.rubric import DEFAULT, names
from hauberk.store import chain, tenants, tokens
from hauberk.web.api.bearer import Anyone, Reader, Steward
from hauberk.web.api.paging import Page, Paged
from hauberk.web.api.problem import Complaint, invalid
from hauberk.web.api.scope import Scope, parse_scopes

router = APIRouter(tags=["organisation"])


@dataclass(frozen=True, slots=True)
class Tenant:
    """The organisation. `name` stands on reports; `rubric` is what its domains are scored by."""

    slug: Annotated[str, Field(examples=["example"])]
    name: Annotated[str, Field(examples=["Example Ltd"])]
    rubric: Annotated[str, Field(examples=["hauberk-2026.1"])]
    created_at: datetime


@dataclass(frozen=True, slots=True)
class TenantChanges:
    """What is left out stays as it is."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    name: Annotated[str | None, Field(min_length=1, max_length=120)] = None
    rubric: Annotated[str | None, WithJsonSchema({"enum": [*names(), None]})] = None


@dataclass(frozen=True, slots=True)
class Token:
    """The token that the request was made with."""

    name: str
    tenant: Annotated[str, Field(description="The organisation's slug.", examples=["example"])]
    scopes: tuple[Scope, ...]
    created_by: str
    created_at: datetime
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class ChainHead:
    """The last link of the chain of evidence. Kept elsewhere, it proves later that nothing up to it was rewritten."""

    sequence: int
    digest: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


@dataclass(frozen=True, slots=True)
class ChainLink:
    """`digest` is SHA-256 (hex) over the digest of the link before, as 32 octets, and `record` in UTF-8."""

    sequence: int
    kind: Annotated[str, Field(examples=["scan-stored"])]
    at: datetime
    digest: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    record: Annotated[str, Field(description="Canonical JSON (RFC 8785), as it is kept.")]


@router.get("/tenant")
async def get_tenant(caller: Reader) -> Tenant:
    """The organisation that the token belongs to."""
    async with caller.reading() as session:
        return _shown(await tenants.current(session))


@router.patch("/tenant")
async def change_tenant(caller: Steward, body: TenantChanges) -> Tenant:
    """Change the organisation's name, or the rubric that scans are scored by. What is kept is judged by it too; old results stay."""
    if body.rubric is not None and body.rubric not in names():
        raise invalid(Complaint(f"the rubrics are {', '.join(names())}", pointer="#/rubric"))
    name = None if body.name is None else proper_name(body.name)
    async with caller.writing() as session:
        if name is not None:
            await tenants.rename(session, name)
        if body.rubric is not None:
            await ordering.use_rubric(session, body.rubric, caller.at)
        return _shown(await tenants.current(session))


@router.get("/token")
async def get_token(caller: Anyone) -> Token:
    """What this token may do. Any valid token may ask."""
    async with caller.reading() as session:
        tenant = await tenants.current(session)
    token = caller.token
    scopes = tuple(scope for scope in Scope if scope in parse_scopes(token.scopes))
    return Token(token.name, tenant.slug, scopes, token.created_by, token.created_at, token.expires_at)


@router.delete("/token", status_code=204)
async def revoke_token(caller: Anyone) -> None:
    """Revoke this token: for whoever finds it in a place where it should not be. Any valid token may."""
    async with caller.writing() as session:
        await tokens.revoke(session, caller.token.id, caller.at)


@router.get("/chain")
async def get_chain_head(caller: Reader) -> ChainHead:
    """The end of the chain of evidence. Number 0 is the chain before its first link."""
    async with caller.reading() as session:
        head = await chain.head(session)
    return ChainHead(head.sequence, head.digest)


@router.get("/chain/links")
async def list_chain_links(caller: Reader, window: Paged) -> Page[ChainLink]:
    """What happened to the evidence, oldest first: each link bound to the one before."""
    async with caller.reading() as session:
        found = await chain.links(session, after=window.before("link") or 0, limit=window.limit + 1)
    return window.page("link", found, _link, lambda link: link.sequence)


def _shown(tenant: tenants.Tenant) -> Tenant:
    return Tenant(tenant.slug, tenant.name, tenant.rubric or DEFAULT, tenant.created_at)


def _link(link: chain.Link) -> ChainLink:
    return ChainLink(link.sequence, link.kind, link.at, link.digest, link.record.decode())
