"""Assessments for machines."""

import csv as reader
import json as plain
from dataclasses import replace
from io import StringIO

from hauberk.model import json
from hauberk.model.score import Band
from hauberk.report import csv
from report.samples import F, P, assessment, observation, verdict


def test_json_comes_back_as_it_went_in() -> None:
    done = assessment(observation())
    assert json.decode(json.encode(done)) == done
    assert json.decode(json.pretty(done).encode()) == done
    assert json.decode(json.line(done).encode()) == done
    assert json.line(done).count("\n") == 1


def test_json_has_what_is_promised() -> None:
    read = plain.loads(json.encode(assessment(observation())))
    assert {"domain", "observed_at", "observation", "catalogue", "rubric", "score", "verdicts", "fix_plan"} <= set(read)
    assert {"points", "grade", "band", "coverage", "caps"} <= set(read["score"])
    assert set(read["verdicts"][0]) == {"check", "verdict", "findings"}
    assert {"subject", "verdict", "message", "evidence"} <= set(read["verdicts"][0]["findings"][0])
    assert read["observed_at"] == "2026-11-21T12:00:00Z"


def test_a_lone_surrogate_does_not_break_json() -> None:
    done = assessment(observation(), (verdict("spf.published", F, "bad \ud800", "\udfff"),))
    assert json.decode(json.encode(done)).verdicts[0].findings[0].message == "bad \\u{d800}"


def test_a_domain_is_a_row() -> None:
    done = assessment(observation())
    (row,) = reader.DictReader(StringIO(csv.header() + csv.row(done)))
    assert (row["domain"], row["points"], row["grade"], row["band"], row["coverage"]) == ("example.com", "49", "F", "red", "0.962")
    assert row["failed_checks"] == "spf.restrictive"
    assert row["caps"] == "49:spf.restrictive 79:dmarc.policy-enforced"
    assert int(row["pass"]) + int(row["warn"]) + int(row["fail"]) + int(row["unknown"]) + 1 == len(done.verdicts)


def test_a_row_tells_the_band_as_the_report_does() -> None:
    done = assessment(observation())
    for band, incomplete, told in (("amber", True, "incomplete"), ("amber", False, "amber"), ("red", True, "red")):
        judged = replace(done, score=replace(done.score, band=Band(band), incomplete=incomplete))
        (row,) = reader.DictReader(StringIO(csv.header() + csv.row(judged)))
        assert (row["band"], row["incomplete"]) == (told, str(incomplete).lower())


def test_a_finding_is_a_row() -> None:
    hostile = verdict("spf.published", F, '=HYPERLINK("http://evil.example")', 'a,"b"\nc', subjects=("@cmd", "example.com"), code="none")
    done = assessment(observation(), (hostile, verdict("dane.valid", P, "", subjects=())))
    rows = list(reader.DictReader(StringIO(csv.findings_header() + "".join(csv.finding_rows(done)))))
    assert [row["subject"] for row in rows] == ["'@cmd", "example.com", ""]
    assert rows[0]["message"].startswith("'=") and rows[0]["evidence"] == 'a,"b"\\u{a}c'
