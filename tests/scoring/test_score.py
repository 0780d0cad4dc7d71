from codecs import BOM_UTF8
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hauberk.checks import catalogue
from hauberk.lab import casebook
from hauberk.model.score import Band
from hauberk.model.verdict import CheckVerdict, Finding, Verdict
from hauberk.scoring.rubric import Rubric, RubricError, load, names, parse
from hauberk.scoring.score import score

RUBRIC = parse(
    b"""
id = "test-1"
title = "Test"
about = ""
grade = [{ letter = "A+", points = 95, needs_any = ["t.dane"] }, { letter = "A", points = 90 }, { letter = "F", points = 0 }]
cap = [{ points = 49, check = "a.spf", reason = "everybody may send", codes = ["plus-all"] }]
bonus = [{ check = "a.bimi", code = "bimi-valid", points = 1 }]
[bands]
demands = ["a.spf"]
[[group]]
name = "One"
item = [{ check = "a.spf", weight = 30 }, { check = "a.dmarc", weight = 30 }]
[[group]]
name = "Two"
item = [{ best_of = ["t.dane", "t.sts"], weight = 40 }]
"""
)


def verdicts(**by_check: Verdict | tuple[Verdict, str]) -> tuple[CheckVerdict, ...]:
    made: list[CheckVerdict] = []
    for name, given_verdict in by_check.items():
        verdict, code = given_verdict if isinstance(given_verdict, tuple) else (given_verdict, "")
        made.append(CheckVerdict(name.replace("_", "."), verdict, (Finding("example.com", verdict, "", code=code),)))
    return tuple(made)


def test_everything_passed_is_a_hundred() -> None:
    result = score(RUBRIC, verdicts(a_spf=Verdict.PASS, a_dmarc=Verdict.PASS, t_dane=Verdict.PASS, t_sts=Verdict.WARN))
    assert (result.points, result.grade, result.band, result.coverage) == (100, "A+", Band.GREEN, 1.0)


def test_the_sum_is_the_sum_of_the_lines() -> None:
    result = score(RUBRIC, verdicts(a_spf=Verdict.WARN, a_dmarc=Verdict.FAIL, t_dane=Verdict.PASS, t_sts=Verdict.FAIL))
    assert result.sum == sum(line.earned for line in result.lines) == 55
    assert sum(line.weight for line in result.lines) == 100


def test_what_does_not_apply_leaves_the_denominator() -> None:
    result = score(RUBRIC, verdicts(a_spf=Verdict.PASS, a_dmarc=Verdict.FAIL, t_dane=Verdict.NOT_APPLICABLE, t_sts=Verdict.NOT_APPLICABLE))
    assert (result.points, result.coverage, result.incomplete) == (50, 1.0, False)


def test_what_is_unknown_lowers_the_coverage_and_forbids_green() -> None:
    result = score(RUBRIC, verdicts(a_spf=Verdict.PASS, a_dmarc=Verdict.UNKNOWN, t_dane=Verdict.PASS, t_sts=Verdict.FAIL))
    assert (result.points, result.coverage, result.incomplete, result.band) == (100, 0.7, True, Band.AMBER)


def test_nothing_known_is_incomplete_and_no_failure() -> None:
    result = score(RUBRIC, verdicts(a_spf=Verdict.UNKNOWN))
    assert (result.grade, result.band, result.incomplete, result.coverage) == ("–", Band.AMBER, True, 0.0)


def test_a_check_that_is_missing_counts_as_unknown() -> None:
    assert score(RUBRIC, verdicts(a_spf=Verdict.PASS)).coverage == 0.3


def test_the_better_of_two_counts_but_not_over_something_unknown() -> None:
    assert score(RUBRIC, verdicts(t_dane=Verdict.FAIL, t_sts=Verdict.PASS)).lines[2].earned == 100
    assert score(RUBRIC, verdicts(t_dane=Verdict.UNKNOWN, t_sts=Verdict.WARN)).lines[2].counted is False


def test_a_cap_needs_its_code() -> None:
    everything = {"a_dmarc": Verdict.PASS, "t_dane": Verdict.PASS, "t_sts": Verdict.PASS}
    capped = score(RUBRIC, verdicts(a_spf=(Verdict.FAIL, "plus-all"), **everything))
    assert (capped.points, capped.sum, capped.band, capped.grade) == (49, 70, Band.RED, "F")
    assert [cap.reason for cap in capped.caps] == ["everybody may send"]
    assert score(RUBRIC, verdicts(a_spf=(Verdict.FAIL, "no-all"), **everything)).caps == ()


def test_green_needs_what_is_demanded() -> None:
    result = score(RUBRIC, verdicts(a_spf=Verdict.WARN, a_dmarc=Verdict.PASS, t_dane=Verdict.PASS, t_sts=Verdict.PASS))
    assert (result.points, result.unmet, result.band) == (85, ("a.spf",), Band.AMBER)


def test_the_highest_grade_needs_authenticated_transport() -> None:
    result = score(RUBRIC, verdicts(a_spf=Verdict.PASS, a_dmarc=Verdict.PASS, t_dane=Verdict.NOT_APPLICABLE, t_sts=Verdict.NOT_APPLICABLE))
    assert result.grade == "A"


def test_a_bonus_never_goes_over_a_hundred() -> None:
    bimi = (Verdict.INFO, "bimi-valid")
    result = score(RUBRIC, verdicts(a_spf=Verdict.PASS, a_dmarc=Verdict.PASS, t_dane=Verdict.PASS, t_sts=Verdict.PASS, a_bimi=bimi))
    assert (result.points, result.bonus) == (100, 1)


@given(st.dictionaries(st.sampled_from(["a.spf", "a.dmarc", "t.dane", "t.sts"]), st.sampled_from(list(Verdict))))
def test_mending_a_check_never_lowers_the_sum_of_a_full_view(by_check: dict[str, Verdict]) -> None:
    made = tuple(CheckVerdict(check, verdict) for check, verdict in by_check.items())
    result = score(RUBRIC, made)
    assert 0 <= result.points <= 100
    assert 0 <= result.coverage <= 1
    if result.coverage == 1 and len(made) == 4:
        assert all(score(RUBRIC, made, frozenset({check})).sum >= result.sum for check in by_check)


@pytest.mark.parametrize("name", names())
def test_shipped_rubrics_name_checks_that_exist(name: str) -> None:
    rubric = load(name)
    known = {check.id for check in catalogue.all_checks()}
    assert weighed(rubric) | {rule.check for rule in rubric.cap} | set(rubric.bands.demands) <= known


@pytest.mark.parametrize("name", names())
def test_every_code_that_a_rubric_waits_for_comes_out_of_a_case(name: str) -> None:
    rubric = load(name)
    waited = {(rule.check, code) for rule in rubric.cap for code in rule.codes} | {(one.check, one.code) for one in rubric.bonus}
    tables = {entry.check.id: casebook.load(entry.file.with_suffix(".cases.toml")) for entry in catalogue.entries()}
    assert waited <= {(check, code) for check, cases in tables.items() for case in cases for code in case.codes or ()}


def weighed(rubric: Rubric) -> set[str]:
    return {check for group in rubric.group for item in group.item for check in item.checks}


def test_every_check_but_the_informing_ones_is_weighed() -> None:
    informing = {
        "bimi.valid",
        "dns.redundant",
        "dnssec.modern-algorithms",
        "dnssec.nsec3-parameters",
        "domain.lookalikes",
        "domain.parked",
        "ipv6.name-servers",
        "sender.matrix",
        "tls.post-quantum",
    }
    # A weight on what comes on request would let options move a sum.
    on_request = {"ports.submission", "relay.closed", "routing.rpki", "tls.no-command-injection"}
    assert {check.id for check in catalogue.all_checks()} - weighed(load()) <= informing | on_request


def test_the_points_of_the_default_rubric_are_a_hundred_and_those_of_the_catalogue() -> None:
    groups = {group.name: sum(item.weight for item in group.item) for group in load().group}
    assert groups == {
        "Anti-spoofing": 40,
        "Transport encryption": 25,
        "Authenticated transport": 20,
        "DNS integrity": 10,
        "Hygiene": 5,
    }


def test_the_rubric_of_one_handshake_is_still_there() -> None:
    assert load("hauberk-2026").id == "hauberk-2026"
    assert "tls.cipher-suites" not in weighed(load("hauberk-2026"))


def test_old_versions_and_insufficient_suites_are_amber_at_best_and_post_quantum_is_a_bonus() -> None:
    everything = dict.fromkeys(weighed(load()), Verdict.PASS)

    def scored(check: str, verdict: Verdict, code: str) -> tuple[float, Band, float]:
        made = [CheckVerdict(one, state) for one, state in everything.items() if one != check]
        made.append(CheckVerdict(check, verdict, (Finding("mx", verdict, "", code=code),)))
        result = score(load(), tuple(made))
        return result.points, result.band, result.bonus

    assert scored("tls.no-legacy-versions", Verdict.FAIL, "legacy-accepted") == (79, Band.AMBER, 0)
    assert scored("tls.cipher-suites", Verdict.FAIL, "suites-insufficient") == (79, Band.AMBER, 0)
    assert scored("tls.cipher-suites", Verdict.WARN, "suites-phase-out") == (98.2, Band.GREEN, 0)
    assert scored("tls.no-command-injection", Verdict.FAIL, "injection") == (79, Band.AMBER, 0)
    assert scored("tls.no-command-injection", Verdict.PASS, "") == (100, Band.GREEN, 0)
    assert scored("tls.post-quantum", Verdict.PASS, "post-quantum") == (100, Band.GREEN, 1)
    assert scored("tls.post-quantum", Verdict.INFO, "no-post-quantum") == (100, Band.GREEN, 0)


def test_without_the_probe_the_score_is_complete_all_the_same() -> None:
    probed = {
        "tls.no-legacy-versions",
        "tls.cipher-suites",
        "tls.cipher-order",
        "tls.groups",
        "tls.key-exchange-hash",
        "tls.sound-handshake",
    }
    made = tuple(CheckVerdict(one, Verdict.NOT_APPLICABLE if one in probed else Verdict.PASS) for one in weighed(load()))
    result = score(load(), made)
    assert (result.points, result.coverage, result.band) == (100, 1, Band.GREEN)


@pytest.mark.parametrize("data", [b"", b"id = 3", b"\xff", b"[[group]]\nname='x'", b"id='x'\ntitle=''\nabout=''\ngroup=[]\ngrade=[]"])
def test_what_is_no_rubric_is_refused(data: bytes) -> None:
    with pytest.raises(RubricError):
        parse(data)


def test_a_byte_order_mark_before_a_rubric_means_nothing() -> None:
    text = (files("hauberk.scoring") / "rubrics" / "hauberk-2026.toml").read_bytes()
    assert parse(BOM_UTF8 + text) == parse(text)


def test_an_unknown_rubric_is_refused_with_the_known_ones() -> None:
    with pytest.raises(RubricError, match="hauberk-2026"):
        load("nonsense")
    with pytest.raises(RubricError):
        load("/nowhere/x.toml")


def test_a_silent_name_server_costs_nothing_but_coverage() -> None:
    """The cap for a DKIM key that nobody knows is not for a question that nobody answered."""
    unanswered = (Finding("_domainkey.example.com", Verdict.UNKNOWN, "not answered", code="dkim-unanswered"),)
    unfound = (Finding("_domainkey.example.com", Verdict.UNKNOWN, "not found", code="dkim-unknown"),)
    rubric, known = load(), CheckVerdict("spf.published", Verdict.PASS, ())
    assert not score(rubric, (known, CheckVerdict("dkim.key-published", Verdict.UNKNOWN, unanswered))).caps
    assert score(rubric, (known, CheckVerdict("dkim.key-published", Verdict.UNKNOWN, unfound))).caps
