"""From an assessment and its tape to what the report says. Pure: no clock, no I/O."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta

from hauberk.checks.existence import is_missing
from hauberk.checks.reading import Reading
from hauberk.model.assessment import Assessment, FixStep
from hauberk.model.observation import Observation
from hauberk.model.score import Band, Score
from hauberk.protocols.names import to_unicode
from hauberk.report.appendix import CheckInfo, areas, known_checks
from hauberk.report.content import Fix, GroupShare, Header, ReportContent, ScorePart
from hauberk.report.method import STATEMENT, method, untested
from hauberk.report.servers import servers
from hauberk.report.summary import flags, lines
from hauberk.report.text import clipped
from hauberk.report.tls import details
from hauberk.report.wording import BANDS, INCOMPLETE, MARKS, counted, day, minute, percent, points, scored, whole_percent

FRESH = timedelta(days=90)
LONGEST_COMPANY = 160
MOST_FIXES = 20
_ONE_LINE = 85  # characters of a record that stand on one line of the page


def compose(
    assessment: Assessment,
    observation: Observation,
    company: str,
    checks: Iterable[CheckInfo] | None = None,
    *,
    key: str = "",
    attached: bool = True,
) -> ReportContent:
    """`company` as the operator wrote it, empty for none; `checks` names the checks, by default those of this installation.

    `key` is the fingerprint, as people read it, of the key that will sign the report. Where the assessment is not `attached` to what is
    made of this, the fix plan is whole.
    """
    domain = to_unicode(assessment.domain)
    named = {check.id: check for check in (known_checks() if checks is None else checks)}
    reading = Reading(observation)
    found_flags, flags_note = flags(assessment)
    found_servers = servers(reading, assessment.verdicts, assessment.endpoints)
    fixes = tuple(_fix(step, named) for step in assessment.fix_plan[: MOST_FIXES if attached else None])
    content = ReportContent(
        header=_header(assessment, observation, company.strip() or domain, domain, key),
        score=_score(assessment.score),
        flags=found_flags,
        flags_note=flags_note,
        lines=lines(assessment, clipped(domain, 64)),
        fixes=fixes,
        fixes_note=_fixes_note(assessment, attached=attached),
        endpoints=found_servers.rows,
        endpoints_note=found_servers.note,
        certificates=found_servers.certificates,
        method=method(assessment, observation),
        untested=untested(assessment, observation),
        statement=STATEMENT,
        areas=areas(assessment.verdicts, named, assessment.domain),
        tls=details(assessment.endpoints),
    )
    return _of_nothing(content) if is_missing(reading) else content


def _of_nothing(content: ReportContent) -> ReportContent:
    """What is left to say where there is no such domain."""
    headline = f"{content.header.domain} does not exist (NXDOMAIN): is its name spelt right, and is it still paid for?"
    score = replace(content.score, headline=headline, account=(), groups=())
    return replace(content, exists=False, score=score, flags_note="", lines=(), fixes_note="", untested=(), areas=())


def _header(assessment: Assessment, observation: Observation, company: str, domain: str, key: str) -> Header:
    shown = clipped(company, LONGEST_COMPANY)
    at = observation.at
    return Header(
        title=f"Mail server report: {clipped(company, 80)}, {day(at)}",
        description=f"Scan of the mail of {clipped(assessment.domain, 80)} at {minute(at)}, evidence {assessment.observation}",
        footer=f"{clipped(company, 40)} · {clipped(domain, 40)} · {minute(at)}",
        company=shown,
        length=len(shown),
        domain=domain,
        a_label=assessment.domain if assessment.domain != domain else "",
        scanned_at=minute(at),
        fresh_until=day(at + FRESH),
        evidence_id=assessment.observation,
        program=observation.vantage.program,
        seconds=int(at.timestamp()),
        key=key,
    )


def _score(score: Score) -> ScorePart:
    return ScorePart(
        points=score.points,
        shown=scored(score.points, score.coverage),
        grade=score.grade,
        mark=BANDS[score.band] if score.standing == score.band else INCOMPLETE,
        headline=_headline(score),
        rubric=score.rubric,
        coverage=percent(score.coverage),
        account=tuple(_account(score)),
        groups=_groups(score),
    )


def _headline(score: Score) -> str:
    partly = f"The result is incomplete: only {percent(score.coverage)} of the points could be judged."
    match score.band:
        case Band.RED:
            said = "Mail for this domain is at risk: mend the red flags first."
            return f"{said} {partly}" if score.incomplete else said
        case Band.AMBER:
            return partly if score.incomplete else "Mail for this domain is protected in part: see what to mend."
        case Band.GREEN:
            return partly if score.incomplete else "Mail for this domain is well protected."


def _account(score: Score) -> Iterable[str]:
    yield f"By the rubric {score.rubric} the checks sum up to {points(score.sum)} of 100 points."
    reasons: dict[float, list[str]] = {}
    for cap in sorted(score.caps, key=lambda cap: cap.points):
        reasons.setdefault(cap.points, []).append(f"{cap.reason} ({cap.check})")
    for ceiling, named in reasons.items():
        yield f"At most {points(ceiling)} because of: {'; '.join(dict.fromkeys(named))}."
    if score.bonus:
        yield f"A bonus of {points(score.bonus)} is included."
    if score.unmet:
        yield f"Demanded by this rubric and not passed: {', '.join(score.unmet)}."
    if score.coverage < 1:
        yield f"{100 - whole_percent(score.coverage)} % of the points could not be judged; what is unknown is not held against the domain."


def _groups(score: Score) -> tuple[GroupShare, ...]:
    weights: dict[str, float] = {}
    earned: dict[str, float] = {}
    for line in score.lines:
        if line.counted:
            weights[line.group] = weights.get(line.group, 0) + line.weight
            earned[line.group] = earned.get(line.group, 0) + line.earned
    return tuple(
        GroupShare(name[:1].upper() + name[1:], points(earned[name]), points(weight), earned[name] / weight if weight else 0)
        for name, weight in weights.items()
    )


def _fix(step: FixStep, named: dict[str, CheckInfo]) -> Fix:
    remedy = step.remedy
    title = named[remedy.check].title if remedy.check in named else remedy.check
    shown = points(abs(step.gain))
    gain = f"{'+' if step.gain > 0 else '−'}{shown} {'point' if shown == '1' else 'points'}" if shown != "0" else "no points"
    return Fix(
        what=remedy.what,
        title=f"{title} ({remedy.check})",
        mark=MARKS[step.verdict],
        gain=gain,
        after=f"then {points(step.points_after)}, grade {step.grade_after}{' (assumed)' if step.assumed else ''}",
        publish=step.publish,
        remove=step.remove,
        settings=remedy.settings,
    )


def _fixes_note(assessment: Assessment, *, attached: bool) -> str:
    if not assessment.fix_plan:
        return "Nothing of what could be judged has to be mended." if assessment.score.incomplete else "Nothing has to be mended."
    note = "In this order. “+” is what a step brings by itself, “then” the score when it and all before it are done"
    if any(step.assumed for step in assessment.fix_plan):
        note += "; “assumed” where that was not computed from records but taken for granted, as for a setting of the server"
    if attached and any(len(line) > _ONE_LINE for step in assessment.fix_plan for line in (*step.publish, *step.remove)):
        note += ". A record is one line however long it is; the attached assessment has it in one piece"
    left_out = len(assessment.fix_plan) - MOST_FIXES if attached else 0
    return note + (f". {counted(left_out, 'further step')} in the attached assessment." if left_out > 0 else ".")
