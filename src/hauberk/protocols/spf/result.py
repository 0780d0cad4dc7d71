"""What SPF says of a client, and the limits of saying it (RFC 7208, 2.6, 4.6.4)."""

from dataclasses import dataclass
from enum import StrEnum

from hauberk.protocols.spf.terms import Qualifier

MOST_LOOKUPS = 10
MOST_VOID_LOOKUPS = 2
MOST_MX_NAMES = 10
MOST_PTR_NAMES = 10


class Result(StrEnum):
    """RFC 7208, 2.6."""

    NONE = "none"
    NEUTRAL = "neutral"
    PASS = "pass"
    FAIL = "fail"
    SOFTFAIL = "softfail"
    TEMPERROR = "temperror"
    PERMERROR = "permerror"


OF_QUALIFIER = {
    Qualifier.PASS: Result.PASS,
    Qualifier.FAIL: Result.FAIL,
    Qualifier.SOFTFAIL: Result.SOFTFAIL,
    Qualifier.NEUTRAL: Result.NEUTRAL,
}


@dataclass(frozen=True, slots=True)
class SpfResult:
    """`domain` is the one whose record decided and `mechanism` the term that matched (empty for the default); `reason` words errors.

    `explanation` is the text of `exp=`, None where receivers use their own. `lookups` and `void_lookups` count what was used (4.6.4).
    """

    result: Result
    domain: str
    mechanism: str = ""
    reason: str = ""
    explanation: str | None = None
    lookups: int = 0
    void_lookups: int = 0
