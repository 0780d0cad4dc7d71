"""Assessments as one OSCAL 1.1.2 assessment-results document (NIST): a result a domain.

Each finding of a check is an *observation* (method TEST) of the host, endpoint or record it is about, with the evidence quoted and an
expiry of 90 days. A check that could be judged is a *finding* about the objective of its id: satisfied, or not. One that is not is a *risk*
too, with the fix plan's steps as recommended responses. What is unknown, informs or does not apply has observations and no finding:
unknown is never held against a domain. Identifiers are derived from the evidence id, so that equal evidence gives an equal document.
"""

from collections.abc import Iterable
from datetime import timedelta

import msgspec

from hauberk import __version__
from hauberk.checks.catalogue import entries
from hauberk.model.assessment import Assessment, FixStep
from hauberk.model.verdict import CheckVerdict, Verdict
from hauberk.model.verdict import Finding as Said
from hauberk.protocols.malformed import visible
from hauberk.report.exports import oscal_parts as oscal
from hauberk.report.exports.oscal_parts import identifier, line, moment, prop, token
from hauberk.report.filename import tape_name
from hauberk.report.wording import percent

FRESH = timedelta(days=90)
_METHOD = identifier("method", "hauberk")
_STATES = {Verdict.PASS: ("satisfied", "pass"), Verdict.WARN: ("not-satisfied", "other"), Verdict.FAIL: ("not-satisfied", "fail")}
_ADVICE = "This is advice: no requirement of a standard is broken."


def assessment_results(assessments: Iterable[Assessment], company: str = "") -> str:
    """The document, indented. OSCAL wants at least one result; `ValueError` without any."""
    done = tuple({(one.observation, one.catalogue, one.rubric): one for one in assessments}.values())
    if not done:
        raise ValueError("an assessment-results document needs at least one result")
    titles = {entry.check.id: entry.check.title for entry in entries()}
    party = oscal.Party(identifier("party", company), "organization", line(company))
    document = oscal.Document(
        oscal.AssessmentResults(
            uuid=identifier("document", company, *(f"{one.observation} {one.catalogue} {one.rubric}" for one in done)),
            metadata=oscal.Metadata(
                title=line(f"Mail server assessment of {company or ', '.join(one.domain for one in done[:3])}"),
                last_modified=moment(max(one.observed_at for one in done)),
                version=__version__,
                oscal_version=oscal.VERSION,
                roles=(oscal.Role("assessed-organisation", "The organisation whose domains were assessed"),) if company else (),
                parties=(party,) if company else (),
                responsible_parties=(oscal.ResponsibleParty("assessed-organisation", (party.uuid,)),) if company else (),
            ),
            import_ap=oscal.Href(
                f"#{_METHOD}", "There is no separate plan: the method is the catalogue of checks, the same for every domain."
            ),
            results=tuple(_Domain(one, titles).result() for one in done),
            back_matter=oscal.BackMatter((_method(), *{tape.uuid: tape for tape in map(_tape, done)}.values())),
        )
    )
    return msgspec.json.format(msgspec.json.encode(document), indent=2).decode() + "\n"


def _method() -> oscal.Resource:
    return oscal.Resource(
        _METHOD,
        "Hauberk's catalogue of checks",
        "Hauberk asks the DNS and the mail servers of a domain from outside, records every answer, and judges the record by the checks of "
        "its catalogue. An objective's id in this document is the id of a check; `hauberk explain ID` prints its page.",
    )


def _tape(assessment: Assessment) -> oscal.Resource:
    algorithm, _, digest = assessment.observation.partition(":")
    href = tape_name(assessment.domain, assessment.observed_at.date())
    return oscal.Resource(
        uuid=_tape_id(assessment),
        title=line(f"Tape of {assessment.domain}"),
        description="Every question that was asked and its raw answer, canonical JSON (RFC 8785).",
        rlinks=(oscal.ResourceLink(href, "application/json", (oscal.Hash("SHA-256", line(digest)),) if algorithm == "sha256" else ()),),
    )


def _tape_id(assessment: Assessment) -> oscal.UUID:
    return identifier("tape", assessment.observation)


class _Domain:
    """One result; identifiers are made of the tape, the rubric and the catalogue with what they name."""

    def __init__(self, assessment: Assessment, titles: dict[str, str]) -> None:
        self._assessment = assessment
        self._titles = titles
        self._tool = self._id("tool")
        self._origins = (oscal.Origin((oscal.Actor("tool", self._tool),)),)
        self._steps: dict[str, list[FixStep]] = {}
        for step in assessment.fix_plan:
            self._steps.setdefault(step.remedy.check, []).append(step)

    def result(self) -> oscal.Result:
        one, score = self._assessment, self._assessment.score
        judged = [verdict for verdict in one.verdicts if verdict.verdict in _STATES]
        return oscal.Result(
            uuid=self._id("result"),
            title=line(f"{one.domain} on {one.observed_at:%Y-%m-%d}"),
            description=visible(_came_to(one)),
            start=moment(one.observed_at),
            props=(
                *((prop("points", f"{score.points:g}"),) if score.coverage else ()),
                *(prop("grade", score.grade), prop("band", score.standing)),
                *(prop("coverage", f"{score.coverage:.3f}"), prop("incomplete", str(score.incomplete).lower())),
                *(prop("rubric", one.rubric), prop("catalogue", one.catalogue), prop("evidence", one.observation)),
            ),
            local_definitions=self._definitions(),
            reviewed_controls=self._reviewed(),
            observations=tuple(self._observation(verdict, n) for verdict in one.verdicts for n in range(len(verdict.findings))),
            risks=tuple(self._risk(verdict) for verdict in judged if verdict.verdict is not Verdict.PASS),
            findings=tuple(self._finding(verdict) for verdict in judged),
        )

    def _id(self, *names: str) -> oscal.UUID:
        one = self._assessment
        return identifier(one.observation, one.catalogue, one.rubric, *names)

    def _definitions(self) -> oscal.LocalDefinitions:
        tool = oscal.Component(
            uuid=self._tool,
            type="software",
            title="Hauberk",
            description="Scans and judges mail servers from outside.",
            status=oscal.State("operational"),
            props=(prop("version", __version__),),
        )
        subjects = dict.fromkeys((self._assessment.domain, *(one.subject for v in self._assessment.verdicts for one in v.findings)))
        return oscal.LocalDefinitions((tool,), tuple(oscal.InventoryItem(self._id("subject", one), line(one)) for one in subjects))

    def _reviewed(self) -> oscal.ReviewedControls:
        checks = tuple(oscal.Objective(token(verdict.check)) for verdict in self._assessment.verdicts)
        everything = oscal.ControlSelection("All checks of the catalogue.", oscal.IncludeAll())
        objectives = (oscal.ObjectiveSelection("One objective a check.", checks),) if checks else ()
        return oscal.ReviewedControls((everything,), objectives)

    def _title(self, verdict: CheckVerdict) -> str:
        return line(self._titles.get(verdict.check, verdict.check))

    def _observation(self, verdict: CheckVerdict, number: int) -> oscal.Observation:
        said = verdict.findings[number]
        code = (prop("code", said.code),) if said.code else ()
        return oscal.Observation(
            uuid=self._observation_id(verdict, number),
            title=self._title(verdict),
            description=line(said.message),
            methods=("TEST",),
            collected=moment(self._assessment.observed_at),
            expires=moment(self._assessment.observed_at + FRESH),
            props=(prop("check", verdict.check), prop("verdict", said.verdict.value), *code),
            origins=self._origins,
            subjects=(oscal.Subject(self._id("subject", said.subject), "inventory-item", line(said.subject)),),
            relevant_evidence=self._evidence(said),
        )

    def _observation_id(self, verdict: CheckVerdict, number: int) -> oscal.UUID:
        return self._id("observation", verdict.check, str(number))

    def _evidence(self, said: Said) -> tuple[oscal.Evidence, ...]:
        href = f"#{_tape_id(self._assessment)}"
        return tuple(oscal.Evidence(line(quote), href) for quote in said.evidence) or (oscal.Evidence("The tape of this scan.", href),)

    def _related(self, verdict: CheckVerdict) -> tuple[oscal.RelatedObservation, ...]:
        return tuple(oscal.RelatedObservation(self._observation_id(verdict, n)) for n in range(len(verdict.findings)))

    def _finding(self, verdict: CheckVerdict) -> oscal.Finding:
        state, reason = _STATES[verdict.verdict]
        advice = _ADVICE if verdict.verdict is Verdict.WARN else ""
        return oscal.Finding(
            uuid=self._id("finding", verdict.check),
            title=self._title(verdict),
            description=_worst_messages(verdict),
            target=oscal.Target("objective-id", token(verdict.check), oscal.Status(state, reason, advice), self._title(verdict)),
            origins=self._origins,
            related_observations=self._related(verdict),
            related_risks=(oscal.RelatedRisk(self._id("risk", verdict.check)),) if verdict.verdict is not Verdict.PASS else (),
        )

    def _risk(self, verdict: CheckVerdict) -> oscal.Risk:
        return oscal.Risk(
            uuid=self._id("risk", verdict.check),
            title=line(f"Not so: {self._title(verdict)}"),
            description=_worst_messages(verdict),
            statement=line(
                f"The check {verdict.check} came to {verdict.verdict.value}; `hauberk explain {verdict.check}` says why it matters."
            ),
            status="open",
            props=(prop("verdict", verdict.verdict.value),),
            origins=self._origins,
            remediations=tuple(self._response(step, number) for number, step in enumerate(self._steps.get(verdict.check, ()))),
            related_observations=self._related(verdict),
        )

    def _response(self, step: FixStep, number: int) -> oscal.Response:
        lines = (
            *(f"remove {record}" for record in step.remove),
            *(f"publish {record}" for record in step.publish),
            *(f"set {setting}" for setting in step.remedy.settings),
        )
        return oscal.Response(
            uuid=self._id("response", step.remedy.check, str(number)),
            lifecycle="recommendation",
            title=line(step.remedy.what),
            description="\n".join((line(step.remedy.what), *(f"    {visible(one)}" for one in lines))),
            props=(prop("gain", f"{step.gain:g}"), prop("gain-is", "assumed" if step.assumed else "computed")),
        )


def _worst_messages(verdict: CheckVerdict) -> str:
    said = dict.fromkeys(visible(f"{one.subject}: {one.message}") for one in verdict.findings if one.verdict is verdict.verdict)
    return "\n".join(said) or verdict.verdict.value


def _came_to(assessment: Assessment) -> str:
    score = assessment.score
    if not score.coverage:
        return f"Nothing of {assessment.domain} could be judged by the rubric {assessment.rubric}."
    result = f"{assessment.domain} came to {score.points:g} of 100 points, grade {score.grade}, {score.standing}"
    return f"{result}, by the rubric {assessment.rubric}; {percent(score.coverage)} of it could be judged."
