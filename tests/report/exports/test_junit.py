"""JUnit XML."""

from dataclasses import replace
from xml.etree.ElementTree import Element, fromstring

import pytest
from hypothesis import given

from hauberk.model.score import Band
from hauberk.model.verdict import Verdict
from hauberk.report.exports.junit import junit
from report.exports.shared import FORBIDDEN_IN_XML, TAPE, hostile_text, with_findings
from report.samples import assessment, observation

DONE = assessment(TAPE)
OTHER = assessment(observation(hosts=1, domain="example.org"))


def parsed(text: str) -> Element:
    return fromstring(text.encode())


def test_a_domain_is_a_suite_and_a_check_is_a_case() -> None:
    root = parsed(junit((DONE, OTHER)))
    assert [suite.get("name") for suite in root] == ["example.com", "example.org"]
    names = [case.get("name", "").partition(":")[0] for case in root[0].findall("testcase")]
    assert names == [verdict.check for verdict in DONE.verdicts]
    assert root[0].get("timestamp") == "2026-11-21T12:00:00"
    assert {one.get("name"): one.get("value") for one in root[0].iter("property")}["evidence"] == DONE.observation


@pytest.mark.parametrize(("band", "told"), [(Band.AMBER, "incomplete"), (Band.RED, "red")])
def test_an_incomplete_suite_has_the_band_that_the_report_tells(band: Band, told: str) -> None:
    (suite,) = parsed(junit((replace(DONE, score=replace(DONE.score, band=band, incomplete=True, coverage=0.5)),)))
    said = {one.get("name"): one.get("value") for one in suite.iter("property")}
    assert (said["band"], said["incomplete"], said["coverage"], said["points"]) == (told, "true", "0.500", "49")


def test_a_suite_of_which_nothing_could_be_judged_has_no_points() -> None:
    (suite,) = parsed(junit((replace(DONE, score=replace(DONE.score, points=0, coverage=0, incomplete=True)),)))
    assert "points" not in {one.get("name") for one in suite.iter("property")}


def test_the_counts_are_those_of_the_cases() -> None:
    root = parsed(junit((DONE, OTHER)))
    for count, tag in (("tests", "testcase"), ("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        assert int(root.get(count, "")) == len(list(root.iter(tag)))
        assert all(int(suite.get(count, "")) == len(list(suite.iter(tag))) for suite in root)
    assert root.get("failures") == "2" and root.get("skipped") == "4"


def test_what_should_improve_fails_only_where_the_operator_says_so() -> None:
    strict = parsed(junit((DONE,), failing=frozenset({Verdict.FAIL, Verdict.WARN})))
    lenient = parsed(junit((DONE,), failing=frozenset()))
    assert strict.get("failures") == str(sum(one.verdict in (Verdict.FAIL, Verdict.WARN) for one in DONE.verdicts))
    assert lenient.get("failures") == "0"


def test_unknown_is_skipped_and_a_crash_is_an_error() -> None:
    (case, other) = parsed(junit((with_findings(("no answer",), Verdict.UNKNOWN),))).iter("testcase")
    skipped = case.find("skipped")
    assert skipped is not None and skipped.get("message", "").startswith("unknown: no answer")
    assert other.find("skipped") is not None
    (error,) = parsed(junit((with_findings(("boom",), Verdict.ERROR),))).iter("error")
    assert error.get("type") == "code"


@given(hostile_text())
def test_hostile_text_neither_breaks_the_document_nor_adds_to_it(text: str) -> None:
    document = junit((with_findings((text, "second")),))
    assert not set(document) & set(FORBIDDEN_IN_XML)
    root = parsed(document)
    assert {element.tag for element in root.iter()} == {
        "testsuites",
        "testsuite",
        "properties",
        "property",
        "testcase",
        "failure",
        "skipped",
    }
    assert len(list(root.iter("testcase"))) == 2
