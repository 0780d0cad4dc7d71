"""DMARC asks receivers to refuse or quarantine forged mail.

## What it means

The tag `p` says what a receiver is asked to do with mail that names the domain but fails DMARC: `none`, `quarantine` or
`reject`. A domain without a record of its own takes the policy for subdomains (`sp`, or `np` if it does not exist) of its
organisational domain. `t=y` marks a test and lowers what is asked by one level.

## Why it matters

`p=none` only watches. A message that claims to come from the managing director is then delivered like any other.

## How to fix

Read the reports until every legitimate sender passes, then ask for more, first `quarantine`, then `reject`:

    _dmarc.example.com. TXT "v=DMARC1; p=reject; rua=mailto:dmarc-reports@example.com"
"""

from collections.abc import Iterable

from hauberk.checks.check import Check, Source
from hauberk.checks.dmarc.discovered import discovered, no_policy, not_answered, own_record, publish, record_text, reports_to
from hauberk.checks.endpoints import takes_mail
from hauberk.checks.reading import Reading
from hauberk.model.assessment import Remedy
from hauberk.model.verdict import CheckVerdict, Finding, Verdict
from hauberk.protocols.dmarc import Dmarc, DmarcDiscovery, Governing, Policy
from hauberk.protocols.dmarc.record import amended


def judge(reading: Reading) -> Iterable[Finding]:
    found = discovered(reading)
    if found.unanswered:
        yield from not_answered(found.unanswered)
    elif isinstance(found.own.record, Dmarc):
        yield from _judge_policy(found.own, found.own.record)
    else:
        yield no_policy(found, Verdict.FAIL, "No receiver is asked to refuse forged mail.")


def _judge_policy(own: Governing, record: Dmarc) -> Iterable[Finding]:
    name = f"_dmarc.{own.policy_domain}"
    evidence = (record_text(record),)
    said = f"{own.tag}={own.policy}"
    if record.policy_fault:
        message = f"The policy cannot be read ({record.policy_fault.reason}), so receivers act as if it were none."
        yield Finding(name, Verdict.WARN, message, (record.policy_fault.marked(),), "policy-none")
    elif own.policy is Policy.NONE:
        message = f"The policy is none ({'by default, there is no p' if not record.p else said}): forged mail is delivered like any other."
        yield Finding(name, Verdict.WARN, message, evidence, "policy-none")
    elif own.applied is Policy.NONE:
        message = f"The policy {said} is only being tested: t=y lowers it to none."
        yield Finding(name, Verdict.WARN, message, evidence, "policy-test")
    else:
        yield Finding(name, Verdict.PASS, f"Receivers are asked to {own.applied} forged mail ({said}).", evidence)
        if record.testing:
            yield Finding(name, Verdict.INFO, f"t=y lowers {said} by one level, to {own.applied}.", evidence, "policy-test")


def remedy(reading: Reading, verdict: CheckVerdict) -> Iterable[Remedy]:
    found = discovered(reading)
    record = own_record(found)
    reports = () if isinstance(record, Dmarc) and record.rua else reports_to(reading, found.domain)
    sp = (("sp", ""),) if isinstance(record, Dmarc) and record.for_subdomains is Policy.NONE else ()
    text = amended(record, ("p", "reject"), ("t", ""), *sp, *reports)
    yield publish(verdict.check, _what(reading, found), found, found.domain, text)


def _what(reading: Reading, found: DmarcDiscovery) -> str:
    if not takes_mail(reading):
        return "Ask receivers to reject mail in the name of this domain, which receives none (if it sends any, begin with p=none)"
    if isinstance(found.own.record, Dmarc):
        return "Ask receivers to reject forged mail, once the reports show that your own senders pass (quarantine is the step between)"
    return (
        "Publish a DMARC record: with p=none at first, to get reports at an address that exists; as it stands here, with p=reject, "
        "once they show that your own senders pass"
    )


CHECK = Check(
    id="dmarc.policy-enforced",
    title="DMARC policy is enforced",
    sources=(Source("RFC 9989", "4.7"), Source("RFC 9989", "4.10.1")),
    judge=judge,
    remedy=remedy,
)
