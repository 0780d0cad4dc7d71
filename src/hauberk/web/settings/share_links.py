"""Links with which an auditor reads without an account, until a day."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Form, Request, Response

from hauberk.store import domains, shares
from hauberk.web.access import Administrator, Visitor
from hauberk.web.installation import Here, Installation
from hauberk.web.page import page, see
from hauberk.web.pages.places import Id, domain_typed
from hauberk.web.settings.told import said

router = APIRouter()
LASTING = (("7", "7 days"), ("30", "30 days"), ("90", "90 days"), ("365", "a year"))


@router.get("/settings/shares")
async def show_shares(request: Request, here: Here, visitor: Administrator, done: str = "") -> Response:
    return await _shares_page(request, here, visitor, said=said(done))


@router.post("/settings/shares")
async def share(
    request: Request,
    here: Here,
    visitor: Administrator,
    label: Annotated[str, Form(max_length=120)] = "",
    domain: Annotated[str, Form(max_length=253)] = "",
    days: Annotated[int, Form(ge=1, le=365)] = 30,
) -> Response:
    """The link is shown this once."""
    at, shown, wanted = here.clock(), label.strip() or "Auditor", domain.strip()
    async with here.store.tenant(visitor.tenant.id) as session:
        found = await domain_typed(session, wanted) if wanted else None
        secret = ""
        if found is not None or not wanted:
            domain_id = found.id if found else None
            _, secret = await shares.create(session, shown, visitor.name, at, at + timedelta(days=days), domain_id=domain_id)
    if not secret:
        return await _shares_page(request, here, visitor, wrong={"domain": "The organisation has no such domain."}, domain=domain)
    return await _shares_page(request, here, visitor, secret=f"{here.settings.url}/share/{secret}", secret_of=shown)


@router.post("/settings/shares/{id}/revoke")
async def revoke_share(request: Request, here: Here, visitor: Administrator, id: Id) -> Response:
    async with here.store.tenant(visitor.tenant.id) as session:
        await shares.revoke(session, id, here.clock())
    return see("/settings/shares?done=revoked", request)


async def _shares_page(
    request: Request, here: Installation, visitor: Visitor, *, wrong: dict[str, str] | None = None, **more: str
) -> Response:
    at = here.clock()
    async with here.store.tenant(visitor.tenant.id, writing=False) as session:
        held = [one for one in await shares.all_shares(session) if one.revoked_at is None and one.expires_at > at]
        names = await domains.names_of(session, [one.domain_id for one in held if one.domain_id])
    content = {"domain": "", "secret": "", "secret_of": "", "said": "", **more}
    listed = [(one, names.get(one.domain_id or 0, "")) for one in held]
    status = 422 if wrong else 200
    return page(request, "settings/shares.html", visitor, status=status, shares=listed, lasting=LASTING, wrong=wrong or {}, **content)
