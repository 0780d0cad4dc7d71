"""From verdicts to points: pass 1, warn 0.5, fail 0; what is unknown leaves the sum but lowers the coverage."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

from hauberk.model.score import Band, Cap, Score, ScoreLine
from hauberk.model.verdict import CheckVerdict, Verdict
from hauberk.scoring.rubric import CapRule, Item, Rubric

# The grade of a domain of which nothing could be judged: that is no F.
UNGRADED = "–"
_WORTH = {Verdict.PASS: 1.0, Verdict.WARN: 0.5, Verdict.FAIL: 0.0}
_NOT_KNOWN = (Verdict.UNKNOWN, Verdict.ERROR)
_EXCUSED = (Verdict.NOT_APPLICABLE, Verdict.INFO)
_Result: TypeAlias = tuple[str, Verdict, tuple[tuple[Verdict, str], ...]]
"""A check with its verdict, and the verdict and code of each finding: all that a score goes by."""


@dataclass(frozen=True, slots=True)
class _Sum:
    """What the states of a rubric's items come to: points before bonus and caps."""

    lines: tuple[ScoreLine, ...]
    total: float
    counted: float
    coverage: float


def score(rubric: Rubric, verdicts: tuple[CheckVerdict, ...], taken_as_passed: frozenset[str] = frozenset()) -> Score:
    """Apply a rubric. Checks in `taken_as_passed` count as passed, whatever their verdict ("what if this were mended?").

    A check that the rubric weighs and the verdicts lack counts as unknown.
    """
    results = tuple([(one.check, one.verdict, tuple([(found.verdict, found.code) for found in one.findings])) for one in verdicts])
    return _score(rubric, results, taken_as_passed)


@lru_cache(maxsize=4096)
def _score(rubric: Rubric, results: tuple[_Result, ...], taken_as_passed: frozenset[str]) -> Score:
    """Kept, since the domains of a long list come to few combinations of results."""
    states = {check: verdict for check, verdict, _ in results} | dict.fromkeys(taken_as_passed, Verdict.PASS)
    found = {check: findings for check, _, findings in results if check not in taken_as_passed}
    summed = _summed(rubric, tuple([states.get(item.check) or _best(item, states) for group in rubric.group for item in group.item]))
    bonus = sum((one.points for one in rubric.bonus if any(code == one.code for _, code in found.get(one.check, ()))), 0.0)
    caps = tuple(Cap(rule.points, rule.check, rule.reason) for rule in rubric.cap if _holds(rule, found.get(rule.check, ())))
    points = round(min([100.0, summed.total + bonus, *(cap.points for cap in caps)]), 1)
    passed = {check for check, verdict in states.items() if verdict is Verdict.PASS}
    unmet = tuple(check for check in rubric.bands.demands if check not in passed and states.get(check) not in _EXCUSED)
    incomplete = summed.coverage < rubric.bands.coverage
    if not summed.counted:
        return Score(rubric.id, 0.0, 0.0, UNGRADED, Band.AMBER, coverage=0.0, incomplete=True, lines=summed.lines, unmet=unmet)
    return Score(
        rubric=rubric.id,
        points=points,
        sum=round(min(100.0, summed.total + bonus), 1),
        grade=next((g.letter for g in rubric.grade if points >= g.points and (not g.needs_any or passed & set(g.needs_any))), "F"),
        band=_band(rubric, points, green=not incomplete and not caps and not unmet),
        coverage=round(summed.coverage, 3),
        incomplete=incomplete,
        caps=caps,
        lines=summed.lines,
        bonus=bonus,
        unmet=unmet,
    )


def _band(rubric: Rubric, points: float, *, green: bool) -> Band:
    if points >= rubric.bands.green and green:
        return Band.GREEN
    return Band.AMBER if points >= rubric.bands.amber else Band.RED


def _holds(rule: CapRule, findings: tuple[tuple[Verdict, str], ...]) -> bool:
    return any(verdict in rule.verdicts and (not rule.codes or code in rule.codes) for verdict, code in findings)


def _best(item: Item, states: Mapping[str, Verdict]) -> Verdict:
    """The verdict that counts for an item whose check has none, or that takes the best of several."""
    if not item.best_of:
        return Verdict.UNKNOWN
    found = [states.get(check, Verdict.UNKNOWN) for check in item.best_of]
    known = [verdict for verdict in found if verdict in _WORTH]
    best = max(known, key=lambda verdict: _WORTH[verdict], default=None)
    if best is Verdict.PASS:
        return best
    unknown = next((verdict for verdict in found if verdict in _NOT_KNOWN), None)
    return unknown or best or found[0]


def _summed(rubric: Rubric, states: tuple[Verdict, ...]) -> _Sum:
    weighed = [(group.name, item) for group in rubric.group for item in group.item]
    counted = sum(item.weight for (_, item), state in zip(weighed, states, strict=True) if state in _WORTH)
    known = counted + sum(item.weight for (_, item), state in zip(weighed, states, strict=True) if state in _NOT_KNOWN)
    scale = 100 / counted if counted else 0.0
    lines = tuple(_line(group, item, state, scale) for (group, item), state in zip(weighed, states, strict=True))
    return _Sum(lines, sum(line.earned for line in lines), counted, counted / known if known else 0.0)


@lru_cache(maxsize=8192)
def _line(group: str, item: Item, state: Verdict, scale: float) -> ScoreLine:
    worth = _WORTH.get(state)
    return ScoreLine(
        check=" or ".join(item.checks),
        group=group,
        verdict=state.value,
        weight=round(item.weight * scale, 2) if worth is not None else round(item.weight, 2),
        earned=round(item.weight * scale * (worth or 0.0), 2),
        counted=worth is not None,
    )
