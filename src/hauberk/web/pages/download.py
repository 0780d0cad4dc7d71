"""Files as downloads: never shown in the page's place, never taken for something else."""

from urllib.parse import quote

from fastapi import Response

MEDIA_TYPES = {
    "pdf": "application/pdf",
    "png": "image/png",
    "jpg": "image/jpeg",
    "zip": "application/zip",
    "sig": "application/json",
    "txt": "text/plain; charset=utf-8",
}
OCTETS = "application/octet-stream"


def download(name: str, content: bytes, media_type: str) -> Response:
    """The file under its name, with letters of any script (RFC 6266, 4.3)."""
    plain = "".join(c if c.isascii() and c.isprintable() and c not in '"\\/' else "_" for c in name) or "file"
    disposition = f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
    headers = {"Content-Disposition": disposition, "Content-Security-Policy": "default-src 'none'; sandbox"}
    return Response(content, media_type=media_type, headers=headers)
