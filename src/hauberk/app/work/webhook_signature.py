"""The signature of a webhook: `Hauberk-Signature: t=SECONDS,v1=HEX`, HMAC-SHA256 over `SECONDS.BODY` with the channel's secret.

The time is part of what is signed, so that a message that was overheard cannot be sent again later; within the tolerance, the id in the
body tells a repetition.
"""

import hashlib
import hmac
from datetime import datetime

HEADER = "Hauberk-Signature"
TOLERANCE = 300


def sign(secret: str, body: bytes, at: datetime) -> str:
    seconds = int(at.timestamp())
    return f"t={seconds},v1={_mac(secret, seconds, body)}"


def holds(secret: str, header: str, body: bytes, at: datetime, tolerance: int = TOLERANCE) -> bool:
    """What a receiver does: the signature is right and not older, or newer, than `tolerance` seconds."""
    parts = dict(part.split("=", 1) for part in header.split(",") if "=" in part)
    time, mac = parts.get("t", ""), parts.get("v1", "")
    if not (time.isascii() and time.isdigit() and len(time) < 15):
        return False
    right = hmac.compare_digest(_mac(secret, int(time), body).encode(), mac.encode())
    return right and abs(at.timestamp() - int(time)) <= tolerance


def _mac(secret: str, seconds: int, body: bytes) -> str:
    return hmac.new(secret.encode(), b"%d." % seconds + body, hashlib.sha256).hexdigest()
