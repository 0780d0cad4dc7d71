"""From verdicts to points: pass 1, warn 0.5, fail 0; what is unknown leaves the sum but lowers the coverage."""

from dataclasses import dataclass

from hauberk.model.score import Band, Cap, Score, ScoreLine
from hauberk.model.verdict import CheckVerdict, Verdict
from hauberk.scoring.rubric import Item, Rubric

# The grade of a domain of which nothing could be judged: that is no F.
UNGRADED = "–"
_WORTH = {Verdict.PASS: 1.0, Verdict.WARN: 0.5, Verdict.FAIL: 0.0}
_NOT_KNOWN = (Verdict.UNKNOWN, Verdict.ERROR)


@dataclass(frozen=True, slots=True)
class _Share:
    """An item with the verdict that counts for it: a worth, not known, or (neither) not applicable."""

    group: str
    item: Item
    verdict: Verdict
    worth: float | None


def score(rubric: Rubric, verdicts: tuple[CheckVerdict, ...], taken_as_passed: frozenset[str] = frozenset()) -> Score:
    """Apply a rubric. Checks in `taken_as_passed` count as passed, whatever their verdict ("what if this were mended?").

    A check that the rubric weighs and the verdicts lack counts as unknown.
    """
    by_check = {one.check: one for one in verdicts if one.check not in taken_as_passed}
    shares = tuple(_share(group.name, item, by_check, taken_as_passed) for group in rubric.group for item in group.item)
    counted = sum(share.item.weight for share in shares if share.worth is not None)
    known = counted + sum(share.item.weight for share in shares if share.verdict in _NOT_KNOWN)
    coverage = counted / known if known else 0.0
    scale = 100 / counted if counted else 0.0
    lines = tuple(_line(share, scale) for share in shares)
    total = sum(line.earned for line in lines)
    bonus = sum(one.points for one in rubric.bonus if _has_code(by_check.get(one.check), one.code))
    caps = tuple(
        Cap(rule.points, rule.check, rule.reason)
        for rule in rubric.cap
        if any(
            finding.verdict in rule.verdicts and (not rule.codes or finding.code in rule.codes)
            for finding in (by_check[rule.check].findings if rule.check in by_check else ())
        )
    )
    points = round(min([100.0, total + bonus, *(cap.points for cap in caps)]), 1)
    passed = taken_as_passed | {one.check for one in by_check.values() if one.verdict is Verdict.PASS}
    unmet = tuple(check for check in rubric.bands.demands if check not in passed and not _is_excused(by_check.get(check)))
    incomplete = coverage < rubric.bands.coverage
    if not counted:
        return Score(rubric.id, 0.0, 0.0, UNGRADED, Band.AMBER, coverage=0.0, incomplete=True, lines=lines, unmet=unmet)
    return Score(
        rubric=rubric.id,
        points=points,
        sum=round(min(100.0, total + bonus), 1),
        grade=next((g.letter for g in rubric.grade if points >= g.points and (not g.needs_any or passed & set(g.needs_any))), "F"),
        band=_band(rubric, points, green=not incomplete and not caps and not unmet),
        coverage=round(coverage, 3),
        incomplete=incomplete,
        caps=caps,
        lines=lines,
        bonus=bonus,
        unmet=unmet,
    )


def _band(rubric: Rubric, points: float, *, green: bool) -> Band:
    if points >= rubric.bands.green and green:
        return Band.GREEN
    return Band.AMBER if points >= rubric.bands.amber else Band.RED


def _is_excused(verdict: CheckVerdict | None) -> bool:
    return verdict is not None and verdict.verdict in (Verdict.NOT_APPLICABLE, Verdict.INFO)


def _has_code(verdict: CheckVerdict | None, code: str) -> bool:
    return verdict is not None and any(finding.code == code for finding in verdict.findings)


def _share(group: str, item: Item, by_check: dict[str, CheckVerdict], taken_as_passed: frozenset[str]) -> _Share:
    verdict = _verdict_of(item, by_check, taken_as_passed)
    return _Share(group, item, verdict, _WORTH.get(verdict))


def _verdict_of(item: Item, by_check: dict[str, CheckVerdict], taken_as_passed: frozenset[str]) -> Verdict:
    found = [
        Verdict.PASS if check in taken_as_passed else by_check[check].verdict if check in by_check else Verdict.UNKNOWN
        for check in item.checks
    ]
    if len(found) == 1:
        return found[0]
    known = [verdict for verdict in found if verdict in _WORTH]
    best = max(known, key=lambda verdict: _WORTH[verdict], default=None)
    if best is Verdict.PASS:
        return best
    unknown = next((verdict for verdict in found if verdict in _NOT_KNOWN), None)
    return unknown or best or found[0]


def _line(share: _Share, scale: float) -> ScoreLine:
    return ScoreLine(
        check=" or ".join(share.item.checks),
        group=share.group,
        verdict=share.verdict.value,
        weight=round(share.item.weight * scale, 2) if share.worth is not None else round(share.item.weight, 2),
        earned=round(share.item.weight * scale * (share.worth or 0.0), 2),
        counted=share.worth is not None,
    )
