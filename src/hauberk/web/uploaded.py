"""Verifying what was uploaded. Nothing of it is kept."""

import asyncio
import shutil
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from fastapi import UploadFile

from hauberk.app.signing import SIGNATURE
from hauberk.app.verification import Verification
from hauberk.app.verifying import verify_file
from hauberk.web.views.attached import safe_name

# On the whole server, whether a page or a program asks: each has a process of its own, with up to three gigabytes.
_AT_ONCE = asyncio.Semaphore(2)


async def verify_upload(
    file: UploadFile, signature: UploadFile | None, at: datetime, trusted: tuple[bytes, ...] = (), *, want_fresh: bool = False
) -> Verification:
    """The file with its `.sig`; `trusted` as in `verify_file`."""
    async with _AT_ONCE:
        return await asyncio.to_thread(_verified, file, signature, at, trusted, want_fresh)


def _verified(file: UploadFile, signature: UploadFile | None, at: datetime, trusted: tuple[bytes, ...], want_fresh: bool) -> Verification:
    with TemporaryDirectory(prefix="hauberk-verify-") as folder:
        path = Path(folder) / safe_name(file.filename or "")  # signatures name files, so the name is kept where it can be
        _copy(file, path)
        if signature is not None and signature.size:
            _copy(signature, path.with_name(path.name + SIGNATURE))
        return verify_file(path, at, trusted, want_fresh=want_fresh)


def _copy(sent: UploadFile, path: Path) -> None:
    """Without having all of it in memory."""
    with path.open("xb") as file:
        shutil.copyfileobj(sent.file, file)
