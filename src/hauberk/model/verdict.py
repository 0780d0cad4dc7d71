"""What judging says: findings about subjects, and the verdict of a check."""

from enum import StrEnum

from msgspec import Struct


class Verdict(StrEnum):
    """Unknown is never a fail: what was not asked or not answered is not held against the domain."""

    __hash__ = str.__hash__  # an enumeration's own is a Python function, and verdicts are looked up by the hundred

    PASS = "pass"
    WARN = "warn"
    FAIL = "fail"
    INFO = "info"
    NOT_APPLICABLE = "not-applicable"
    UNKNOWN = "unknown"
    ERROR = "error"


# From worst to best: a proven fail outweighs what is not known, and what is not known outweighs a pass.
SEVERITY = (
    Verdict.FAIL,
    Verdict.WARN,
    Verdict.ERROR,
    Verdict.UNKNOWN,
    Verdict.PASS,
    Verdict.INFO,
    Verdict.NOT_APPLICABLE,
)


class Finding(Struct, frozen=True, gc=False):
    """One statement about one subject (this MX, this address, this record).

    `message` is a sentence for the administrator, `evidence` quotes what the network said. `code` names the reason for machines
    (`plus-all`), so that a rubric can cap on it; codes are lower case with hyphens and stay stable.
    """

    subject: str
    verdict: Verdict
    message: str
    evidence: tuple[str, ...] = ()
    code: str = ""


class CheckVerdict(Struct, frozen=True, gc=False):
    """What one check came to: the worst of its findings."""

    check: str
    verdict: Verdict
    findings: tuple[Finding, ...] = ()


def worst(findings: tuple[Finding, ...]) -> Verdict:
    """The verdict of a check from its findings; without any it does not apply."""
    if not findings:
        return Verdict.NOT_APPLICABLE
    if len(findings) == 1:
        return findings[0].verdict
    return min((finding.verdict for finding in findings), key=SEVERITY.index)
