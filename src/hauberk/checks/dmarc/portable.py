"""Old and new receivers read the DMARC record alike.

## What it means

RFC 9989 replaced RFC 7489 in May 2026; receivers change over one by one. The old ones know `pct` and want `p` directly behind
`v`, find the organisational domain by the public suffix list, and do not know `np`, `t` and `psd`. The new ones ignore `pct`
and find the organisational domain by walking up the tree of names.

## Why it matters

Where both read differently, the same forged message is refused at one receiver and delivered at the next, and reports do not
add up.

## How to fix

Use only what both understand, in this order:

    _dmarc.example.com. TXT "v=DMARC1; p=reject; rua=mailto:dmarc-reports@example.com"
"""

from collections.abc import Iterable

from hauberk.checks.check import Check, Source
from hauberk.checks.dmarc.discovered import discovered, not_answered, publish, record_text
from hauberk.checks.reading import Reading
from hauberk.model.assessment import Remedy
from hauberk.model.verdict import CheckVerdict, Finding, Verdict
from hauberk.protocols.dmarc import Dmarc, Dmarc7489, DmarcDiscovery, Policy, Psd, render
from hauberk.protocols.dmarc.record import amended
from hauberk.protocols.malformed import Malformed
from hauberk.protocols.names import registrable


def judge(reading: Reading) -> Iterable[Finding]:
    found = discovered(reading)
    record = found.own.record
    if found.unanswered:
        yield from not_answered(found.unanswered)
    elif isinstance(record, Dmarc):
        name = f"_dmarc.{found.own.policy_domain}"
        differences = (*_of_tags(record), *_of_discovery(found, record))
        for verdict, code, message in differences:
            yield Finding(name, verdict, message, (record_text(record),), code)
        if all(verdict is Verdict.INFO for verdict, _, _ in differences):
            yield Finding(
                name, Verdict.PASS, "Receivers that follow RFC 7489 and RFC 9989 come to the same policy.", (record_text(record),)
            )


def _of_tags(record: Dmarc) -> Iterable[tuple[Verdict, str, str]]:
    tags = record.tags
    if pct := tags.first("pct"):
        if pct.value == "100":
            yield Verdict.INFO, "tag-removed", "The tag pct is gone from RFC 9989; pct=100 was the default anyway and can be left out."
        else:
            message = (
                f"pct={pct.value}: old receivers apply the policy to that share of forged mail, new ones ignore pct and apply it to all."
            )
            yield Verdict.WARN, "pct", message
    gone = [tag.name for tag in tags.tags if tag.name.lower() in ("rf", "ri")]
    if gone:
        yield Verdict.INFO, "tag-removed", f"RFC 9989 has removed {' and '.join(gone)}; new receivers ignore it."
    if record.testing and record.for_domain is not Policy.NONE:
        yield (
            Verdict.WARN,
            "test-mode",
            f"t=y: new receivers lower p={record.for_domain} by one level, old ones do not know t and apply it in full.",
        )
    if repeated := tags.repeated():
        yield Verdict.WARN, "tag-twice", f"The tag {repeated.name} occurs twice; receivers differ in which one they take."
    if record.for_nonexistent is not record.for_subdomains:
        message = f"np={record.for_nonexistent}: old receivers do not know np and apply {record.for_subdomains} to names that do not exist."
        yield Verdict.INFO, "np", message
    if any(uri.size for uri in (*record.rua, *record.ruf)):
        yield Verdict.INFO, "size-limit", "A report address carries a size limit (!10m), which RFC 9989 no longer has."


def _of_discovery(found: DmarcDiscovery, record: Dmarc) -> Iterable[tuple[Verdict, str, str]]:
    legacy = found.legacy
    if isinstance(legacy.record, Malformed):
        yield Verdict.WARN, "legacy-invalid", f"Old receivers find no policy: {legacy.record.reason}."
    elif isinstance(legacy.record, Dmarc7489):
        if legacy.record.faults and any("directly behind" in fault.reason for fault in legacy.record.faults):
            yield Verdict.WARN, "tag-order", "Strict old receivers want p directly behind v (RFC 7489, 6.4); new ones take any order."
        old = legacy.policy_for(found.domain)
        if legacy.policy_domain != found.own.policy_domain or old is not found.own.policy:
            message = (
                f"Old receivers apply {old} (from {legacy.policy_domain}), new ones {found.own.policy} (from {found.own.policy_domain})."
            )
            yield Verdict.WARN, "policy-differs", message
    elif not found.unanswered_below:
        message = (
            f"Old receivers find no record: they look at {found.domain} and {legacy.organisational} only, not at {found.own.policy_domain}."
        )
        yield Verdict.WARN, "policy-differs", message
    if found.organisational != legacy.organisational and not found.unanswered_below:
        message = (
            f"The organisational domain, which relaxed alignment compares, is {legacy.organisational} for old receivers"
            f" and {found.organisational} for new ones."
        )
        yield Verdict.WARN, "organisational-domain", message
    if record.psd is Psd.YES and registrable(found.own.policy_domain) is not None:
        message = f"psd=y says that {found.own.policy_domain} is a public suffix, which the list of public suffixes does not know."
        yield Verdict.WARN, "psd", message


def remedy(reading: Reading, verdict: CheckVerdict) -> Iterable[Remedy]:
    found = discovered(reading)
    record = found.own.record
    if isinstance(record, Dmarc) and found.own.policy_domain == found.domain:
        psd = (("psd", ""),) if any(finding.code == "psd" for finding in verdict.findings) else ()
        text = amended(record, ("t", ""), *psd)
        if text != render(record):
            yield publish(verdict.check, "Use only tags that old and new receivers read alike", found, found.domain, text)
    elif isinstance(record, Dmarc):
        text = amended(record, ("p", found.own.policy or Policy.NONE), ("sp", ""), ("np", ""), ("t", ""), ("psd", ""))
        yield publish(verdict.check, f"Give {found.domain} a record of its own", found, found.domain, text)


CHECK = Check(
    id="dmarc.portable",
    title="DMARC is read alike by old and new receivers",
    sources=(Source("RFC 9989", "appendix C"), Source("RFC 7489", "6.3"), Source("RFC 7489", "6.6.3")),
    judge=judge,
    remedy=remedy,
)
