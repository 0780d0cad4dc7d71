"""The organisation's name and logo."""

import asyncio
from typing import Annotated

from fastapi import APIRouter, File, Form, HTTPException, Request, Response, UploadFile

from hauberk.app import organisations
from hauberk.app.logo import LARGEST, NoLogoError, logo_of
from hauberk.store import tenants
from hauberk.store.errors import StoreError
from hauberk.store.tenants import Logo, Tenant
from hauberk.web.access import Administrator, Reader, ShareHolder, Visitor
from hauberk.web.installation import Here, Installation
from hauberk.web.page import page, see
from hauberk.web.settings.told import said
from hauberk.web.views.words import sentence

router = APIRouter()


@router.get("/settings")
async def show(request: Request, visitor: Reader, done: str = "") -> Response:
    return _page(request, visitor, {}, visitor.tenant.name, said=said(done))


@router.post("/settings")
async def rename(request: Request, here: Here, visitor: Administrator, name: Annotated[str, Form(max_length=1000)]) -> Response:
    try:
        proper = organisations.proper_name(name)
    except StoreError as error:
        return _page(request, visitor, {"name": sentence(error)}, name)
    async with here.store.tenant(visitor.tenant.id) as session:
        await tenants.rename(session, proper)
    return see("/settings?done=saved", request)


@router.post("/settings/logo")
async def new_logo(request: Request, here: Here, visitor: Administrator, logo: Annotated[UploadFile, File()]) -> Response:
    try:
        drawn = await asyncio.to_thread(logo_of, await logo.read(LARGEST + 1))
    except NoLogoError as error:
        return _page(request, visitor, {"logo": sentence(error)}, visitor.tenant.name)
    async with here.store.tenant(visitor.tenant.id) as session:
        await tenants.set_logo(session, Logo("image/png", drawn))
    return see("/settings?done=saved", request)


@router.post("/settings/logo/remove")
async def no_logo(request: Request, here: Here, visitor: Administrator) -> Response:
    async with here.store.tenant(visitor.tenant.id) as session:
        await tenants.set_logo(session, None)
    return see("/settings?done=removed", request)


@router.get("/settings/logo.png")
async def logo(here: Here, visitor: Reader) -> Response:
    return await _logo(here, visitor.tenant)


@router.get("/shared/logo.png")
async def shared_logo(here: Here, visitor: ShareHolder) -> Response:
    return await _logo(here, visitor.tenant)


async def _logo(here: Installation, tenant: Tenant) -> Response:
    async with here.store.tenant(tenant.id, writing=False) as session:
        found = await tenants.logo(session)
    if found is None:
        raise HTTPException(404)
    return Response(found.logo, media_type=found.logo_type)


def _page(request: Request, visitor: Visitor, wrong: dict[str, str], name: str, *, said: str = "") -> Response:
    return page(request, "settings/organisation.html", visitor, status=422 if wrong else 200, wrong=wrong, name=name, said=said)
