"""The zone denies names without needless hashing.

## What it means

A signed zone also signs that a name does not exist: with NSEC, which names the neighbours, or with NSEC3, which gives their hashes. The
NSEC3PARAM record says how often the zone's server hashes on after the first time (the iterations) and with which salt. Iterations are 0.
Without an NSEC3PARAM record there is nothing to judge; a salt is of no use, and no fault.

## Why it matters

Iterations hide nothing from those who guess names, and cost every server and every validator work. RFC 9276 (3.1) therefore demands 0, and
lets validators treat what has more as not signed, or not answer at all (3.2). A limit of 100 for the one and 500 for the other was already
"interoperable without significant problems" when it was written (appendix A). Unbound stops at 150, systemd-resolved at 100, BIND at 50.
Past its limit a validator takes "there is no such record" on trust: who forges that answer can make a TLSA record vanish, and DANE with it.

## How to fix

Sign with NSEC, or with NSEC3 without iterations and salt. In BIND (in the zone's `dnssec-policy`; without the line it is NSEC):

    nsec3param iterations 0 optout no salt-length 0;

In Knot DNS `nsec3-iterations: 0` and `nsec3-salt-length: 0` in the policy, in PowerDNS `pdnsutil set-nsec3 example.com '1 0 0 -'`. The
keys and the DS record stay as they are.
"""

from collections.abc import Iterator

from hauberk.checks.check import Check, Source
from hauberk.checks.endpoints import unanswered
from hauberk.checks.reading import Reading
from hauberk.model.assessment import Remedy
from hauberk.model.dns import DnsAnswer, NoAnswer
from hauberk.model.verdict import CheckVerdict, Finding, Verdict
from hauberk.protocols import dnssec, nsec3
from hauberk.protocols.malformed import Malformed

# RFC 9276, appendix A: beyond the one a zone may be treated as insecure "without significant problems", beyond the other as SERVFAIL.
_INSECURE_BEYOND, _SERVFAIL_BEYOND = 100, 500


def judge(reading: Reading) -> Iterator[Finding]:
    domain = reading.domain
    for one in reading.walked(dnssec.of_domain, domain, reading.options):
        if one.question.type not in ("DNSKEY", "NSEC3PARAM"):
            continue
        if isinstance(one.answer, NoAnswer) or one.answer.rcode not in ("NOERROR", "NXDOMAIN"):
            message = f"The question for {one.question.type} records {unanswered(one.answer)}."
            yield Finding(domain, Verdict.UNKNOWN, message, code=f"{one.question.type.lower()}-unanswered")
        elif one.question.type == "NSEC3PARAM":
            yield from _judge_each(domain, one.answer)


def _judge_each(domain: str, answer: DnsAnswer) -> Iterator[Finding]:
    for record in answer.of("NSEC3PARAM"):
        if record.name == domain:
            verdict, message, code = _judge(nsec3.parse(record.data))
            yield Finding(domain, verdict, message, (f"{domain}. NSEC3PARAM {record.data}",), code)


def _judge(found: nsec3.Nsec3Parameters | Malformed) -> tuple[Verdict, str, str]:
    """Verdict, message and code."""
    if isinstance(found, Malformed):
        return Verdict.WARN, f"The NSEC3PARAM record is broken ({found.reason}): name servers cannot go by it.", "malformed"
    if found.flags or found.algorithm != nsec3.SHA1:
        what = f"has the flags {found.flags}" if found.flags else f"names hash algorithm {found.algorithm}"
        return Verdict.WARN, f"The NSEC3PARAM record {what}, which nobody knows: name servers pass over it.", "ignored"
    hashed = f"The zone hashes names with {found.iterations} iterations"
    if found.iterations > _INSECURE_BEYOND:
        then = ", and with over 500 some give no answer at all" if found.iterations > _SERVFAIL_BEYOND else ""
        message = f"{hashed}: with over 100 many validators treat what it says does not exist as not signed{then}."
        return Verdict.FAIL, message, "beyond-limits"
    if found.iterations:
        return Verdict.WARN, f"{hashed}: it must be 0, and a validator may treat more as not signed.", "iterations"
    salt = f"; its salt of {len(found.salt)} octets is of no use and can go" if found.salt else ""
    return Verdict.PASS, f"The zone uses NSEC3 without iterations{salt}.", ""


def remedy(reading: Reading, verdict: CheckVerdict) -> Iterator[Remedy]:
    settings = (
        "nsec3param iterations 0 optout no salt-length 0;  # BIND, in the zone's dnssec-policy; without the line it is NSEC",
        "nsec3-iterations: 0  # Knot DNS, in the policy",
        "nsec3-salt-length: 0  # Knot DNS, in the policy",
        f"pdnsutil set-nsec3 {reading.domain} '1 0 0 -'  # PowerDNS; unset-nsec3 for NSEC",
    )
    yield Remedy(CHECK.id, "Sign with NSEC, or with NSEC3 without iterations and salt; keys and DS record stay.", settings=settings)


CHECK = Check(
    id="dnssec.nsec3-parameters",
    title="The zone's NSEC3 hashes are not iterated",
    sources=(Source("RFC 9276", "3.1"), Source("RFC 9276", "3.2"), Source("RFC 9276", "appendix A"), Source("RFC 5155", "4")),
    judge=judge,
    remedy=remedy,
)
