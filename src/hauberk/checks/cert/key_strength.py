"""Certificate keys and signatures are strong

## What it means
The key of each endpoint's certificate is RSA with 3072 bits or more, or an elliptic-curve key with 256 bits or more. RSA with 2048 bits
is a warning, anything weaker a fail, and so is a signature with SHA-1 or MD5. Of intermediate certificates only what is weak counts:
their size is the authority's choice.

## Why it matters
Who breaks the key can pose as the server. RSA under 2048 bits is within reach of well-funded attackers, and forged signatures with SHA-1
have been shown. 2048 bits still hold, but the guidelines do not count on them for the years to come.

## How to fix
Ask for an elliptic-curve key at the next renewal; every sender of the last ten years takes it, and handshakes get faster:

    certbot certonly --standalone -d mx.example.com --key-type ecdsa --elliptic-curve secp256r1

If TLSA records name the old key, publish the new one's record first (see `dane.rollover`).
"""

from collections.abc import Iterable, Iterator
from shlex import quote

from hauberk.checks.authentication import intermediates
from hauberk.checks.check import Check, Source
from hauberk.checks.endpoints import Seen
from hauberk.checks.probed import each_chain
from hauberk.checks.reading import Reading
from hauberk.model.assessment import Remedy
from hauberk.model.transport import TlsHandshake
from hauberk.model.verdict import CheckVerdict, Finding, Verdict
from hauberk.protocols import x509
from hauberk.protocols.malformed import Malformed
from hauberk.protocols.x509 import Certificate, Strength

_WEAK_HASHES = ("md5", "sha1")


def judge(reading: Reading) -> Iterable[Finding]:
    def judge_one(one: Seen, tls: TlsHandshake) -> Iterator[Finding]:
        leaf = x509.describe(tls.chain[0])
        if isinstance(leaf, Malformed):
            yield Finding(str(one.endpoint), Verdict.UNKNOWN, f"The certificate cannot be read: {leaf.reason}.", code="malformed")
        else:
            yield _judge_key(str(one.endpoint), leaf)
            yield from _judge_signatures(str(one.endpoint), (leaf, *intermediates(reading, one)))

    return each_chain(reading, judge_one)


def _judge_key(subject: str, leaf: Certificate) -> Finding:
    evidence = (f"{leaf.key}, signed with {leaf.signature}",)
    match x509.key_strength(leaf):
        case Strength.GOOD:
            return Finding(subject, Verdict.PASS, f"The key is good: {leaf.key}.", evidence)
        case Strength.SUFFICIENT:
            message = f"The key is {leaf.key}; RSA of 3072 bits or a 256-bit curve is what the guidelines ask for."
            return Finding(subject, Verdict.WARN, message, evidence, "key-2048")
        case Strength.INSUFFICIENT:
            message = f"The key is too weak: {leaf.key}. The least is RSA of 2048 bits or a 256-bit curve."
            return Finding(subject, Verdict.FAIL, message, evidence, "key-insufficient")
        case Strength.UNKNOWN:
            return Finding(subject, Verdict.UNKNOWN, f"This kind of key is not known here: {leaf.key_kind}.", evidence, "key-unknown")


def _judge_signatures(subject: str, certificates: tuple[Certificate, ...]) -> Iterator[Finding]:
    """The signature of a certificate that signs itself protects nothing and is not looked at."""
    for depth, read in enumerate(certificates):
        if read.signature_hash in _WEAK_HASHES and not read.self_issued:
            message = f"The certificate {read.subject} is signed with {read.signature_hash.upper()}, which can be forged."
            yield Finding(subject, Verdict.FAIL, message, (f"signature {read.signature}; issuer {read.issuer}",), "sha1-signature")
        if depth and x509.key_strength(read) is Strength.INSUFFICIENT:
            message = f"The key of the intermediate {read.subject} is too weak: {read.key}."
            yield Finding(subject, Verdict.FAIL, message, (f"issuer {read.issuer}",), "key-insufficient")


def remedy(_reading: Reading, verdict: CheckVerdict) -> Iterator[Remedy]:
    for host in dict.fromkeys(one.subject.partition(" ")[0] for one in verdict.findings if one.verdict in (Verdict.FAIL, Verdict.WARN)):
        yield Remedy(
            CHECK.id,
            f"Renew the certificate of {host} with an elliptic-curve key; if there are TLSA records, publish the new key's record first.",
            settings=(f"certbot certonly --standalone -d {quote(host)} --key-type ecdsa --elliptic-curve secp256r1",),
        )


CHECK = Check(
    id="cert.key-strength",
    title="Certificate keys and signatures are strong",
    sources=(
        Source("NCSC-NL TLS guidelines 2025-05"),
        Source("BCP 195 (RFC 9325)", "4.5"),
        Source("CA/Browser Forum Baseline Requirements", "7.1.3.2"),
    ),
    judge=judge,
    remedy=remedy,
)
