"""The fix plan on worlds of which the right mending is known."""

from dataclasses import replace
from itertools import pairwise

from hauberk.checks.catalogue import all_checks
from hauberk.lab.casebook import Case, observe
from hauberk.model.assessment import FixStep
from hauberk.scoring.fix_plan import fix_plan
from hauberk.scoring.rubric import load

MAIL = """
example.com. MX 10 mx.example.com.
mx.example.com. A 192.0.2.10
example.com. TXT "google-site-verification=abc"
example.com. TXT "v=spf1 mx ?all"
"""


def plan(records: str) -> tuple[FixStep, ...]:
    return fix_plan(observe(Case("plan", "", records=records)), all_checks(), load())


def step(steps: tuple[FixStep, ...], check: str) -> FixStep:
    return next(one for one in steps if one.remedy.check == check)


def test_a_record_that_stays_is_neither_removed_nor_published() -> None:
    mended = step(plan(MAIL), "spf.restrictive")
    assert mended.remove == ('example.com. TXT "v=spf1 mx ?all"',)
    assert len(mended.publish) == 1 and "v=spf1 mx ~all" in mended.publish[0]


def test_two_mendings_of_one_record_come_one_on_top_of_the_other() -> None:
    steps = plan(MAIL + '_dmarc.example.com. TXT "v=DMARC1; p=none; sp=none"')
    of_the_record = [one for one in steps if any(line.startswith("_dmarc") for line in one.publish)]
    assert of_the_record
    for earlier, later in pairwise(of_the_record):
        assert later.remove == earlier.publish
    assert "p=reject" in of_the_record[-1].publish[0] and "rua=" in of_the_record[-1].publish[0]


def test_the_points_rise_step_by_step_and_gains_come_first() -> None:
    steps = plan(MAIL)
    after = [one.points_after for one in steps]
    assert after == sorted(after)
    assert steps[0].gain == max(one.gain for one in steps)


def test_what_lifts_a_cap_comes_before_what_brings_more() -> None:
    steps = plan(MAIL.replace("mx ?all", "mx ip4:0.0.0.0/0 -all") + '_dmarc.example.com. TXT "v=DMARC1; p=reject"')
    assert steps[0].remedy.check == "spf.address-space" and steps[0].points_after > 49
    assert steps[0].gain < max(one.gain for one in steps)


def test_signing_alone_is_not_sold_as_dane() -> None:
    dane = step(plan(MAIL), "dane.valid")
    assert any("TLSA 3 1 1" in line for line in dane.publish) and dane.assumed


def test_a_server_setting_is_marked_as_assumed() -> None:
    assert step(plan(MAIL), "mta-sts.valid").assumed is True
    assert step(plan(MAIL), "tls-rpt.published").assumed is False


def test_an_empty_tape_asks_for_nothing() -> None:
    nothing = replace(observe(Case("silence", "")), dns=())
    assert fix_plan(nothing, all_checks(), load()) == ()


def test_a_domain_that_does_not_exist_has_no_place_to_publish_anything() -> None:
    assert plan("example.net. A 192.0.2.1") == ()
