"""Tokens that let programs use the API."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Form, Request, Response

from hauberk.store import tokens
from hauberk.web.access import Administrator, Visitor
from hauberk.web.api.scope import Scope
from hauberk.web.installation import Here, Installation
from hauberk.web.page import page, see
from hauberk.web.pages.places import Id
from hauberk.web.settings.told import said

router = APIRouter()
LIFETIMES = (("30", "30 days"), ("90", "90 days"), ("365", "a year"), ("0", "until it is revoked"))


@router.get("/settings/tokens")
async def show_tokens(request: Request, here: Here, visitor: Administrator, done: str = "") -> Response:
    return await _tokens_page(request, here, visitor, said=said(done))


@router.post("/settings/tokens")
async def issue_token(
    request: Request,
    here: Here,
    visitor: Administrator,
    name: Annotated[str, Form(max_length=80)] = "",
    scopes: Annotated[list[Scope] | None, Form()] = None,
    days: Annotated[int, Form(ge=0, le=3650)] = 90,
) -> Response:
    """The token is shown this once."""
    wrong: dict[str, str] = {}
    if not name.strip():
        wrong["name"] = "Give it a name by which you will know what uses it."
    if not scopes:
        wrong["scopes"] = "Choose what it may be used for."
    if wrong:
        return await _tokens_page(request, here, visitor, wrong=wrong, name=name)
    at, wanted = here.clock(), " ".join(scope.value for scope in Scope if scope in (scopes or ()))
    expires_at = at + timedelta(days=days) if days else None
    async with here.store.tenant(visitor.tenant.id) as session:
        _, secret = await tokens.issue(session, name.strip(), wanted, visitor.name, at, expires_at=expires_at)
    return await _tokens_page(request, here, visitor, secret=secret, secret_of=name.strip())


@router.post("/settings/tokens/{id}/revoke")
async def revoke_token(request: Request, here: Here, visitor: Administrator, id: Id) -> Response:
    async with here.store.tenant(visitor.tenant.id) as session:
        await tokens.revoke(session, id, here.clock())
    return see("/settings/tokens?done=revoked", request)


async def _tokens_page(
    request: Request, here: Installation, visitor: Visitor, *, wrong: dict[str, str] | None = None, **more: str
) -> Response:
    at = here.clock()
    async with here.store.tenant(visitor.tenant.id, writing=False) as session:
        every = await tokens.all_tokens(session)
    holding = [one for one in every if one.revoked_at is None and (one.expires_at is None or one.expires_at > at)]
    content = {"name": "", "secret": "", "secret_of": "", "said": "", **more}
    scopes = [(scope.value, scope.about) for scope in Scope]
    status = 422 if wrong else 200
    return page(
        request,
        "settings/tokens.html",
        visitor,
        status=status,
        tokens=holding,
        scopes=scopes,
        lifetimes=LIFETIMES,
        wrong=wrong or {},
        **content,
    )
