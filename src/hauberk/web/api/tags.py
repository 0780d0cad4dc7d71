"""Entity tags and digests: clients that have something already need not fetch it again, and can tell whether it arrived whole."""

import hashlib
from base64 import b64encode

from fastapi import Request, Response


def is_known(request: Request, tag: str) -> bool:
    """Whether `If-None-Match` names this entity tag (RFC 9110, 13.1.2: by weak comparison)."""
    sent = request.headers.get("if-none-match", "")
    known = {one.strip().removeprefix("W/") for one in sent.split(",")}
    return "*" in known or tag.removeprefix("W/") in known


def download(request: Request, content: bytes, media_type: str, name: str) -> Response:
    """A file that never changes, to be kept under a name, with its SHA-256 (RFC 9530)."""
    digest = hashlib.sha256(content).digest()
    tag = f'"{digest.hex()[:32]}"'
    headers = {
        "ETag": tag,
        "Cache-Control": "private, max-age=31536000, immutable",
        "Repr-Digest": f"sha-256=:{b64encode(digest).decode()}:",
        "Content-Disposition": _attachment(name),
    }
    if is_known(request, tag):
        return Response(status_code=304, headers={"ETag": tag, "Cache-Control": headers["Cache-Control"]})
    return Response(content, headers=headers, media_type=media_type)


def _attachment(name: str) -> str:
    """As RFC 6266: a plain name for all, and the name as it is for those that read it."""
    plain = "".join(c if c.isascii() and c.isprintable() and c not in '"\\%/' else "_" for c in name)
    full = "".join(c if c.isascii() and (c.isalnum() or c in "-._~") else "".join(f"%{octet:02X}" for octet in c.encode()) for c in name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{full}"
