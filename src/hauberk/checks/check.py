"""What a check is made of, and the judging of one tape by many checks."""

import logging
import traceback
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from hauberk.checks.existence import is_missing, missing
from hauberk.checks.reading import Reading
from hauberk.model.assessment import Remedy
from hauberk.model.observation import ScanOptions
from hauberk.model.verdict import CheckVerdict, Finding, Verdict, worst

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Source:
    """Where a rule is written: `Source("RFC 7208", "4.6.4")`."""

    document: str
    section: str = ""

    def __str__(self) -> str:
        return f"{self.document}, {self.section}" if self.section else self.document


def _always(_options: ScanOptions) -> bool:
    return True


def _no_remedy(_reading: Reading, _verdict: CheckVerdict) -> Iterable[Remedy]:
    return ()


@dataclass(frozen=True, slots=True, eq=False)
class Check:
    """`id` is `area.state-wanted`, so that "pass" reads as English, and is never reused; `title` says the wanted state in a few words.

    `judge` yields one finding a subject; it yields nothing where the check does not apply. `remedy` gets the verdict that judging
    came to (only called for fail and warn) and says how to mend it: records with their exact text, or settings. A check that was not
    `asked_for` has no verdict at all.
    """

    id: str
    title: str
    sources: tuple[Source, ...]
    judge: Callable[[Reading], Iterable[Finding]]
    remedy: Callable[[Reading, CheckVerdict], Iterable[Remedy]] = _no_remedy
    asked_for: Callable[[ScanOptions], bool] = _always

    @property
    def area(self) -> str:
        return self.id.partition(".")[0]


def judge(reading: Reading, checks: Iterable[Check]) -> tuple[CheckVerdict, ...]:
    """Every check's verdict on one tape; none applies to a domain that does not exist."""
    if is_missing(reading):
        findings = (missing(reading.domain),)
        return tuple(CheckVerdict(check.id, worst(findings), findings) for check in checks)
    return tuple(judge_one(reading, check) for check in checks)


def judge_one(reading: Reading, check: Check) -> CheckVerdict:
    """The verdict of one check. A check that crashes comes to an `error`; the others go on."""
    try:
        findings = tuple(check.judge(reading))
    except Exception as error:  # one broken check must not take the scan with it
        _log.error("check %s crashed on %s:\n%s", check.id, reading.domain, traceback.format_exc())
        message = f"This check crashed ({type(error).__name__}); the log has the details. Nothing is held against the domain."
        findings = (Finding(reading.domain, Verdict.ERROR, message, code="crashed"),)
    return CheckVerdict(check.id, worst(findings), findings)
