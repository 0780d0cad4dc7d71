"""Assessments as one SARIF 2.1.0 log (OASIS Standard, 27 March 2020): one run, a result a finding that failed or should improve.

What could not be judged is no result but a notification of the run (3.20.21), so that no viewer counts it against the domain; what passes
is in neither. A check is a rule. A finding is about a host, an endpoint or a record and not about a file, so its place is a logical
location (3.33); where the domains came from a file of the operator's, its line is the physical location, which code hosts ask for.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC

import msgspec

from hauberk import __version__
from hauberk.checks.catalogue import Entry, entries
from hauberk.model.assessment import Assessment
from hauberk.model.verdict import Finding, Verdict
from hauberk.protocols.malformed import visible

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_LEVELS = {Verdict.FAIL: "error", Verdict.WARN: "warning"}
_NOT_JUDGED = {Verdict.UNKNOWN: "note", Verdict.NOT_APPLICABLE: "note", Verdict.ERROR: "error"}


@dataclass(frozen=True, slots=True)
class Listed:
    """Where a domain stands in a file of the operator's: a relative path with `/`, and the line from 1."""

    uri: str
    line: int


@dataclass(frozen=True, slots=True)
class _Found:
    """A finding with the check and the assessment that it belongs to."""

    assessment: Assessment
    check: str
    finding: Finding


class _Part(msgspec.Struct, rename="camel", omit_defaults=True):
    """The parts of a log are spelled as the standard spells them; what is empty is left out."""


class _Text(_Part):
    text: str
    markdown: str = ""


class _Level(_Part):
    level: str


class _RuleProperties(_Part):
    tags: tuple[str, ...]
    sources: tuple[str, ...]


class _Rule(_Part):
    id: str
    short_description: _Text
    full_description: _Text
    help: _Text
    default_configuration: _Level
    properties: _RuleProperties


class _Driver(_Part):
    name: str
    version: str
    semantic_version: str
    rules: tuple[_Rule, ...]


class _Tool(_Part):
    driver: _Driver


class _LogicalLocation(_Part):
    name: str
    fully_qualified_name: str


class _Artifact(_Part):
    uri: str


class _Region(_Part):
    start_line: int


class _PhysicalLocation(_Part):
    artifact_location: _Artifact
    region: _Region


class _Location(_Part):
    logical_locations: tuple[_LogicalLocation, ...]
    physical_location: _PhysicalLocation | None = None


class _ResultProperties(_Part):
    domain: str
    evidence: tuple[str, ...] = ()
    code: str = ""


class _Result(_Part):
    rule_id: str
    level: str
    message: _Text
    locations: tuple[_Location, ...]
    partial_fingerprints: dict[str, str]
    properties: _ResultProperties
    rule_index: int = -1


class _Descriptor(_Part):
    id: str


class _Notification(_Part):
    level: str
    message: _Text
    locations: tuple[_Location, ...]
    associated_rule: _Descriptor


class _Invocation(_Part):
    execution_successful: bool
    start_time_utc: str
    tool_execution_notifications: tuple[_Notification, ...] = ()


class _Automation(_Part):
    id: str


class _DomainProperties(_Part):
    domain: str
    evidence: str
    catalogue: str
    rubric: str
    points: float
    grade: str
    band: str
    coverage: float
    incomplete: bool


class _RunProperties(_Part):
    domains: tuple[_DomainProperties, ...]


class _Run(_Part):
    tool: _Tool
    automation_details: _Automation
    invocations: tuple[_Invocation, ...]
    results: tuple[_Result, ...]
    properties: _RunProperties
    column_kind: str = msgspec.field(default_factory=lambda: "unicodeCodePoints")


class _Log(msgspec.Struct):
    schema: str = msgspec.field(name="$schema")
    version: str
    runs: tuple[_Run, ...]


def sarif(assessments: Iterable[Assessment], listed: Mapping[str, Listed] | None = None) -> str:
    """The log, indented. `listed` tells for a domain where it stands in the operator's list."""
    done = tuple(assessments)
    runs = (_run(done, listed or {}),) if done else ()
    return msgspec.json.format(msgspec.json.encode(_Log(SCHEMA, "2.1.0", runs)), indent=2).decode() + "\n"


def _rule(entry: Entry) -> _Rule:
    check = entry.check
    sources = tuple(str(source) for source in check.sources)
    plain = f"{check.title}. Sources: {'; '.join(sources)}." if sources else f"{check.title}."
    return _Rule(
        id=check.id,
        short_description=_Text(check.title),
        full_description=_Text(plain),
        help=_Text(entry.page or plain, entry.page),
        default_configuration=_Level("error"),
        properties=_RuleProperties(("security", "mail", check.area), sources),
    )


def _run(assessments: tuple[Assessment, ...], listed: Mapping[str, Listed]) -> _Run:
    known = entries()
    index = {entry.check.id: number for number, entry in enumerate(known)}
    at = min(one.observed_at for one in assessments).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    name = visible(assessments[0].domain) if len(assessments) == 1 else f"{len(assessments)} domains"
    found = [_Found(one, verdict.check, finding) for one in assessments for verdict in one.verdicts for finding in verdict.findings]
    notifications = tuple(
        _Notification(_NOT_JUDGED[one.finding.verdict], _said(one.finding), _locations(one, None), _Descriptor(one.check))
        for one in found
        if one.finding.verdict in _NOT_JUDGED
    )
    results = [one for one in found if one.finding.verdict in _LEVELS]
    crashed = any(one.finding.verdict is Verdict.ERROR for one in found)
    return _Run(
        tool=_Tool(_Driver("Hauberk", __version__, __version__, tuple(_rule(entry) for entry in known))),
        automation_details=_Automation(f"hauberk/{name}/{at}"),
        invocations=(_Invocation(not crashed, at, notifications),),
        results=tuple(
            _result(one, digest, index, listed.get(one.assessment.domain)) for one, digest in zip(results, _digests(results), strict=True)
        ),
        properties=_RunProperties(tuple(_domain(one) for one in assessments)),
    )


def _domain(assessment: Assessment) -> _DomainProperties:
    score = assessment.score
    return _DomainProperties(
        *(visible(assessment.domain), assessment.observation, assessment.catalogue, assessment.rubric),
        *(score.points, score.grade, score.band.value, score.coverage, score.incomplete),
    )


def _digests(results: Iterable[_Found]) -> Iterator[str]:
    """What each is known by on another day. Of those that are alike, as of a server on two block lists, each has its number."""
    alike = Counter[tuple[str, ...]]()
    for one in results:
        known_by = (one.assessment.domain, one.check, one.finding.subject, one.finding.code)
        alike[known_by] += 1
        numbered = (*known_by, str(alike[known_by])) if alike[known_by] > 1 else known_by
        yield hashlib.sha256("\n".join(numbered).encode("utf-8", "backslashreplace")).hexdigest()


def _result(found: _Found, digest: str, index: Mapping[str, int], listed: Listed | None) -> _Result:
    finding = found.finding
    return _Result(
        rule_id=found.check,
        rule_index=index.get(found.check, -1),
        level=_LEVELS[finding.verdict],
        message=_said(finding),
        locations=_locations(found, listed),
        partial_fingerprints={"subjectAndCode/v1": digest, "primaryLocationLineHash": f"{digest[:16]}:1"},  # the latter is GitHub's
        properties=_ResultProperties(visible(found.assessment.domain), tuple(visible(quote) for quote in finding.evidence), finding.code),
    )


def _said(finding: Finding) -> _Text:
    return _Text(_plain(visible(f"{finding.subject}: {finding.message}")))


def _plain(text: str) -> str:
    """Message strings may hold placeholders and links, `{0}` and `[text](target)` (3.11.5, 3.11.6); foreign text shall not."""
    if "](" in text:
        text = re.sub(r"([\\\[\]])", r"\\\1", text)
    return text.replace("{", "{{").replace("}", "}}")


def _locations(found: _Found, listed: Listed | None) -> tuple[_Location, ...]:
    domain, subject = visible(found.assessment.domain), visible(found.finding.subject)
    place = _PhysicalLocation(_Artifact(listed.uri), _Region(listed.line)) if listed else None
    return (_Location((_LogicalLocation(subject, subject if subject == domain else f"{domain}/{subject}"),), place),)
