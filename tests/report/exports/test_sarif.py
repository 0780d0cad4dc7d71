"""SARIF logs."""

import json
import re
from typing import Any

import pytest
from hypothesis import given

from hauberk.checks.catalogue import entries
from hauberk.model.verdict import Verdict
from hauberk.report.exports.sarif import Listed, sarif
from report.exports.shared import TAPE, hostile_text, schema, with_findings
from report.samples import F, U, assessment, observation, verdict

OTHER = assessment(observation(hosts=1, domain="example.org"))
DONE = assessment(TAPE)


def run_of(text: str) -> Any:
    (run,) = json.loads(text)["runs"]
    return run


def test_a_log_holds_to_the_published_schema() -> None:
    validating = pytest.importorskip("jsonschema_rs")
    rules = json.dumps(schema("sarif-2.1.0-rtm.5.json")).replace("{2}]?$", "{2}?$")  # a slip of the published file: no sound pattern
    log = json.loads(sarif((DONE, OTHER, with_findings(("a", ""))), {"example.com": Listed("domains.txt", 3)}))
    assert [error.message for error in validating.validator_for(json.loads(rules)).iter_errors(log)] == []


def test_every_check_of_the_catalogue_is_a_rule_with_its_page() -> None:
    rules = run_of(sarif((DONE,)))["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == [entry.check.id for entry in entries()]
    assert all("## Why it matters" in rule["help"]["markdown"] for rule in rules)


def test_what_fails_or_should_improve_is_a_result_and_what_is_unknown_is_not() -> None:
    run = run_of(sarif((DONE,)))
    found = [(verdict, one) for verdict in DONE.verdicts for one in verdict.findings]
    levels = {Verdict.FAIL: "error", Verdict.WARN: "warning"}
    wanted = [(verdict.check, levels[one.verdict]) for verdict, one in found if one.verdict in levels]
    assert [(result["ruleId"], result["level"]) for result in run["results"]] == wanted
    rules = run["tool"]["driver"]["rules"]
    assert all(rules[result["ruleIndex"]]["id"] == result["ruleId"] for result in run["results"])
    (notification,) = run["invocations"][0]["toolExecutionNotifications"]
    assert notification["associatedRule"]["id"] == "dnssec.mx-signed" and notification["level"] == "note"
    assert run["invocations"][0]["executionSuccessful"] is True


def test_a_crashed_check_makes_the_run_unsuccessful() -> None:
    run = run_of(sarif((with_findings(("example.com",), Verdict.ERROR),)))
    assert run["results"] == [] and run["invocations"][0]["executionSuccessful"] is False


def test_several_domains_are_one_run() -> None:
    run = run_of(sarif((DONE, OTHER)))
    assert [one["domain"] for one in run["properties"]["domains"]] == ["example.com", "example.org"]
    assert {one["properties"]["domain"] for one in run["results"]} == {"example.com", "example.org"}
    assert json.loads(sarif(()))["runs"] == []


def test_a_place_is_logical_and_in_the_operators_list_where_there_is_one() -> None:
    (result, *_) = run_of(sarif((DONE,)))["results"]
    (place,) = result["locations"]
    assert place == {"logicalLocations": [{"name": "example.com", "fullyQualifiedName": "example.com"}]}
    (result, *_) = run_of(sarif((DONE,), {"example.com": Listed("lists/domains.txt", 7)}))["results"]
    assert result["locations"][0]["physicalLocation"] == {
        "artifactLocation": {"uri": "lists/domains.txt"},
        "region": {"startLine": 7},
    }


def test_a_fingerprint_stays_when_only_the_wording_changes() -> None:
    def prints(*said: str) -> list[str]:
        judged = assessment(TAPE, tuple(verdict("spf.valid", F, message, code="x") for message in said))
        return [one["partialFingerprints"]["subjectAndCode/v1"] for one in run_of(sarif((judged,)))["results"]]

    assert prints("one") == prints("another")
    first, second = prints("on one block list", "on another")
    assert first == prints("one")[0] != second  # or a code host would take the two for one
    assert run_of(sarif((assessment(TAPE, (verdict("spf.valid", U, "no answer"),)),)))["results"] == []


@given(hostile_text())
def test_hostile_text_stays_text(text: str) -> None:
    log = sarif((with_findings((text,)),))
    log.encode()
    (result,) = run_of(log)["results"]
    shown = result["message"]["text"]
    assert shown.isprintable()
    assert not re.search(r"(?<!\\)(?:\\\\)*\]\(", shown)
    assert shown.count("{") % 2 == 0
