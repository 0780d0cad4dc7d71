"""A remedy mends: with its records published, the check that gave it comes to a better verdict."""

import pytest

from hauberk.checks.catalogue import Entry, entries
from hauberk.checks.check import judge
from hauberk.checks.reading import Reading
from hauberk.lab.casebook import Case, load, observe
from hauberk.model.dns import Record
from hauberk.model.verdict import SEVERITY
from hauberk.world.overlay import overlay, parse_record, propose

CASES = [
    pytest.param(entry, case, id=f"{entry.check.id}: {case.name}")
    for entry in entries()
    if entry.check.area == "spf"
    for case in load(entry.file.with_suffix(".cases.toml"))
    if case.verdict in ("fail", "warn")
]


@pytest.mark.parametrize(("entry", "case"), CASES)
def test_the_remedy_mends_what_the_check_found(entry: Entry, case: Case) -> None:
    observation = observe(case)
    reading = Reading(observation)
    (before,) = judge(reading, (entry.check,))
    remedies = tuple(entry.check.remedy(reading, before))
    for remedy in remedies:
        records = tuple(map(parse_record, remedy.records))
        assert all(isinstance(one, Record) for one in records), records
        if not records:
            continue
        mended = overlay(observation, propose(tuple(one for one in records if isinstance(one, Record))))
        (after,) = judge(Reading(mended), (entry.check,))
        assert SEVERITY.index(after.verdict) > SEVERITY.index(before.verdict), (remedy, after)
