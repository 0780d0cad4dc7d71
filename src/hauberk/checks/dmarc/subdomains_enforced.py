"""DMARC protects subdomains as well as the domain.

## What it means

`sp` is the policy for subdomains that exist and have no record of their own, `np` the one for names that do not exist at all.
Without them the policy of the domain (`p`) holds. Both are read from the record of the organisational domain only.

## Why it matters

A forger takes the weakest name. With `p=reject; sp=none` he writes from `billing.example.com`, which looks just as good.

## How to fix

Leave `sp` and `np` out, so that `p` holds for all, or set them to the same:

    _dmarc.example.com. TXT "v=DMARC1; p=reject; sp=reject; np=reject; rua=mailto:dmarc-reports@example.com"
"""

from collections.abc import Iterable

from hauberk.checks.check import Check, Source
from hauberk.checks.dmarc.discovered import discovered, no_policy, not_answered, publish, record_text, reports_to
from hauberk.checks.reading import Reading
from hauberk.model.assessment import Remedy
from hauberk.model.verdict import CheckVerdict, Finding, Verdict
from hauberk.protocols.dmarc import Dmarc, Governing, Policy
from hauberk.protocols.dmarc.record import amended


def judge(reading: Reading) -> Iterable[Finding]:
    found = discovered(reading)
    if found.unanswered or found.unanswered_below:
        yield from not_answered(found.unanswered or found.unanswered_below)
        return
    if found.subdomains.policy is None:
        yield no_policy(found, Verdict.FAIL, "Its subdomains can be forged freely.")
        return
    own = found.own.applied or Policy.NONE
    yield _judge_group(found.subdomains, own, found.domain, "Existing subdomains", "subdomain")
    yield _judge_group(found.nonexistent, own, found.domain, "Subdomains that do not exist", "nonexistent")


def _judge_group(governing: Governing, own: Policy, domain: str, names: str, code: str) -> Finding:
    applied = governing.applied or Policy.NONE
    whose = "" if governing.policy_domain == domain else f" of {governing.policy_domain}"
    said = f"{governing.tag}={governing.policy}{whose}"
    if isinstance(governing.record, Dmarc) and governing.record.testing and governing.policy is not Policy.NONE:
        said += ", lowered by t=y"
    evidence = (record_text(governing.record),) if isinstance(governing.record, Dmarc) else ()
    subject = f"*.{domain}"
    if applied is Policy.NONE:
        verdict = Verdict.FAIL if own is not Policy.NONE else Verdict.WARN
        beside = f", although {domain} itself is protected" if own is not Policy.NONE else ""
        return Finding(subject, verdict, f"{names} can be forged freely ({said}){beside}.", evidence, f"{code}-none")
    if applied.strength < own.strength:
        message = f"{names} are protected less than the domain: {applied} ({said}) against {own}."
        return Finding(subject, Verdict.WARN, message, evidence, f"{code}-weaker")
    return Finding(subject, Verdict.PASS, f"{names} are protected: receivers are asked to {applied} ({said}).", evidence)


def remedy(reading: Reading, verdict: CheckVerdict) -> Iterable[Remedy]:
    found = discovered(reading)
    governing = found.subdomains if found.subdomains.record else found.own
    domain = governing.policy_domain or found.domain
    record = governing.record
    wanted = max((found.own.policy or Policy.NONE, Policy.QUARANTINE), key=lambda policy: policy.strength)
    if isinstance(record, Dmarc) and record.for_domain.strength >= wanted.strength:
        text = amended(record, ("sp", ""), ("np", ""), ("t", ""))
        what = "Let the policy of the domain hold for its subdomains too"
    elif isinstance(record, Dmarc) and domain != found.domain:
        text = amended(record, ("sp", wanted), ("np", wanted), ("t", ""))
        what = f"Ask for the same for subdomains in the record of {domain}"
    else:
        reports = () if isinstance(record, Dmarc) and record.rua else reports_to(reading, domain)
        text = amended(record, ("p", wanted), ("sp", ""), ("np", ""), ("t", ""), *reports)
        what = "Ask receivers to refuse forged mail of the domain and its subdomains"
    yield publish(verdict.check, what, found, domain, text)


CHECK = Check(
    id="dmarc.subdomains-enforced",
    title="DMARC policy covers subdomains",
    sources=(Source("RFC 9989", "4.7"), Source("RFC 9989", "4.10.1")),
    judge=judge,
    remedy=remedy,
)
