"""Every check against its own table of worlds."""

import pytest

from hauberk.checks.catalogue import Entry, all_checks, entries
from hauberk.checks.check import judge, judge_one
from hauberk.checks.reading import Reading
from hauberk.lab.casebook import Case, load, observe
from hauberk.model.verdict import CheckVerdict, Verdict

CASES = [
    pytest.param(entry, case, id=f"{entry.check.id}: {case.name}")
    for entry in entries()
    for case in load(entry.file.with_suffix(".cases.toml"))
]


@pytest.mark.parametrize(("entry", "case"), CASES)
def test_the_case_comes_to_its_verdict(entry: Entry, case: Case) -> None:
    reading = Reading(observe(case))
    result = judge_one(reading, entry.check)
    said = "\n".join(f"{one.subject}: {one.verdict} [{one.code}] {one.message} {one.evidence}" for one in result.findings)
    assert result.verdict == Verdict(case.verdict), said
    if case.codes is not None:
        assert sorted({one.code for one in result.findings if one.code}) == sorted(case.codes), said
    assert case.says in said
    if case.remedy:
        assert case.remedy in _remedies(entry, reading, result)


def test_no_check_applies_to_a_domain_that_does_not_exist() -> None:
    results = judge(Reading(observe(Case("gone", "", records="example.net. A 192.0.2.1"))), all_checks())
    assert len(results) == len(entries())
    assert {(one.verdict, finding.message) for one in results for finding in one.findings} == {
        (Verdict.NOT_APPLICABLE, "example.com does not exist (NXDOMAIN).")
    }


@pytest.mark.parametrize(
    "records", ["example.com. CNAME gone.example.net.", "www.example.com. A 192.0.2.1", '_dmarc.example.com. TXT "v=DMARC1; p=reject"']
)
def test_an_alias_and_a_name_with_something_below_do_exist(records: str) -> None:
    results = judge(Reading(observe(Case("there", "", records=records))), all_checks())
    assert {one.verdict for one in results} > {Verdict.FAIL, Verdict.NOT_APPLICABLE}


def _remedies(entry: Entry, reading: Reading, result: CheckVerdict) -> str:
    return "\n".join("\n".join((one.what, *one.records, *one.settings)) for one in entry.check.remedy(reading, result))


@pytest.mark.parametrize("entry", [pytest.param(entry, id=entry.check.id) for entry in entries()])
def test_every_check_has_a_pass_a_non_pass_and_an_unknown_case(entry: Entry) -> None:
    verdicts = {case.verdict for case in load(entry.file.with_suffix(".cases.toml"))}
    assert verdicts & {"pass", "info"}
    assert verdicts - {"pass", "unknown"}
    assert "unknown" in verdicts


@pytest.mark.parametrize("entry", [pytest.param(entry, id=entry.check.id) for entry in entries()])
def test_every_check_has_a_page_with_the_three_parts(entry: Entry) -> None:
    for part in ("## What it means", "## Why it matters", "## How to fix"):
        assert part in entry.page
    assert entry.check.sources
