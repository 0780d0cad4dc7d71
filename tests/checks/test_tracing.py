"""Judging again only what a change touches comes to the same as judging everything again."""

import pytest

from hauberk.checks import catalogue
from hauberk.checks.catalogue import Entry
from hauberk.checks.check import Check, judge
from hauberk.checks.reading import Reading
from hauberk.checks.tracing import TracedReading
from hauberk.lab.casebook import load, observe
from hauberk.model.verdict import CheckVerdict, Verdict
from hauberk.scoring.fix_plan import parsed
from hauberk.world.overlay import overlay, propose


def verdict(reading: Reading, check: Check) -> CheckVerdict:
    (one,) = judge(reading, (check,))
    return one


@pytest.mark.parametrize("entry", [pytest.param(entry, id=entry.check.id) for entry in catalogue.entries()])
def test_what_reads_nothing_that_changed_is_taken_over(entry: Entry) -> None:
    checks = catalogue.all_checks()
    for case in load(entry.file.with_suffix(".cases.toml")):
        before = TracedReading(observe(case))
        found = [before.once(verdict, check) for check in checks]
        remedies = [
            remedy
            for check, one in zip(checks, found, strict=True)
            if one.verdict in (Verdict.FAIL, Verdict.WARN) and entry.check in (check, checks[0])
            for remedy in check.remedy(before, one)
        ]
        for remedy in remedies:
            after = overlay(before.observation, propose(*parsed(remedy)))
            again = TracedReading(after, before)
            assert tuple(again.once(verdict, check) for check in checks) == judge(Reading(after), checks), (case.name, remedy)


def test_only_what_is_touched_is_judged_again() -> None:
    (case, *_) = load(next(entry.file for entry in catalogue.entries() if entry.check.id == "dmarc.published").with_suffix(".cases.toml"))
    judged: list[str] = []

    def noted(reading: Reading, check: Check) -> CheckVerdict:
        judged.append(check.id)
        return verdict(reading, check)

    checks = catalogue.all_checks()
    before = TracedReading(observe(case))
    for check in checks:
        before.once(noted, check)
    judged.clear()
    after = overlay(before.observation, propose((), ((f"_dmarc.{case.domain}", "TXT"),)))
    again = TracedReading(after, before)
    for check in checks:
        again.once(noted, check)
    assert "dmarc.published" in judged
    assert "spf.valid" not in judged
    assert "dnssec.domain-signed" not in judged
