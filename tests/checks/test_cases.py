"""Every check against its own table of worlds."""

import pytest

from hauberk.checks.catalogue import Entry, entries
from hauberk.checks.check import judge
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
    (result,) = judge(reading, (entry.check,))
    said = "\n".join(f"{one.subject}: {one.verdict} [{one.code}] {one.message} {one.evidence}" for one in result.findings)
    assert result.verdict == Verdict(case.verdict), said
    if case.codes is not None:
        assert sorted({one.code for one in result.findings if one.code}) == sorted(case.codes), said
    assert case.says in said
    if case.remedy:
        assert case.remedy in _remedies(entry, reading, result)


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
