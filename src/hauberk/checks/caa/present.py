"""CAA says who may issue certificates.

## What it means

A CAA record names the certification authorities that may issue certificates for a name and everything below it. Every public authority
has to look before it issues. The check climbs from the domain, and from each mail host, to the closest CAA set and wants an `issue`
property in it. A set without one (only `iodef`, say) restricts nobody.

## Why it matters

Without CAA every one of the hundred public authorities may issue a certificate for your mail servers to whoever passes its weakest test.
With it, an attacker has to fool the one that you chose.

## How to fix

Publish one record for each authority that you use, at the domain itself:

    example.com. CAA 0 issue "letsencrypt.org"
    example.com. CAA 0 iodef "mailto:security@example.com"

`issue ";"` allows nobody. Names of authorities stand in their documentation; a wrong one stops your next renewal. Restrict further with
`accounturi` and `validationmethods` (RFC 8657) if your authority knows them.
"""

from collections.abc import Iterator

from hauberk.checks.caa.authorities import issuer_domains
from hauberk.checks.check import Check, Source
from hauberk.checks.endpoints import takes_mail, unanswered
from hauberk.checks.reading import Reading
from hauberk.model.assessment import Remedy
from hauberk.model.verdict import CheckVerdict, Finding, Verdict
from hauberk.protocols import caa
from hauberk.protocols.caa import KNOWN_TAGS, CaaRecord, RelevantSet
from hauberk.protocols.malformed import Malformed, visible
from hauberk.protocols.names import registrable


def judge(reading: Reading) -> Iterator[Finding]:
    if not takes_mail(reading):
        return
    for relevant in reading.walked(caa.survey, reading.domain, reading.options):
        yield from _judge_set(reading, relevant)


def _own(reading: Reading, name: str) -> bool:
    """Whether the domain's owner can publish CAA there; a provider's name is the provider's to guard."""
    return registrable(name) is not None and registrable(name) == registrable(reading.domain)


def _judge_set(reading: Reading, relevant: RelevantSet) -> Iterator[Finding]:
    advice = Verdict.WARN if _own(reading, relevant.name) else Verdict.INFO
    if relevant.unanswered is not None:
        yield Finding(relevant.name, Verdict.UNKNOWN, f"The question for CAA at {relevant.asked_last} {unanswered(relevant.unanswered)}.")
        return
    if not relevant.found_at:
        message = "There is no CAA record here or above: any public authority may issue certificates for this name."
        yield Finding(relevant.name, advice, message, code="caa-missing")
        return
    shown = tuple(visible(one.text if isinstance(one, Malformed) else caa.render(one)) for one in relevant.records)
    issuers = tuple(one for one in relevant.records if isinstance(one, CaaRecord) and one.tag == "issue")
    if not issuers:
        message = f"The CAA set at {relevant.found_at} has no issue property, and so restricts nobody."
        yield Finding(relevant.name, advice, message, shown, "caa-missing")
    else:
        yield from _judge_issuers(relevant, issuers, advice, shown)
    for one in relevant.records:
        if isinstance(one, CaaRecord) and one.critical and one.tag not in KNOWN_TAGS:
            message = f"The critical property {one.tag} is not known to authorities, and none of them may issue (RFC 8659, 4.1)."
            yield Finding(relevant.name, advice, message, (visible(caa.render(one)),), "caa-unknown-critical")


def _judge_issuers(relevant: RelevantSet, issuers: tuple[CaaRecord, ...], advice: Verdict, shown: tuple[str, ...]) -> Iterator[Finding]:
    parsed = tuple((one, caa.parse_issuer(one.value)) for one in issuers)
    for one, issuer in parsed:
        if isinstance(issuer, Malformed):
            message = f"The issue property is malformed and allows nobody: {issuer.reason}."
            yield Finding(relevant.name, advice, message, (visible(caa.render(one)), issuer.marked()), "caa-invalid")
    allowed = tuple(dict.fromkeys(issuer.domain for _, issuer in parsed if not isinstance(issuer, Malformed) and issuer.domain))
    if any(not isinstance(issuer, Malformed) for _, issuer in parsed):
        who = ", ".join(allowed) if allowed else "nobody"
        yield Finding(relevant.name, Verdict.PASS, f"Certificates may be issued by {who} (CAA at {relevant.found_at}).", shown)


def remedy(reading: Reading, verdict: CheckVerdict) -> Iterator[Remedy]:
    """One sound set at each place that lacks one, for the authorities whose certificates are in use; what is sound there stays."""
    lacking = {finding.subject for finding in verdict.findings if finding.verdict is Verdict.WARN}
    places = {_place(reading, one): one for one in reading.walked(caa.survey, reading.domain, reading.options) if one.name in lacking}
    in_use = issuer_domains(reading)
    fresh = tuple(CaaRecord(0, "issue", issuer) for issuer in in_use or ("letsencrypt.org",))
    records: list[str] = []
    for place, relevant in places.items():
        kept = tuple(one for one in relevant.records if _sound(one)) if place == relevant.found_at else ()
        added = () if any(one.tag == "issue" for one in kept if isinstance(one, CaaRecord)) else fresh
        records += [f"{place}. CAA {caa.render(one)}" for one in (*kept, *added) if isinstance(one, CaaRecord)]
    what = "Say who may issue certificates."
    if not in_use and any("letsencrypt.org" in record for record in records):
        what += " Put the name of your authority in place of letsencrypt.org."
    if records:
        yield Remedy("caa.present", what, tuple(records), tuple(f"{place}. CAA" for place, one in places.items() if place == one.found_at))


def _place(reading: Reading, relevant: RelevantSet) -> str:
    """Where the set belongs: where one is already, else at the registrable domain, which covers all hosts below."""
    if relevant.found_at and _own(reading, relevant.found_at):
        return relevant.found_at
    return registrable(relevant.name) or relevant.name


def _sound(record: CaaRecord | Malformed) -> bool:
    if isinstance(record, Malformed) or (record.critical and record.tag not in KNOWN_TAGS):
        return False
    return record.tag != "issue" or not isinstance(caa.parse_issuer(record.value), Malformed)


CHECK = Check(
    id="caa.present",
    title="CAA says who may issue certificates",
    sources=(Source("RFC 8659", "3"), Source("RFC 8659", "4.2")),
    judge=judge,
    remedy=remedy,
)
