"""Asking an authority over HTTP: what it gives, and every way in which it gives nothing."""

import hashlib
import shutil

import pytest

from hauberk.app.signing import NoTimeStampError
from hauberk.app.time_stamping import authority
from hauberk.report.signature import timestamp
from hauberk.report.signature.timestamp import TimeStamp
from report.signature.authority import Authority, served

DIGEST = hashlib.sha256(b"x").digest()


@pytest.mark.skipif(not shutil.which("openssl"), reason="openssl is not installed")
def test_a_token_is_had_and_verified() -> None:
    with served(Authority()) as url:
        token = authority(url)(DIGEST)
    assert isinstance(timestamp.verify(token, DIGEST), TimeStamp)


@pytest.mark.parametrize(
    ("body", "status"),
    [(b"no", 200), (b"", 500), (b"", 302), (b"0" * 100_000, 200), (bytes.fromhex("30053003020102"), 200), (b"\x30\x00", 200)],
)
def test_whatever_else_is_answered_is_refused(body: bytes, status: int) -> None:
    with served(body, status) as url, pytest.raises(NoTimeStampError):
        authority(url)(DIGEST)


def test_an_authority_that_is_not_there_is_told() -> None:
    with pytest.raises(NoTimeStampError, match="cannot be asked"):
        authority("http://127.0.0.1:9/")(DIGEST)


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://127.0.0.1/", "127.0.0.1", "", "http://"])
def test_only_http_is_asked(url: str) -> None:
    with pytest.raises(NoTimeStampError, match="no http"):
        authority(url)
