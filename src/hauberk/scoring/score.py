"""From verdicts to points: pass 1, warn 0.5, fail 0; what is unknown leaves the sum but lowers the coverage."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from hauberk.model.score import Band, Cap, Score, ScoreLine
from hauberk.model.verdict import CheckVerdict, Verdict
from hauberk.scoring.rubric import CapRule, Item, Rubric

# The grade of a domain of which nothing could be judged: that is no F.
UNGRADED = "–"
_WORTH = {Verdict.PASS: 1.0, Verdict.WARN: 0.5, Verdict.FAIL: 0.0}
_NOT_KNOWN = (Verdict.UNKNOWN, Verdict.ERROR)


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
    by_check = {one.check: one for one in verdicts if one.check not in taken_as_passed}
    states = {one.check: one.verdict for one in verdicts} | dict.fromkeys(taken_as_passed, Verdict.PASS)
    summed = _summed(rubric, tuple([states.get(item.check) or _best(item, states) for group in rubric.group for item in group.item]))
    bonus = sum((one.points for one in rubric.bonus if _has_code(by_check.get(one.check), one.code)), 0.0)
    caps = tuple(
        Cap(rule.points, rule.check, rule.reason) for rule in rubric.cap if rule.check in by_check and _holds(rule, by_check[rule.check])
    )
    points = round(min([100.0, summed.total + bonus, *(cap.points for cap in caps)]), 1)
    passed = taken_as_passed | {one.check for one in by_check.values() if one.verdict is Verdict.PASS}
    unmet = tuple(check for check in rubric.bands.demands if check not in passed and not _is_excused(by_check.get(check)))
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


def _is_excused(verdict: CheckVerdict | None) -> bool:
    return verdict is not None and verdict.verdict in (Verdict.NOT_APPLICABLE, Verdict.INFO)


def _holds(rule: CapRule, verdict: CheckVerdict) -> bool:
    return any(one.verdict in rule.verdicts and (not rule.codes or one.code in rule.codes) for one in verdict.findings)


def _has_code(verdict: CheckVerdict | None, code: str) -> bool:
    return verdict is not None and any(finding.code == code for finding in verdict.findings)


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


@lru_cache(maxsize=4096)
def _summed(rubric: Rubric, states: tuple[Verdict, ...]) -> _Sum:
    """Kept, since the domains of a long list come to few combinations of states."""
    weighed = [(group.name, item) for group in rubric.group for item in group.item]
    counted = sum(item.weight for (_, item), state in zip(weighed, states, strict=True) if state in _WORTH)
    known = counted + sum(item.weight for (_, item), state in zip(weighed, states, strict=True) if state in _NOT_KNOWN)
    scale = 100 / counted if counted else 0.0
    lines = tuple(_line(group, item, state, scale) for (group, item), state in zip(weighed, states, strict=True))
    return _Sum(lines, sum(line.earned for line in lines), counted, counted / known if known else 0.0)


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
