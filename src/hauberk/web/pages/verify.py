"""Verify a report by upload: is it what its signer signed, does it follow from its evidence, is it fresh?"""

import asyncio
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

from fastapi import APIRouter, File, Request, Response, UploadFile

from hauberk.app.signing import SIGNATURE
from hauberk.app.verification import Verification
from hauberk.app.verifying import LARGEST, verify_file
from hauberk.app.work.organisation_key import key_path
from hauberk.report.signature import keyfile
from hauberk.report.signature.key import KeyUnusableError
from hauberk.web.access import Reader
from hauberk.web.installation import Here, Installation
from hauberk.web.page import page
from hauberk.web.views.attached import safe_name

router = APIRouter(prefix="/verify")
_AT_ONCE = asyncio.Semaphore(2)  # each has a process of its own, with up to three gigabytes


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
    """Read in a process of its own, with an end to its time and memory."""
    data = await file.read(LARGEST + 1)
    beside = await signature.read(LARGEST + 1) if signature is not None else b""
    if not data or max(len(data), len(beside)) > LARGEST:
        wrong = f"The file is larger than {LARGEST // 1024 // 1024} MB." if data else "Choose a file."
        return page(request, "verify.html", visitor, found=None, own=False, wrong=wrong, status=422)
    async with _AT_ONCE:
        found = await asyncio.to_thread(_verified, here, safe_name(file.filename or "file"), data, beside)
    own = found.signer is not None and await asyncio.to_thread(_own_key, here, visitor.tenant.id) == found.signer.fingerprint
    return page(request, "verify.html", visitor, found=found, own=own, wrong="")


def _verified(here: Installation, name: str, data: bytes, beside: bytes) -> Verification:
    with TemporaryDirectory(prefix="hauberk-verify-") as folder:
        path = Path(folder) / name
        path.write_bytes(data)
        if beside:
            path.with_name(name + SIGNATURE).write_bytes(beside)
        return verify_file(path, here.clock())


def _own_key(here: Installation, tenant: int) -> str:
    """The fingerprint of the organisation's key, if there is one yet."""
    settings = here.settings.work
    path = settings.key or key_path(settings, tenant)
    try:
        return keyfile.load(path, settings.key_password if settings.key else None).fingerprint if path.is_file() else ""
    except (OSError, KeyUnusableError):
        return ""
