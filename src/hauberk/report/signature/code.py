"""The result of a scan, or of a proving, as one signed line of text, for the QR code on a picture.

    HAUBERK1 example.com 2026-11-21T12:00:00Z 71.5 B amber sha256:<evidence> <fingerprint of the key> <signature, base64>
    HAUBERK1-MEASURES example.com 2026-11-21T12:00:00Z M1,M2,M3 M4 sha256:<evidence> <fingerprint> <signature>    (proved; failed, or -)

It survives what the picture's own signature does not: printing, a screenshot, another compression. It says nothing of the pixels.
"""

import re
from base64 import b64decode, b64encode
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO

import segno
from PIL import Image

from hauberk.report.signature.flaw import Flaw
from hauberk.report.signature.key import SigningKey, signature_holds
from hauberk.report.signature.statement import Claims, MeasuresClaims
from hauberk.report.signature.trust import Trusted

MARK = "HAUBERK1"
LONGEST = 2_000
_LIST = "-|M[0-9]{1,2}(?:,M[0-9]{1,2}){0,9}"
_LINE = re.compile(
    r"(HAUBERK1(?P<kind>|-MEASURES) (?P<domain>[a-z0-9._-]{1,253}) (?P<at>[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}Z) "
    rf"(?:(?P<points>[0-9.]{{1,12}}) (?P<grade>[^ ]{{1,12}}) (?P<band>green|amber|red|incomplete)|(?P<proved>{_LIST}) (?P<failed>{_LIST}))"
    r" (?P<evidence>sha256:[0-9a-f]{64}) (?P<key>[0-9a-f]{64})) (?P<signature>[A-Za-z0-9+/=]{1,800})"
)


@dataclass(frozen=True, slots=True)
class Code:
    """What a verified line says; `band` is as the report tells it: green, amber, red or incomplete."""

    domain: str
    at: datetime
    points: str
    grade: str
    band: str
    evidence: str
    key: str


@dataclass(frozen=True, slots=True)
class MeasuresCode:
    """What a verified line says of the measures."""

    domain: str
    at: datetime
    proved: tuple[str, ...]
    failed: tuple[str, ...]
    evidence: str
    key: str


def line(claimed: Claims | MeasuresClaims, key: SigningKey) -> str:
    at = f"{claimed.observed_at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    match claimed:
        case Claims():
            said = f"{MARK} {claimed.domain} {at} {claimed.points} {claimed.grade} {claimed.standing}"
        case MeasuresClaims():
            said = f"{MARK}-MEASURES {claimed.domain} {at} {','.join(claimed.proved) or '-'} {','.join(claimed.failed) or '-'}"
    said = f"{said} {claimed.evidence} {key.fingerprint}"
    return f"{said} {b64encode(key.sign(said.encode())).decode()}"


def verify(text: str, trusted: Trusted) -> Code | MeasuresCode | Flaw:
    """Verify a line with the keys that are trusted; it carries no key of its own."""
    found = _LINE.fullmatch(text.strip()) if len(text) <= LONGEST else None
    if not found or (found["proved"] is None) != (found["kind"] == ""):
        return Flaw("the code", "it is not the text of a code on a report")
    public = trusted.keys.get(found["key"])
    if public is None:
        return Flaw("the code", f"its key is not among those that are trusted (--trust): fingerprint {found['key']}")
    try:
        signature = b64decode(found["signature"], validate=True)
        at = datetime.strptime(found["at"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    except ValueError as error:
        return Flaw("the code", f"it cannot be read: {error}")
    if b64encode(signature).decode() != found["signature"] or not signature_holds(public, signature, found[1].encode()):
        return Flaw("the code", "its signature does not fit: something was changed")
    if found["proved"] is not None:
        return MeasuresCode(found["domain"], at, _listed(found["proved"]), _listed(found["failed"]), found["evidence"], found["key"])
    return Code(found["domain"], at, found["points"], found["grade"], found["band"], found["evidence"], found["key"])


def _listed(text: str) -> tuple[str, ...]:
    return () if text == "-" else tuple(text.split(","))


def qr(text: str, scale: int) -> Image.Image:
    """The text as a QR code, `scale` pixels to a module, with its quiet zone."""
    out = BytesIO()
    segno.make_qr(text, error="m").save(out, kind="png", scale=scale, border=4)
    with Image.open(BytesIO(out.getvalue())) as picture:
        return picture.convert("RGB")
