"""Assessments as JUnit XML, the dialect that Jenkins and GitLab read: a suite a domain, a case a check.

A check that fails is a failure; one that should improve is one only where the operator said so (`--fail-on warn`), and else its findings
are the case's output. What could not be judged is skipped, as is what does not apply; a crashed check is an error.
"""

from collections.abc import Iterable
from datetime import UTC
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from hauberk.checks.catalogue import entries
from hauberk.model.assessment import Assessment
from hauberk.model.verdict import CheckVerdict, Verdict
from hauberk.protocols.malformed import visible


def junit(assessments: Iterable[Assessment], *, failing: frozenset[Verdict] = frozenset({Verdict.FAIL})) -> str:
    """The document, indented. `failing` are the verdicts (of fail and warn) that count as failures."""
    titles = {entry.check.id: entry.check.title for entry in entries()}
    root = Element("testsuites", name="hauberk")
    for assessment in assessments:
        _suite(root, assessment, titles, failing)
    for count in ("tests", "failures", "errors", "skipped"):
        root.set(count, str(sum(int(suite.get(count, "0")) for suite in root)))
    indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + tostring(root, encoding="unicode") + "\n"


def _suite(root: Element, assessment: Assessment, titles: dict[str, str], failing: frozenset[Verdict]) -> None:
    score = assessment.score
    domain = _text(assessment.domain)
    at = assessment.observed_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")
    suite = SubElement(root, "testsuite", name=domain, hostname=domain, timestamp=at, time="0")
    properties = SubElement(suite, "properties")
    for name, value in (
        *(("evidence", assessment.observation), ("catalogue", assessment.catalogue), ("rubric", assessment.rubric)),
        *((("points", f"{score.points:g}"),) if score.coverage else ()),
        *(("grade", score.grade), ("band", score.standing)),
        *(("coverage", f"{score.coverage:.3f}"), ("incomplete", str(score.incomplete).lower())),
    ):
        SubElement(properties, "property", name=name, value=_text(value))
    cases = [_case(suite, domain, verdict, titles.get(verdict.check, verdict.check), failing) for verdict in assessment.verdicts]
    suite.set("tests", str(len(cases)))
    for count, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        suite.set(count, str(sum(case.find(tag) is not None for case in cases)))


def _case(suite: Element, domain: str, verdict: CheckVerdict, title: str, failing: frozenset[Verdict]) -> Element:
    area = verdict.check.partition(".")[0]
    case = SubElement(suite, "testcase", classname=f"{domain}.{area}", name=f"{verdict.check}: {title}", time="0")
    said = _findings(verdict)
    if verdict.verdict in failing:
        SubElement(case, "failure", message=_first(verdict), type=_code(verdict)).text = said
        return case
    match verdict.verdict:
        case Verdict.ERROR:
            SubElement(case, "error", message=_first(verdict), type=_code(verdict)).text = said
        case Verdict.UNKNOWN:
            SubElement(case, "skipped", message=f"unknown: {_first(verdict)}")
        case Verdict.NOT_APPLICABLE:
            SubElement(case, "skipped", message=f"not applicable: {_first(verdict)}" if verdict.findings else "not applicable")
        case _ if said:
            SubElement(case, "system-out").text = said
        case _:
            pass
    return case


def _first(verdict: CheckVerdict) -> str:
    return next(
        (_text(f"{one.subject}: {one.message}") for one in verdict.findings if one.verdict is verdict.verdict), verdict.verdict.value
    )


def _code(verdict: CheckVerdict) -> str:
    return next((_text(one.code) for one in verdict.findings if one.verdict is verdict.verdict and one.code), verdict.verdict.value)


def _findings(verdict: CheckVerdict) -> str:
    lines: list[str] = []
    for one in verdict.findings:
        lines.append(_text(f"{one.verdict.value}: {one.subject}: {one.message}"))
        lines += [f"    {_text(quote)}" for quote in one.evidence]
    return "\n".join(lines)


def _text(text: str) -> str:
    """XML 1.0 has no way to write most control characters, lone surrogates and noncharacters (2.2); `visible` leaves none of them."""
    return visible(text)
