"""Assessments as CSV (RFC 4180): a row a domain, or a row a finding.

Cells are for spreadsheets, and their text comes from strangers: what does not print is made visible, and a cell that a
spreadsheet would take for a formula starts with an apostrophe.
"""

import csv
from collections.abc import Iterator
from io import StringIO

from hauberk.model.assessment import Assessment
from hauberk.model.verdict import Verdict
from hauberk.protocols.malformed import visible

_COLUMNS = (
    *("domain", "observed_at", "observation", "catalogue", "rubric", "points", "grade", "band", "coverage", "incomplete", "caps"),
    *("pass", "warn", "fail", "unknown", "failed_checks"),
)
_FINDING_COLUMNS = ("domain", "observed_at", "check", "check_verdict", "subject", "verdict", "code", "message", "evidence")
_FORMULA = ("=", "+", "-", "@")


def header() -> str:
    return _line(_COLUMNS)


def row(assessment: Assessment) -> str:
    """The row of one domain, without points where nothing was judged; several caps or checks in one cell are parted by spaces."""
    score = assessment.score
    verdicts = [verdict.verdict for verdict in assessment.verdicts]
    failed = " ".join(verdict.check for verdict in assessment.verdicts if verdict.verdict is Verdict.FAIL)
    return _line(
        (
            *(assessment.domain, assessment.observed_at.isoformat(), assessment.observation, assessment.catalogue, assessment.rubric),
            *(
                f"{score.points:g}" if score.coverage else "",
                score.grade,
                score.standing,
                f"{score.coverage:.3f}",
                str(score.incomplete).lower(),
            ),
            " ".join(f"{cap.points:g}:{cap.check}" for cap in score.caps),
            *(str(verdicts.count(verdict)) for verdict in (Verdict.PASS, Verdict.WARN, Verdict.FAIL)),
            str(verdicts.count(Verdict.UNKNOWN) + verdicts.count(Verdict.ERROR)),
            failed,
        )
    )


def findings_header() -> str:
    return _line(_FINDING_COLUMNS)


def finding_rows(assessment: Assessment) -> Iterator[str]:
    """A row a finding; a check without any (it does not apply) has one row with an empty subject."""
    start = (assessment.domain, assessment.observed_at.isoformat())
    for verdict in assessment.verdicts:
        if not verdict.findings:
            yield _line((*start, verdict.check, verdict.verdict.value, "", verdict.verdict.value, "", "", ""))
        for one in verdict.findings:
            said = (one.subject, one.verdict.value, one.code, one.message, " | ".join(one.evidence))
            yield _line((*start, verdict.check, verdict.verdict.value, *said))


def _line(cells: tuple[str, ...]) -> str:
    out = StringIO()
    csv.writer(out).writerow([_cell(cell) for cell in cells])
    return out.getvalue()


def _cell(text: str) -> str:
    shown = visible(text)
    return f"'{shown}" if shown.startswith(_FORMULA) else shown
