"""Reports as the report centre lists them: the files that were made together are one issue."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from hauberk.protocols.names import to_unicode
from hauberk.store.reports import Report

SIGNATURE = "sig"
WORDS = {"pdf": "PDF", "png": "PNG", "jpg": "JPG", "zip": "Evidence pack", "sig": "Signature"}
_TOGETHER = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class FileShown:
    """`signature` is the id of the detached signature's file, where there is one."""

    id: int
    name: str
    word: str
    size: int
    sha256: str
    signature: int | None = None


@dataclass(frozen=True, slots=True)
class Issue:
    """The files of one order; `assessment_id` is the result that they show."""

    domain_id: int
    domain: str
    assessment_id: int
    created_at: datetime
    created_by: str
    files: tuple[FileShown, ...]


def issues(reports: Iterable[Report], names: Mapping[int, str]) -> tuple[Issue, ...]:
    """`reports` newest first; `names` are the domains' by id."""
    groups: list[list[Report]] = []
    for report in reports:
        if groups and _together(groups[-1], report):
            groups[-1].append(report)
        else:
            groups.append([report])
    return tuple(_issue(group, names) for group in groups)


def _together(group: list[Report], older: Report) -> bool:
    """Made of the same result by the same person within minutes; what has the same name was made by another order."""
    newer = group[-1]
    same = (newer.domain_id, newer.assessment_id, newer.created_by) == (older.domain_id, older.assessment_id, older.created_by)
    return same and abs(newer.created_at - older.created_at) < _TOGETHER and older.name not in {one.name for one in group}


def _issue(group: list[Report], names: Mapping[int, str]) -> Issue:
    """The files in the order in which they were made."""
    ordered = sorted(group, key=lambda report: report.id)
    signatures = {report.name.removesuffix(f".{SIGNATURE}"): report.id for report in ordered if report.format == SIGNATURE}
    last = ordered[-1]
    files = tuple(
        FileShown(one.id, one.name, WORDS.get(one.format, one.format.upper()), one.size, one.sha256, signatures.get(one.name))
        for one in ordered
        if one.format != SIGNATURE
    )
    name = to_unicode(names.get(last.domain_id, ""))
    return Issue(last.domain_id, name, last.assessment_id, last.created_at, last.created_by, files)
