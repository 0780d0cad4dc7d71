"""The key that signs the organisation's reports: its fingerprint, and the certificate for those who verify."""

import asyncio

from cryptography.hazmat.primitives.serialization import Encoding
from fastapi import APIRouter, HTTPException, Request, Response

from hauberk.app.work.organisation_key import KeyLostError, organisation_key, replace_key
from hauberk.report.signature.key import KeyUnusableError, SigningKey, grouped
from hauberk.web.access import Administrator, Reader, Visitor
from hauberk.web.installation import Here, Installation
from hauberk.web.page import page, see
from hauberk.web.settings.told import said

router = APIRouter()


@router.get("/settings/key")
async def show_key(request: Request, here: Here, visitor: Reader, done: str = "") -> Response:
    try:
        key = await _key(here, visitor)
    except KeyLostError:
        return page(request, "settings/key_lost.html", visitor)
    return page(
        request,
        "settings/key.html",
        visitor,
        owner=key.name,
        fingerprint=grouped(key.fingerprint),
        ends_at=key.certificate.not_valid_after_utc,
        supplied=here.settings.work.key is not None,
        said=said(done),
    )


@router.post("/settings/key")
async def new_key(request: Request, here: Here, visitor: Administrator) -> Response:
    """A new key in the place of one that is lost."""
    try:
        await asyncio.to_thread(replace_key, here.settings.work, visitor.tenant.id, visitor.tenant.name, here.clock())
    except (OSError, KeyUnusableError) as error:
        raise _unusable(error) from error
    return see("/settings/key?done=key", request)


@router.get("/settings/key/certificate.pem")
async def certificate(here: Here, visitor: Reader) -> Response:
    try:
        key = await _key(here, visitor)
    except KeyLostError as error:
        raise HTTPException(404, "The signing key is lost.") from error
    pem = b"".join(one.public_bytes(Encoding.PEM) for one in (key.certificate, *key.chain))
    name = f"{visitor.tenant.slug}-hauberk.pem"
    return Response(pem, media_type="application/x-pem-file", headers={"Content-Disposition": f'attachment; filename="{name}"'})


async def _key(here: Installation, visitor: Visitor) -> SigningKey:
    """Made now where nothing was signed yet, so that its fingerprint can be given away first. Raises `KeyLostError`."""
    try:
        return await organisation_key(here.settings.work, here.store, visitor.tenant.id, visitor.tenant.name, here.clock())
    except KeyLostError:
        raise
    except (OSError, KeyUnusableError) as error:
        raise _unusable(error) from error


def _unusable(error: Exception) -> HTTPException:
    return HTTPException(500, f"The signing key cannot be used: {error}.")
