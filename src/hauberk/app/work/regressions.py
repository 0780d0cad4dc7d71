"""What got worse and what got better, from a domain's latest assessments: nothing is called worse before two scans in a row say so.

A check, the band, and whether the servers can be reached are each a row of states over the scans, newest first. What was not known in a
scan is left out of the row, so that a scanner without a network cries no wolf.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from hauberk.app.work.events import Event
from hauberk.checks.existence import NO_DOMAIN
from hauberk.model.assessment import Assessment
from hauberk.model.score import Band
from hauberk.model.verdict import CheckVerdict, Verdict

_RANKS = {Band.GREEN: 0, Band.AMBER: 1, Band.RED: 2}
# The one tells whether servers can be reached at all, of the other's dates people are told by themselves.
_TOLD_OTHERWISE = frozenset({"mx.reachable", "cert.expiry"})
_GONE = frozenset({"down", "not-reached"})


@dataclass(frozen=True, slots=True)
class Look:
    """One scan's assessment; all of a row are by the same catalogue and rubric."""

    scan_id: int
    assessment: Assessment


@dataclass(frozen=True, slots=True)
class Worse:
    """Something that two scans in a row show, and the one before did not; `since` is the first scan that showed it."""

    event: Event
    about: str
    since: int
    message: str


@dataclass(frozen=True, slots=True)
class Trend:
    """`suspected` wants another look before anybody is told; `better` is what to say of a band that rose."""

    worse: tuple[Worse, ...]
    suspected: bool
    better: str = ""


@dataclass(frozen=True, slots=True)
class _State:
    scan_id: int
    bad: int


def trend(looks: tuple[Look, ...], excepted: frozenset[str] = frozenset()) -> Trend:
    """`looks` newest first; checks that are `excepted` are an accepted risk."""
    if not looks:
        return Trend((), suspected=False)
    newest = looks[0].assessment
    worse: list[Worse] = []
    suspected = False
    for event, about, row, message in _rows(looks, excepted):
        if len(row) < 2 or row[0].scan_id != looks[0].scan_id:
            continue
        suspected = suspected or row[0].bad > row[1].bad
        if len(row) > 2 and min(row[0].bad, row[1].bad) > row[2].bad:
            worse.append(Worse(event, about, row[1].scan_id, message))
    return Trend(tuple(worse), suspected, _risen(newest.domain, _bands(looks)))


def is_mended(event: Event, about: str, newest: Assessment) -> bool:
    """Whether what an alert was about is over by the newest assessment; not as long as that is not known."""
    match event:
        case Event.UNREACHABLE:
            return reach(newest) is True
        case Event.RED_FLAG:
            return any(one.check == about and _bad(one) == 0 for one in newest.verdicts) and reach(newest) is not False
        case Event.BAND:
            return not newest.score.incomplete and _RANKS[newest.score.band] < _RANKS[Band(about)]
        case _:
            return False


def reach(assessment: Assessment) -> bool | None:
    """Whether a mail server of the domain answers; `None` where that is not known, or no mail is taken."""
    if any(finding.code == NO_DOMAIN for verdict in assessment.verdicts for finding in verdict.findings):
        return False
    found = {one.check: one for one in assessment.verdicts}
    answers, resolves = found.get("mx.reachable"), found.get("mx.resolves")
    if answers and any(one.verdict is Verdict.PASS or one.code == "refused-us" for one in answers.findings):
        return True
    if resolves and resolves.verdict is Verdict.FAIL:
        return False
    if answers and answers.findings and all(one.code in _GONE for one in answers.findings):
        return False
    if resolves and any(one.verdict is Verdict.UNKNOWN and "SERVFAIL" in one.message for one in resolves.findings):
        return False
    return None


def _rows(looks: tuple[Look, ...], excepted: frozenset[str]) -> Iterator[tuple[Event, str, list[_State], str]]:
    newest = looks[0].assessment
    told = next((one.message for verdict in newest.verdicts if verdict.check.startswith("mx.") for one in verdict.findings), "")
    known = [(look.scan_id, reach(look.assessment)) for look in looks]
    reached = [_State(scan_id, int(not there)) for scan_id, there in known if there is not None]
    yield Event.UNREACHABLE, "", reached, f"{newest.domain} cannot be reached: {told or 'no mail server answers'}"
    bands = _bands(looks)
    fallen = _band(min(one.bad for one in bands[:2])) if bands else ""  # as far as two scans agree
    yield Event.BAND, fallen, bands, _fallen(newest, fallen, bands)
    for verdict in newest.verdicts:
        if verdict.check not in _TOLD_OTHERWISE | excepted:
            said = next((one.message for one in verdict.findings if one.verdict is Verdict.FAIL), "it fails")
            yield Event.RED_FLAG, verdict.check, _of_check(looks, verdict.check), f"{newest.domain}: {verdict.check} fails: {said}"


def _bands(looks: tuple[Look, ...]) -> list[_State]:
    return [_State(look.scan_id, _RANKS[look.assessment.score.band]) for look in looks if not look.assessment.score.incomplete]


def _of_check(looks: tuple[Look, ...], check: str) -> list[_State]:
    """Without the scans that could not reach the domain, where everything fails for one reason."""
    row: list[_State] = []
    for look in looks:
        verdict = next((one for one in look.assessment.verdicts if one.check == check), None)
        bad = None if verdict is None or reach(look.assessment) is False else _bad(verdict)
        if bad is not None:
            row.append(_State(look.scan_id, bad))
    return row


def _bad(verdict: CheckVerdict) -> int | None:
    match verdict.verdict:
        case Verdict.FAIL:
            return 1
        case Verdict.UNKNOWN | Verdict.ERROR:
            return None
        case _:
            return 0


def _fallen(newest: Assessment, band: str, row: list[_State]) -> str:
    before = _band(row[2].bad) if len(row) > 2 else ""
    return f"{newest.domain} went from {before} to {band}; it stands at {newest.score.points:g} of 100, grade {newest.score.grade}"


def _risen(domain: str, row: list[_State]) -> str:
    """A rise is told at once, unless it only ends a dip that nobody was told of."""
    if len(row) < 2 or row[0].bad >= row[1].bad or (len(row) > 2 and row[2].bad < row[1].bad):
        return ""
    return f"{domain} went from {_band(row[1].bad)} to {_band(row[0].bad)}"


def _band(rank: int) -> str:
    return next(band.value for band, one in _RANKS.items() if one == rank)
