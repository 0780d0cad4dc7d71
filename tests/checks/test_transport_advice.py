"""Records that the checks of mx and dane advise mend what they are advised for: proposed over the case's own tape, it fails no more."""

from pathlib import Path

import pytest

from hauberk.checks.check import Check, judge
from hauberk.checks.dane import rollover, valid
from hauberk.checks.mx import resolves
from hauberk.checks.reading import Reading
from hauberk.lab.casebook import Case, load, observe
from hauberk.model.dns import Record
from hauberk.model.verdict import SEVERITY, CheckVerdict, Verdict
from hauberk.world.overlay import overlay, parse_record, propose

CASES = [
    pytest.param(module.CHECK, case, id=f"{module.CHECK.id}: {case.name}")
    for module in (resolves, valid, rollover)
    for case in load(Path(str(module.__file__)).with_suffix(".cases.toml"))
    if case.verdict in ("fail", "warn")
]


@pytest.mark.parametrize(("check", "case"), CASES)
def test_the_advised_records_mend(check: Check, case: Case) -> None:
    reading = Reading(observe(case))
    (before,) = judge(reading, (check,))
    lines = [line for remedy in check.remedy(reading, before) for line in remedy.records]
    if not lines:
        return
    records = [record for record in map(parse_record, lines) if isinstance(record, Record)]
    assert len(records) == len(lines)
    (after,) = judge(Reading(overlay(reading.observation, propose(tuple(records)))), (check,))
    assert after.verdict is not Verdict.FAIL, after
    assert SEVERITY.index(after.verdict) > SEVERITY.index(before.verdict) or _unsigned(before), after


@pytest.mark.parametrize("secure", [("example.com",), ()])
def test_no_record_is_advised_for_an_alias_of_somebody_elses_server(secure: tuple[str, ...]) -> None:
    records = "example.com. MX 10 mx.example.com.\nmx.example.com. CNAME mx.provider.net.\nmx.provider.net. A 192.0.2.10"
    reading = Reading(observe(Case("alias", "", records=records, secure=secure)))
    (found,) = judge(reading, (valid.CHECK,))
    (remedy,) = valid.CHECK.remedy(reading, found)
    assert remedy.records == ()
    assert "Name mx.provider.net in the MX record" in remedy.what
    assert "Sign the zone of mx" not in remedy.what


def _unsigned(verdict: CheckVerdict) -> bool:
    """Where zones are not signed, records alone do not make a pass."""
    return any("not signed" in finding.message for finding in verdict.findings)
