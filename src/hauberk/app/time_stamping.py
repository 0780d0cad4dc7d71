"""Asking a time-stamp authority over HTTP (RFC 3161, 3.4): the only thing that signing asks the network for."""

import urllib.error
import urllib.request
from collections.abc import Callable
from http.client import HTTPException, HTTPMessage, HTTPResponse
from typing import IO
from urllib.parse import urlsplit

from hauberk.app.signing import NoTimeStampError
from hauberk.report.signature import timestamp
from hauberk.report.signature.flaw import Flaw

PATIENCE = 15.0  # seconds


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> urllib.request.Request | None:
        return None


def authority(url: str) -> Callable[[bytes], bytes]:
    """What gets a verified token for a SHA-256 digest from the authority at `url`. Raises `NoTimeStampError`, as does the function."""
    if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname:
        raise NoTimeStampError(f"{url[:120]!r} is no http:// or https:// URL")

    def ask(digest: bytes) -> bytes:
        token = timestamp.token_of(_posted(url, timestamp.request(digest)), digest)
        if isinstance(token, Flaw):
            raise NoTimeStampError(f"{url}: {token}")
        return token

    return ask


def _posted(url: str, body: bytes) -> bytes:
    request = urllib.request.Request(url, body, {"Content-Type": "application/timestamp-query"})  # noqa: S310 - the scheme was looked at
    try:
        answer: HTTPResponse = urllib.request.build_opener(_NoRedirect).open(request, timeout=PATIENCE)
        with answer:
            data = answer.read(timestamp.LARGEST + 1)
    except (urllib.error.URLError, HTTPException, OSError, ValueError) as error:
        raise NoTimeStampError(f"{url} cannot be asked for a time stamp: {error}") from None
    if len(data) > timestamp.LARGEST:
        raise NoTimeStampError(f"{url} answered more than {timestamp.LARGEST // 1024} KiB")
    return data
