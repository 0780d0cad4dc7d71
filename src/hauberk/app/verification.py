"""What verifying a file came to."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from hauberk.report.signature.flaw import Flaw
from hauberk.report.signature.statement import Claims, MeasuresClaims


class Freshness(StrEnum):
    FRESH = "fresh"
    EXPIRED = "expired"
    AHEAD = "ahead of this machine's clock"


@dataclass(frozen=True, slots=True)
class Party:
    """Who holds a key: the name in the certificate, which anybody can write there, and the fingerprint, which nobody else can have.

    `trusted` is nothing where no trusted keys were given.
    """

    name: str
    fingerprint: str
    trusted: bool | None


@dataclass(frozen=True, slots=True)
class Verification:
    """`flaws` are why the file is not valid; `held` is what was found to hold, `notes` what could not be told.

    `claims` are those of a mail server report, `measures` those of a report of the measures.
    """

    file: str
    flaws: tuple[str, ...] = ()
    held: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    claims: Claims | None = None
    measures: MeasuresClaims | None = None
    signer: Party | None = None
    signed_at: datetime | None = None
    stamped_at: datetime | None = None
    stamped_by: Party | None = None
    freshness: Freshness | None = None
    fresh_until: datetime | None = None

    @property
    def valid(self) -> bool:
        return not self.flaws

    def but(self, *flaws: Flaw | str) -> "Verification":
        return replace(self, flaws=(*self.flaws, *(str(flaw) for flaw in flaws)))

    def holds(self, *held: str) -> "Verification":
        return replace(self, held=(*self.held, *held))

    def noting(self, *notes: str) -> "Verification":
        return replace(self, notes=(*self.notes, *notes))
