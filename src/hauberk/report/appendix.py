"""All checks by area, compact: findings that say the same are told once, and a check that is passed has one line.

What is left out here is in the assessment that is attached to the report.
"""

from dataclasses import dataclass
from itertools import groupby

from hauberk.checks.catalogue import entries
from hauberk.model.verdict import SEVERITY, CheckVerdict, Finding, Verdict
from hauberk.protocols.names import to_unicode
from hauberk.report.content import Area, CheckPart, FindingPart
from hauberk.report.text import shortened
from hauberk.report.wording import MARKS, area_name, area_order, counted, listed

MOST_FINDINGS = 8  # of a check that is not passed
MOST_QUOTES = 3
LONGEST_QUOTE = 240
LONGEST_MESSAGE = 600


@dataclass(frozen=True, slots=True)
class CheckInfo:
    """What a report shows of a check; `sources` are written out (`RFC 7208, 4.5`), the first is shown."""

    id: str
    title: str
    sources: tuple[str, ...] = ()


def known_checks() -> tuple[CheckInfo, ...]:
    """The catalogue of this installation, as far as a report shows it."""
    return tuple(CheckInfo(one.check.id, one.check.title, tuple(str(source) for source in one.check.sources)) for one in entries())


def areas(verdicts: tuple[CheckVerdict, ...], checks: dict[str, CheckInfo], domain: str) -> tuple[Area, ...]:
    """In the order of the story, the worst first in each area. A finding about `domain` itself does not name it."""
    ordered = sorted(verdicts, key=lambda verdict: (area_order(_area(verdict)), SEVERITY.index(verdict.verdict), verdict.check))
    return tuple(
        Area(area_name(area), tuple(_check(verdict, checks.get(verdict.check), domain) for verdict in own))
        for area, own in groupby(ordered, _area)
    )


def _area(verdict: CheckVerdict) -> str:
    return verdict.check.partition(".")[0]


def _check(verdict: CheckVerdict, info: CheckInfo | None, domain: str) -> CheckPart:
    title, sources = (info.title, info.sources[0] if info.sources else "") if info else (verdict.check, "")
    return CheckPart(verdict.check, title, MARKS[verdict.verdict], sources, _findings(verdict, domain))


def _findings(verdict: CheckVerdict, domain: str) -> tuple[FindingPart, ...]:
    alike: dict[tuple[Verdict, str, tuple[str, ...]], list[str]] = {}
    for finding in sorted(verdict.findings, key=lambda one: SEVERITY.index(one.verdict)):
        alike.setdefault((finding.verdict, finding.message, _quotes(finding)), []).append(finding.subject)
    parts = tuple(
        FindingPart(_subjects(subjects, state, domain), MARKS[state], shortened(message, LONGEST_MESSAGE), quotes)
        for (state, message, quotes), subjects in alike.items()
    )
    if verdict.verdict is Verdict.PASS:
        return parts[:1]
    if len(parts) <= MOST_FINDINGS:
        return parts
    more = f"And {counted(len(parts) - MOST_FINDINGS, 'more finding')}; the attached assessment has all of them."
    return (*parts[:MOST_FINDINGS], FindingPart("", MARKS[verdict.verdict], more))


def _subjects(subjects: list[str], verdict: Verdict, domain: str) -> str:
    named = tuple(to_unicode(subject) for subject in dict.fromkeys(subjects) if subject != domain)
    return listed(named, 1 if verdict is Verdict.PASS else 6)


def _quotes(finding: Finding) -> tuple[str, ...]:
    if finding.verdict in (Verdict.PASS, Verdict.NOT_APPLICABLE):
        return ()
    quotes = tuple(shortened(quote, LONGEST_QUOTE) for quote in finding.evidence[:MOST_QUOTES])
    left_out = len(finding.evidence) - len(quotes)
    return (*quotes, f"… and {left_out} more") if left_out else quotes
