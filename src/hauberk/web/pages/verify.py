"""Verify a report by upload: is it what its signer signed, does it follow from its evidence, is it fresh?"""

import asyncio
from typing import Annotated

from fastapi import APIRouter, File, Request, Response, UploadFile

from hauberk.app.verifying import LARGEST
from hauberk.app.work.organisation_key import key_path
from hauberk.report.signature import keyfile
from hauberk.report.signature.key import KeyUnusableError
from hauberk.web.access import Reader
from hauberk.web.installation import Here, Installation
from hauberk.web.page import page
from hauberk.web.uploaded import verify_upload

router = APIRouter(prefix="/verify")


@router.get("")
async def form(request: Request, visitor: Reader) -> Response:
    return page(request, "verify.html", visitor, found=None, own=False, wrong="")


@router.post("")
async def verify(
    request: Request,
    visitor: Reader,
    here: Here,
    file: Annotated[UploadFile, File()],
    signature: Annotated[UploadFile | None, File()] = None,
) -> Response:
    """Whoever chose no signature has sent an empty one."""
    if not file.size or max(file.size, signature.size or 0 if signature else 0) > LARGEST:
        wrong = f"The file is larger than {LARGEST // 1024 // 1024} MB." if file.size else "Choose a file."
        return page(request, "verify.html", visitor, found=None, own=False, wrong=wrong, status=422)
    found = await verify_upload(file, signature, here.clock())
    own = found.signer is not None and await asyncio.to_thread(_own_key, here, visitor.tenant.id) == found.signer.fingerprint
    return page(request, "verify.html", visitor, found=found, own=own, wrong="")


def _own_key(here: Installation, tenant: int) -> str:
    """The fingerprint of the organisation's key, if there is one yet."""
    settings = here.settings.work
    path = settings.key or key_path(settings, tenant)
    try:
        return keyfile.load(path, settings.key_password if settings.key else None).fingerprint if path.is_file() else ""
    except (OSError, KeyUnusableError):
        return ""
