"""Signed reports: which file is signed how.

A PDF carries its signature (PAdES) and, attached, a signed statement (DSSE) over the evidence and the assessment. Pictures have a strip
with the result as a signed code; they, and tapes, have a signed statement in a file of their own name and `.sig`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from PIL import Image

from hauberk.report.signature import code, pades, statement
from hauberk.report.signature.key import SigningKey, grouped
from hauberk.report.signature.statement import ASSESSMENT, EVIDENCE, MEASURES, Claims, MeasuresClaims
from hauberk.report.signature.strip import strip

STATEMENT = "statement.dsse.json"
SIGNATURE = ".sig"  # after the name of the file that it signs


class NoTimeStampError(Exception):
    """The authority gave no time stamp; the message says why, for people."""


@dataclass(frozen=True)
class Signing:
    """With which key, by which clock, and from where a time stamp is had, if it is (see `hauberk.app.time_stamping`)."""

    key: SigningKey
    clock: Callable[[], datetime]
    ask: Callable[[bytes], bytes] | None = None

    @property
    def shown_key(self) -> str:
        """The fingerprint as it stands on the report."""
        return grouped(self.key.fingerprint)

    def pdf(self, pdf: bytes) -> bytes:
        return pades.sign(pdf, self.key, self.clock(), self.ask)

    def stated(self, claims: Claims, evidence: bytes, assessment: bytes, *others: tuple[str, bytes]) -> bytes:
        """The statement over the evidence, the assessment and `others`, names and octets."""
        return statement.sign((*others, (EVIDENCE, evidence), (ASSESSMENT, assessment)), claims, self.key)

    def stated_measures(self, claims: MeasuresClaims, evidence: bytes, *others: tuple[str, bytes]) -> bytes:
        """The statement over the evidence of the measures and `others`, names and octets."""
        return statement.sign((*others, (MEASURES, evidence)), claims, self.key)

    def foot(self, claims: Claims | MeasuresClaims) -> Callable[[int], Image.Image]:
        """What makes the strip of a picture of the width in pixels."""
        text = code.line(claims, self.key)
        result = "score" if isinstance(claims, Claims) else "measures"
        return lambda width: strip(width, text, self.shown_key, claims.evidence, result)
