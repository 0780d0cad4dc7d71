"""What two scans of one domain have changed between them: result, verdicts, and the answers that the DNS gave."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from hauberk.model.assessment import Assessment
from hauberk.model.dns import DnsAnswer
from hauberk.model.observation import Observation
from hauberk.model.verdict import SEVERITY, CheckVerdict, Finding, Verdict
from hauberk.protocols.names import to_unicode
from hauberk.report.content import Mark
from hauberk.report.text import shortened
from hauberk.report.wording import MARKS, area_name, scored
from hauberk.web.views.words import result_mark, signed

_LONGEST = 320
_MOST_RECORDS = 200
_ABSENT = Mark("none", "Not judged")
_RANK = {verdict: rank for rank, verdict in enumerate(SEVERITY)}
# What comes and goes with the moment and not with what somebody configured.
_PASSING = ("SOA",)


@dataclass(frozen=True, slots=True)
class Side:
    observed_at: datetime
    mark: Mark
    points: str
    grade: str
    rubric: str
    catalogue: str


@dataclass(frozen=True, slots=True)
class Said:
    """A finding of a check, with its subject where it has one."""

    subject: str
    message: str


@dataclass(frozen=True, slots=True)
class CheckChange:
    """`gone` is what was found before and is not found now, `new` the other way round; `direction` is better, worse or other."""

    check: str
    title: str
    area: str
    was: Mark
    now: Mark
    direction: str
    gone: tuple[Said, ...]
    new: tuple[Said, ...]


@dataclass(frozen=True, slots=True)
class RecordChange:
    """One set of records: `question` is its name and type."""

    question: str
    gone: tuple[str, ...]
    new: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """`comparable` is false where another rubric or catalogue judged: then a change need not be the domain's."""

    before: Side
    after: Side
    change: str
    direction: str
    comparable: bool
    worse: tuple[CheckChange, ...]
    better: tuple[CheckChange, ...]
    other: tuple[CheckChange, ...]
    records: tuple[RecordChange, ...]
    unchanged: int

    @property
    def same(self) -> bool:
        return not (self.worse or self.better or self.other or self.records)


def difference(before: tuple[Assessment, Observation], after: tuple[Assessment, Observation], titles: dict[str, str]) -> Difference:
    """`titles` names the checks by id."""
    (old, old_tape), (new, new_tape) = before, after
    was, now = ({one.check: one for one in each.verdicts} for each in (old, new))
    changes = [change for check in dict.fromkeys((*was, *now)) if (change := _change(check, was.get(check), now.get(check), titles))]
    gained = round(new.score.points - old.score.points, 1)
    return Difference(
        before=_side(old),
        after=_side(new),
        change=signed(gained),
        direction="up" if gained > 0 else "down" if gained < 0 else "same",
        comparable=(old.rubric, old.catalogue) == (new.rubric, new.catalogue),
        worse=tuple(one for one in changes if one.direction == "worse"),
        better=tuple(one for one in changes if one.direction == "better"),
        other=tuple(one for one in changes if one.direction == "other"),
        records=tuple(_records(old_tape, new_tape)),
        unchanged=len(set(was) | set(now)) - len(changes),
    )


def _side(of: Assessment) -> Side:
    mark = result_mark(of.score.band.value, incomplete=of.score.incomplete)
    return Side(of.observed_at, mark, scored(of.score.points, of.score.coverage), of.score.grade, of.rubric, of.catalogue)


def _change(check: str, was: CheckVerdict | None, now: CheckVerdict | None, titles: dict[str, str]) -> CheckChange | None:
    old, new = (set(_failings(one)) for one in (was, now))
    if was and now and was.verdict is now.verdict and old == new:
        return None
    return CheckChange(
        check,
        titles.get(check, check),
        area_name(check.partition(".")[0]),
        MARKS[was.verdict] if was else _ABSENT,
        MARKS[now.verdict] if now else _ABSENT,
        _direction(was, now),
        tuple(one for one in _said(was) if one not in _said(now)),
        tuple(one for one in _said(now) if one not in _said(was)),
    )


def _direction(was: CheckVerdict | None, now: CheckVerdict | None) -> str:
    """Better and worse are told of what was judged both times; a change to or from unknown is neither."""
    judged = (Verdict.PASS, Verdict.WARN, Verdict.FAIL)
    if was is None or now is None or was.verdict not in judged or now.verdict not in judged or was.verdict is now.verdict:
        return "other"
    return "worse" if _RANK[now.verdict] < _RANK[was.verdict] else "better"


def _failings(verdict: CheckVerdict | None) -> Iterable[tuple[str, Verdict, str]]:
    """What counts as a change of findings: those that somebody has to mend, not the wording of what is well."""
    for finding in verdict.findings if verdict else ():
        if finding.verdict in (Verdict.FAIL, Verdict.WARN):
            yield finding.subject, finding.verdict, finding.code or finding.message


def _said(verdict: CheckVerdict | None) -> tuple[Said, ...]:
    findings: tuple[Finding, ...] = verdict.findings if verdict else ()
    return tuple(dict.fromkeys(Said(to_unicode(one.subject), shortened(one.message, _LONGEST)) for one in findings))[:20]


def _records(before: Observation, after: Observation) -> Iterable[RecordChange]:
    """Of the questions that were answered both times, those whose records differ."""
    old, new = _answers(before), _answers(after)
    told = 0
    for question in sorted(set(old) & set(new)):
        if old[question] != new[question] and told < _MOST_RECORDS:
            told += 1
            name, kind = question
            gone, come = sorted(old[question] - new[question]), sorted(new[question] - old[question])
            yield RecordChange(f"{to_unicode(name)} {kind}", tuple(gone), tuple(come))


def _answers(observation: Observation) -> dict[tuple[str, str], frozenset[str]]:
    """The records of each question by name and type; a question that was not answered is left out."""
    found: dict[tuple[str, str], frozenset[str]] = {}
    for exchange in observation.dns:
        answer = exchange.answer
        asked = exchange.question
        by_the_resolver = not asked.server and not asked.checking_disabled
        if isinstance(answer, DnsAnswer) and by_the_resolver and asked.type not in _PASSING:
            records = frozenset(shortened(record.data, _LONGEST) for record in answer.of(asked.type))
            found[(asked.name, asked.type)] = records
    return found
