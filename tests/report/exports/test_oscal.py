"""OSCAL assessment results."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given, settings

from hauberk.model.score import Band
from hauberk.model.verdict import Verdict
from hauberk.report.exports.oscal import assessment_results
from report.exports.shared import TAPE, hostile_text, schema, with_findings
from report.samples import assessment, observation

DONE = assessment(TAPE)
OTHER = assessment(observation(hosts=1, domain="example.org"))
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


def results(text: str) -> Any:
    return json.loads(text)["assessment-results"]


def walked(value: Any, key: str = "") -> Iterator[tuple[str, Any]]:
    yield key, value
    if isinstance(value, dict):
        for name, inner in value.items():  # pyright: ignore[reportUnknownVariableType]
            yield from walked(inner, str(name))  # pyright: ignore[reportUnknownArgumentType]
    elif isinstance(value, list):
        for inner in value:  # pyright: ignore[reportUnknownVariableType]
            yield from walked(inner, key)


def test_a_document_holds_to_nists_schema() -> None:
    validating = pytest.importorskip("jsonschema_rs")
    validator = validating.validator_for(schema("oscal_assessment-results_schema-1.1.2.json"), validate_formats=True)
    for done in ((DONE,), (DONE, OTHER, with_findings(("", " x ", "a\nb"))), (with_findings((), Verdict.PASS),)):
        document = json.loads(assessment_results(done, "Exämple & Söns"))
        assert [error.message for error in validator.iter_errors(document)] == []


def test_equal_evidence_gives_an_equal_document_and_other_evidence_other_identifiers() -> None:
    assert assessment_results((DONE,), "Example Ltd") == assessment_results((DONE, DONE), "Example Ltd")
    ours = {value for key, value in walked(results(assessment_results((DONE,)))["results"]) if key == "uuid"}
    theirs = {value for key, value in walked(results(assessment_results((OTHER,)))["results"]) if key == "uuid"}
    assert not ours & theirs


def test_every_identifier_is_a_uuid_and_stands_for_one_thing() -> None:
    document = results(assessment_results((DONE, OTHER)))
    said = [value for key, value in walked(document) if key == "uuid"]
    assert all(UUID.fullmatch(value) for value in said)
    assert len(said) == len(set(said))


def test_every_reference_leads_somewhere() -> None:
    document = results(assessment_results((DONE, OTHER), "Example Ltd"))
    known = {value for key, value in walked(document) if key == "uuid"}
    referred = [value for key, value in walked(document) if key.endswith("-uuid")]
    referred += [value.removeprefix("#") for key, value in walked(document) if key == "href" and value.startswith("#")]
    assert referred and set(referred) <= known


def test_no_list_is_empty_and_no_line_has_outer_spaces() -> None:
    for key, value in walked(results(assessment_results((with_findings(("", " x ", "a\nb")),), " "))):
        assert value != [] and value != "", key
        if isinstance(value, str) and key in ("title", "name", "value", "statement", "target-id"):
            assert re.fullmatch(r"\S(.*\S)?", value), key


def test_what_is_judged_is_a_finding_and_what_is_unknown_is_observed_only() -> None:
    (result,) = results(assessment_results((DONE,)))["results"]
    states = {one["target"]["target-id"]: one["target"]["status"] for one in result["findings"]}
    assert states["spf.published"] == {"state": "satisfied", "reason": "pass"}
    assert states["spf.restrictive"] == {"state": "not-satisfied", "reason": "fail"}
    assert states["dane.valid"]["reason"] == "other"
    assert "dnssec.mx-signed" not in states and "bimi.valid" not in states
    observed = {prop["value"] for one in result["observations"] for prop in one["props"] if prop["name"] == "check"}
    assert "dnssec.mx-signed" in observed
    assert {one["expires"] for one in result["observations"]} == {"2027-02-19T12:00:00Z"}


@pytest.mark.parametrize(("band", "told"), [(Band.AMBER, "incomplete"), (Band.RED, "red")])
def test_an_incomplete_result_has_the_band_and_the_share_that_the_report_tells(band: Band, told: str) -> None:
    incomplete = replace(DONE, score=replace(DONE.score, band=band, incomplete=True, coverage=0.896))
    (result,) = results(assessment_results((incomplete,)))["results"]
    said = {prop["name"]: prop["value"] for prop in result["props"]}
    assert (said["band"], said["incomplete"], said["points"]) == (told, "true", "49")
    assert result["description"].endswith(f"grade F, {told}, by the rubric {DONE.rubric}; 89 % of it could be judged.")


def test_a_result_of_which_nothing_could_be_judged_has_no_points() -> None:
    (result,) = results(assessment_results((replace(DONE, score=replace(DONE.score, points=0, coverage=0, incomplete=True)),)))["results"]
    assert "points" not in {prop["name"] for prop in result["props"]}
    assert result["description"].startswith("Nothing of example.com could be judged")


def test_a_risk_has_the_fix_plans_steps() -> None:
    (result,) = results(assessment_results((DONE,)))["results"]
    risks = {one["uuid"]: one for one in result["risks"]}
    related = {
        one["target"]["target-id"]: risks[one["related-risks"][0]["risk-uuid"]] for one in result["findings"] if "related-risks" in one
    }
    (response,) = related["spf.restrictive"]["remediations"]
    assert response["lifecycle"] == "recommendation"
    assert 'publish example.com. TXT "v=spf1 include:_spf.example.net ~all"' in response["description"]


def test_the_tape_is_named_with_its_hash() -> None:
    _, tape = results(assessment_results((DONE,)))["back-matter"]["resources"]
    (link,) = tape["rlinks"]
    assert link["href"] == "example.com_2026-11-21.tape.json"
    assert link["hashes"] == [{"algorithm": "SHA-256", "value": DONE.observation.removeprefix("sha256:")}]


def test_without_a_result_there_is_no_document() -> None:
    with pytest.raises(ValueError, match="at least one"):
        assessment_results(())


@settings(max_examples=50)
@given(hostile_text(), hostile_text())
def test_hostile_text_stays_text(text: str, company: str) -> None:
    document = assessment_results((with_findings((text,)),), company)
    document.encode()
    for key, value in walked(results(document)):
        if key in ("last-modified", "collected", "start"):
            assert datetime.fromisoformat(value).tzinfo is not None
        if key == "title":
            assert value.isprintable()
