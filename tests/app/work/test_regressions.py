"""What counts as worse and better: two scans in a row, the one before, and what was not known left out."""

from dataclasses import replace

import pytest

from app.work.kit import START
from hauberk.app.work.events import Event, Fingerprint
from hauberk.app.work.regressions import Look, is_mended, reach, trend
from hauberk.checks.existence import missing
from hauberk.model.assessment import Assessment
from hauberk.model.observation import Observation, Vantage
from hauberk.model.score import Band, Score
from hauberk.model.verdict import CheckVerdict, Finding, Verdict
from hauberk.world.tape import evidence_id

BANDS = {"g": Band.GREEN, "a": Band.AMBER, "r": Band.RED, "?": Band.RED}
VERDICTS = {"+": Verdict.PASS, "-": Verdict.FAIL, "?": Verdict.UNKNOWN, "w": Verdict.WARN}


def assessed(band: str = "g", check: str = "+", reachable: str = "+") -> Assessment:
    seen = Observation("example.com", START, Vantage("hauberk/test", "udp://127.0.0.1:53", resolver_trusted=True, helo="h"))
    score = Score("r", 80, 80, "B", BANDS[band], 0.95, incomplete=band == "?")
    spf = CheckVerdict("spf.valid", VERDICTS[check], (Finding("example.com", VERDICTS[check], "It is wrong."),))
    code = {"+": "", "-": "down", "?": "not-tried", "w": "refused-us"}[reachable]
    mx = CheckVerdict("mx.reachable", VERDICTS[reachable], (Finding("mx", VERDICTS[reachable], "Down: it is off.", code=code),))
    return Assessment("example.com", seen.at, evidence_id(seen), "c", "r", score, (spf, mx))


def row(*looks: Assessment) -> tuple[Look, ...]:
    """Oldest first as they are written down; the scans are numbered from 1."""
    numbered = [Look(number, one) for number, one in enumerate(looks, 1)]
    return tuple(reversed(numbered))


@pytest.mark.parametrize(
    ("states", "suspected", "since"),
    [
        ("-", False, None),  # a first scan shows how things are, not that they got worse
        ("+-", True, None),
        ("+--", False, 2),
        ("+-+", False, None),
        ("+-+-", True, None),
        ("+---", False, None),  # it was told of at the scan before
        ("--", False, None),
        ("+-?-", False, 2),  # what was not known in between takes nothing away
        ("+?-", True, None),
        ("+-?", False, None),
        ("?--", False, None),
        ("w-", True, None),
        ("+ww", False, None),  # a warning is no red flag
    ],
)
def test_a_check_that_fails(states: str, suspected: bool, since: int | None) -> None:
    found = trend(row(*(assessed(check=state) for state in states)))
    assert found.suspected is suspected
    assert [one.since for one in found.worse if one.event is Event.RED_FLAG] == ([] if since is None else [since])
    assert all("spf.valid fails: It is wrong." in one.message for one in found.worse)


@pytest.mark.parametrize(
    ("bands", "suspected", "worse", "better"),
    [
        ("gg", False, "", ""),
        ("ga", True, "", ""),
        ("gaa", False, "amber", ""),
        ("gar", True, "amber", ""),
        ("garr", False, "red", ""),
        ("gag", False, "", ""),  # a dip that nobody was told of
        ("aag", False, "", "from amber to green"),
        ("rg", False, "", "from red to green"),
        ("rag", False, "", "from amber to green"),
        ("g?a", True, "", ""),
        ("g??", False, "", ""),
    ],
)
def test_the_band(bands: str, suspected: bool, worse: str, better: str) -> None:
    found = trend(row(*(assessed(band) for band in bands)))
    assert found.suspected is suspected
    assert [one.about for one in found.worse] == ([worse] if worse else [])
    assert better in found.better
    assert bool(better) == bool(found.better)


def test_servers_that_are_down_are_one_alert_and_not_one_for_each_check() -> None:
    looks = row(assessed(), assessed(check="-", reachable="-"), assessed(check="-", reachable="-"))
    assert [one.event for one in trend(looks).worse] == [Event.UNREACHABLE]
    assert "cannot be reached: Down: it is off." in trend(looks).worse[0].message


def test_a_server_that_refuses_us_or_was_not_tried_is_not_down() -> None:
    assert reach(assessed(reachable="w")) is True
    assert reach(assessed(reachable="?")) is None
    assert not trend(row(assessed(), assessed(reachable="?"), assessed(reachable="?"))).worse


def test_a_domain_that_is_gone_cannot_be_reached_and_loses_no_points() -> None:
    unscored = replace(assessed().score, incomplete=True)
    gone = replace(assessed(), score=unscored, verdicts=(CheckVerdict("mx.resolves", Verdict.NOT_APPLICABLE, (missing("example.com"),)),))
    found = trend(row(assessed(), gone, gone))
    assert [(one.event, one.message) for one in found.worse] == [
        (Event.UNREACHABLE, "example.com cannot be reached: example.com does not exist (NXDOMAIN).")
    ]
    assert not is_mended(Event.RED_FLAG, "mx.resolves", gone)


def test_an_accepted_risk_is_no_news() -> None:
    looks = row(assessed(), assessed(check="-"), assessed(check="-"))
    assert not trend(looks, frozenset({"spf.valid"})).worse
    assert not trend(looks[1:], frozenset({"spf.valid"})).suspected


@pytest.mark.parametrize(
    ("event", "about", "now", "mended"),
    [
        (Event.RED_FLAG, "spf.valid", assessed(check="+"), True),
        (Event.RED_FLAG, "spf.valid", assessed(check="?"), False),
        (Event.RED_FLAG, "spf.valid", assessed(check="-"), False),
        (Event.RED_FLAG, "spf.valid", assessed(check="+", reachable="-"), False),
        (Event.RED_FLAG, "spf.forgotten", assessed(), False),
        (Event.UNREACHABLE, "", assessed(), True),
        (Event.UNREACHABLE, "", assessed(reachable="?"), False),
        (Event.BAND, "amber", assessed("g"), True),
        (Event.BAND, "amber", assessed("a"), False),
        (Event.BAND, "amber", assessed("?"), False),
    ],
)
def test_an_alert_is_over_only_when_that_is_known(event: Event, about: str, now: Assessment, mended: bool) -> None:
    assert is_mended(event, about, now) is mended


def test_nothing_is_made_of_nothing() -> None:
    assert trend(()) == trend(row(assessed()))


def test_fingerprints_are_read_back_and_others_are_not() -> None:
    one = Fingerprint(Event.RED_FLAG, 7, "spf.valid", "12")
    assert Fingerprint.read(str(one)) == one
    for text in ("", "red", "a|b|c|d", "new-red-flag|x|y|z", "new-red-flag|1|y|z|more"):
        assert Fingerprint.read(text) is None
