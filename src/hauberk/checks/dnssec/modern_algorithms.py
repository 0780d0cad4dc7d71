"""The zone is signed in a way that every validator takes.

## What it means

The DS record in the zone above names the algorithm of the zone's key and of its own digest. At least one DS record has an algorithm and a
digest that are still in use: not RSA with SHA-1, MD5, DSA or GOST, and a digest of SHA-256 or SHA-384.

## Why it matters

SHA-1 must not be used for signatures any more, and systems that switch it off altogether (Red Hat Enterprise Linux 9 was the first) treat
such a zone as not signed, or as broken. The domain looks signed from one place and is not from the next, and DANE goes with it.

## How to fix

Roll the zone over to ECDSA P-256 (algorithm 13) as the DNS server or provider has it in its guide: first the new keys, then the new DS
record, and only when the old DS record is gone from all caches the old keys. Where only the digest is old, the registrar replaces the DS:

    example.com. DS 12345 13 2 <sha256 of the key>
"""

from collections.abc import Iterator

from hauberk.checks.check import Check, Source
from hauberk.checks.endpoints import unanswered
from hauberk.checks.reading import Reading
from hauberk.model.assessment import Remedy
from hauberk.model.dns import NoAnswer, Record
from hauberk.model.verdict import CheckVerdict, Finding, Verdict
from hauberk.protocols import dnskey, dnssec
from hauberk.protocols.dnskey import DnsKey

# RFC 9904: what may still be used to sign; of digests (IANA, DS RR type digest algorithms) SHA-256 and SHA-384.
_ALGORITHMS = {8: "RSASHA256", 10: "RSASHA512", 13: "ECDSAP256SHA256", 14: "ECDSAP384SHA384", 15: "ED25519", 16: "ED448"}
_DIGESTS = (2, 4)
_OLD = {1: "RSAMD5", 3: "DSA", 5: "RSASHA1", 6: "DSA-NSEC3-SHA1", 7: "RSASHA1-NSEC3-SHA1", 12: "ECC-GOST"}


def judge(reading: Reading) -> Iterator[Finding]:
    domain = reading.domain
    (answer,) = (one.answer for one in reading.walked(dnssec.of_domain, domain, reading.options) if one.question.type == "DS")
    if isinstance(answer, NoAnswer) or answer.rcode not in ("NOERROR", "NXDOMAIN"):
        yield Finding(domain, Verdict.UNKNOWN, f"The question for the DS record {unanswered(answer)}.", code="ds-unanswered")
        return
    records = tuple(record for record in answer.of("DS") if record.name == domain)
    if not records:
        return
    evidence = tuple(f"{domain}. DS {record.data}" for record in records)
    made = tuple(map(_made_with, records))
    current = [_ALGORITHMS[algorithm] for algorithm, digest in made if algorithm in _ALGORITHMS and digest in _DIGESTS]
    if current:
        yield Finding(domain, Verdict.PASS, f"The zone is signed with {', '.join(dict.fromkeys(current))}.", evidence)
    elif any(algorithm in _ALGORITHMS for algorithm, _ in made):
        message = "The DS record has a digest of SHA-1 or one that is hardly known: validators that have switched SHA-1 off pass over it."
        yield Finding(domain, Verdict.WARN, message, evidence, "old-digest")
    else:
        named = ", ".join(dict.fromkeys(_OLD.get(algorithm, f"algorithm {algorithm}") for algorithm, _ in made))
        message = f"The zone is signed with {named} only: to many validators it is not signed, or broken."
        yield Finding(domain, Verdict.WARN, message, evidence, "old-algorithm")


def _made_with(record: Record) -> tuple[int, int]:
    """The algorithm of the key and the kind of digest; -1 for what is no number."""
    fields = (*record.data.split(), "", "", "")
    algorithm, digest = (int(field) if field.isdecimal() and len(field) < 4 else -1 for field in fields[1:3])
    return algorithm, digest


def remedy(reading: Reading, verdict: CheckVerdict) -> Iterator[Remedy]:
    if any(finding.code == "old-digest" for finding in verdict.findings):
        keys = (dnskey.parse(record.data) for record in _keys(reading))
        signers = (dnskey.delegation_signer(reading.domain, key) for key in keys if isinstance(key, DnsKey) and key.is_entry_point)
        settings = tuple(f"{reading.domain}. DS {data}" for data in signers)
        yield Remedy(CHECK.id, "Have the registrar replace the DS record by one with SHA-256.", settings=settings)
    else:
        what = "Roll the zone over to ECDSA P-256 (algorithm 13): the new keys first, then the new DS record, the old keys last."
        yield Remedy(CHECK.id, what, settings=("dnssec-policy default;  # BIND, in the zone: algorithm 13, rolled over by itself",))


def _keys(reading: Reading) -> tuple[Record, ...]:
    answer = reading.dns(reading.domain, "DNSKEY")
    return () if isinstance(answer, NoAnswer) else answer.of("DNSKEY")


CHECK = Check(
    id="dnssec.modern-algorithms",
    title="The zone is signed with an algorithm of today",
    sources=(Source("RFC 9905", "2"), Source("RFC 9904", "2"), Source("RFC 9906")),
    judge=judge,
    remedy=remedy,
)
