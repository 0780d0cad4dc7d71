"""Whether a report says what its evidence shows: the evidence judged again, the pages set again."""

from dataclasses import replace

import msgspec

from hauberk.app.reporting import unsigned_pdf
from hauberk.app.scanning import assess
from hauberk.app.signing import STATEMENT
from hauberk.app.verification import Verification
from hauberk.checks import catalogue
from hauberk.model import json
from hauberk.model.assessment import Assessment
from hauberk.model.observation import Observation
from hauberk.report.compose import compose
from hauberk.report.logo import LOGO, is_logo
from hauberk.report.signature.flaw import Flaw
from hauberk.report.signature.key import fingerprint, grouped
from hauberk.report.signature.statement import ASSESSMENT, EVIDENCE, Claims, Stated, claims, sha256
from hauberk.scoring.rubric import Rubric, load, names
from hauberk.world.tape import TapeError, decode, encode, evidence_id


def report_follows(
    found: Verification, pdf: bytes, stated: Stated, attached: dict[str, bytes], rubrics: tuple[Rubric, ...]
) -> Verification:
    """What is attached to a PDF is what the statement signs and says, the verdicts follow from it, and so do the pages."""
    for name in (EVIDENCE, ASSESSMENT):
        if stated.digest_of(name) != sha256(attached[name]):
            return found.but(Flaw(name, "it is not what was signed: something was changed"))
    try:
        observation = decode(attached[EVIDENCE])
        assessment = json.decode(attached[ASSESSMENT])
    except (TapeError, msgspec.MsgspecError, UnicodeError, RecursionError, OverflowError) as error:
        return found.but(Flaw("the attachments", f"they cannot be read: {error}"))
    if encode(observation) != attached[EVIDENCE]:
        return found.but(Flaw(EVIDENCE, "it is not as Hauberk writes it"))
    flaw = _disagreement(observation, assessment, stated.statement.predicate)
    if flaw:
        return found.but(flaw)
    found = _verdicts(
        found.holds("the evidence is that of the evidence id"), observation, sha256(attached[ASSESSMENT]), assessment, rubrics
    )
    return _pages(found, pdf, stated, attached, observation, assessment) if found.valid else found


def tape_follows(found: Verification, observation: Observation, stated: Stated, rubrics: tuple[Rubric, ...]) -> Verification:
    """A tape is the evidence of its statement, and the assessment that the statement signs follows from it."""
    claimed = stated.statement.predicate
    if (evidence_id(observation), observation.domain, observation.at) != (claimed.evidence, claimed.domain, claimed.observed_at):
        return found.but(Flaw("the evidence", "it is not that of the statement"))
    found = found.holds("the evidence is that of the evidence id")
    return _verdicts(found, observation, stated.digest_of(ASSESSMENT) or "", claimed, rubrics)


def _disagreement(observation: Observation, assessment: Assessment, claimed: Claims) -> Flaw | None:
    if assessment.observation != evidence_id(observation):
        return Flaw("the assessment", f"it is of other evidence ({assessment.observation[:80]})")
    if (assessment.domain, assessment.observed_at) != (observation.domain, observation.at):
        return Flaw("the assessment", "its domain or time is not that of the evidence")
    wanted = msgspec.structs.replace(claims(assessment, claimed.company), certificate=claimed.certificate)
    return None if wanted == claimed else Flaw("the statement", "it says something else than the assessment")


def _verdicts(
    found: Verification, observation: Observation, signed: str, said: Assessment | Claims, rubrics: tuple[Rubric, ...]
) -> Verification:
    """Judge again; `signed` is the SHA-256 of the assessment."""
    if said.catalogue != catalogue.VERSION:
        versions = f"it was judged by the catalogue {said.catalogue[:40]}, and this program has {catalogue.VERSION}"
        return found.noting(f"{versions}: the evidence was not judged again")
    rubric = _rubric(said.rubric, rubrics)
    if rubric is None:
        return found.noting(f"this program has no rubric {said.rubric[:80]!r}: the evidence was not judged again (--rubric FILE gives it)")
    again = assess(observation, rubric)
    if signed in (sha256(_octets(again)), sha256(_octets(replace(again, fix_plan=())))):
        return found.holds("the verdicts and the score follow from the evidence: it was judged again")
    comes_to = f"judged again it comes to {again.score.points:g} of 100, grade {again.score.grade}"
    return found.but(Flaw("the assessment", f"its verdicts or its score do not follow from the evidence; {comes_to}"))


def _rubric(name: str, given: tuple[Rubric, ...]) -> Rubric | None:
    """By its id, those given first: a name that comes out of a file never becomes a path."""
    for rubric in given:
        if rubric.id == name:
            return rubric
    return next((rubric for rubric in map(load, names()) if rubric.id == name), None)


def _pages(
    found: Verification, pdf: bytes, stated: Stated, attached: dict[str, bytes], observation: Observation, assessment: Assessment
) -> Verification:
    key = grouped(fingerprint(stated.certificate))
    content = compose(assessment, observation, stated.statement.predicate.company, key=key)
    if is_logo(logo := attached.get(LOGO, b"")):
        content = replace(content, logo=logo)
    again = unsigned_pdf(content, attached[EVIDENCE], attached[ASSESSMENT], attached[STATEMENT])
    if pdf.startswith(again):
        return found.holds("the pages are what this program writes of the evidence, octet for octet")
    return found.noting(
        "the pages are not, octet for octet, what this program writes of the evidence: another version of it may have set them; "
        "domain, score and verdicts as told here are those of the evidence"
    )


def _octets(assessment: Assessment) -> bytes:
    return json.pretty(assessment).encode()
