"""Formats that are one document of all domains: SARIF, JUnit, Prometheus, OSCAL. Only the one that is wanted is imported."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from hauberk.app.scanning import Scan
from hauberk.cli.listed import listed_lines
from hauberk.model.assessment import Assessment
from hauberk.model.verdict import Verdict
from hauberk.protocols.malformed import Malformed
from hauberk.protocols.names import parse_domain
from hauberk.report.exports.prometheus import Expiry, expiries, prometheus

if TYPE_CHECKING:
    from hauberk.report.exports.sarif import Listed


def _nowhere() -> "dict[str, Listed]":
    return {}


@dataclass(frozen=True, slots=True)
class Setting:
    """What a document says beyond the results: whose domains they are, what counts as failed, and where the domains are listed."""

    company: str = ""
    fail_on: str = "fail"
    listed: "Mapping[str, Listed]" = field(default_factory=_nowhere)


@dataclass(frozen=True, slots=True)
class Seen:
    """What is kept of a scan until the document is written: not the tape."""

    assessment: Assessment
    certificates: tuple[Expiry, ...]


def seen(scan: Scan) -> Seen:
    return Seen(scan.assessment, expiries(scan.observation))


def document(format: str, results: list[Seen], setting: Setting) -> str:
    """`format` is sarif, junit, prometheus or oscal. Without a result OSCAL has no document: nothing is written."""
    assessments = [one.assessment for one in results]
    match format:
        case "sarif":
            from hauberk.report.exports.sarif import sarif

            return sarif(assessments, setting.listed)
        case "junit":
            from hauberk.report.exports.junit import junit

            too = {Verdict.WARN} if setting.fail_on == "warn" else set[Verdict]()
            return junit(assessments, failing=frozenset({Verdict.FAIL} | too))
        case "prometheus":
            return prometheus(assessments, {one.assessment.domain: one.certificates for one in results})
        case _:
            from hauberk.report.exports.oscal import assessment_results

            return assessment_results(assessments, setting.company) if assessments else ""


def listed_in(file: Path | None) -> "dict[str, Listed]":
    """Where each domain first stands in the operator's file. Nothing of standard input, or of a file that has gone."""
    if file is None or str(file) == "-":
        return {}
    try:
        lines = listed_lines(file)
    except OSError:
        return {}
    from hauberk.report.exports.sarif import Listed

    uri = file.as_uri() if file.is_absolute() else quote(file.as_posix())
    found: dict[str, Listed] = {}
    for number, line in lines:
        domain = parse_domain(line)
        if not isinstance(domain, Malformed):
            found.setdefault(domain, Listed(uri, number))
    return found
