"""DKIM keys are strong.

## What it means

An RSA key of 2048 bits or more, or an Ed25519 key. 1024 to 2047 bits still verify but are no longer advised; verifiers must not
accept less than 1024. Some keys are weak at any size: made by a faulty chip (ROCA), with primes that lie close together, or
printed in a standard with their private half.

## Why it matters

Whoever computes the private key signs as you do, and DMARC lets it pass. 512 bits take hours on rented machines.

## How to fix

Make a new key of 2048 bits under a new selector, sign with it, and revoke the old one (`p=` left empty) after a week.
"""

from collections.abc import Iterable

from hauberk.checks.check import Check, Source
from hauberk.checks.dkim.searched import MOST_SHOWN, how_known, new_key, not_answered, searched, sends_no_mail, subject
from hauberk.checks.reading import Reading
from hauberk.model.assessment import Remedy
from hauberk.model.verdict import CheckVerdict, Finding, Verdict
from hauberk.protocols.dkim import DkimKey, Ed25519Key, FoundKey, RsaKey, weaknesses
from hauberk.protocols.malformed import visible

_GOOD, _LEAST, _MOST = 2048, 1024, 4096


def judge(reading: Reading) -> Iterable[Finding]:
    keys = searched(reading)
    if sends_no_mail(reading, keys):
        return
    for found in keys.usable[:MOST_SHOWN]:
        yield from _judge_key(found)
    yield from not_answered(keys)


def _judge_key(found: FoundKey) -> Iterable[Finding]:
    if not isinstance(found.key, DkimKey):
        return
    evidence = (visible(found.text),)
    how = how_known(found)
    material = found.key.material
    for weakness in weaknesses(material):
        yield Finding(subject(found), Verdict.FAIL, f"The key ({how}) can be forged: {weakness.reason}.", evidence, "key-weak")
    match material:
        case RsaKey():
            yield _judge_size(found, material, how, evidence)
        case Ed25519Key():
            yield Finding(subject(found), Verdict.PASS, f"Ed25519 ({how}).", evidence)
        case _:
            pass  # no key to measure: dkim.key-usable says so


def _judge_size(found: FoundKey, key: RsaKey, how: str, evidence: tuple[str, ...]) -> Finding:
    size = f"RSA, {key.bits} bits ({how})"
    if key.bits < _LEAST:
        message = f"{size}: under {_LEAST} bits verifiers must not accept it, and it can be computed (RFC 8301, 3.2)."
        return Finding(subject(found), Verdict.FAIL, message, evidence, "key-insufficient")
    if key.bits < _GOOD:
        return Finding(subject(found), Verdict.WARN, f"{size}: signers should use at least {_GOOD} (RFC 8301, 3.2).", evidence, "key-1024")
    if key.bits > _MOST:
        message = f"{size}: verifiers need not support more than {_MOST} (RFC 8301, 3.2), and some answer it with a failure."
        return Finding(subject(found), Verdict.WARN, message, evidence, "key-oversized")
    note = " Its exponent is 3; 65537 is usual." if key.exponent == 3 else ""
    return Finding(subject(found), Verdict.PASS, f"{size}.{note}", evidence)


def remedy(reading: Reading, verdict: CheckVerdict) -> Iterable[Remedy]:
    yield new_key(verdict.check, "Replace the DKIM key by one of 2048 bits under a new selector, then revoke the old one", reading)


CHECK = Check(
    id="dkim.key-strength",
    title="DKIM keys are strong",
    sources=(Source("RFC 8301", "3.2"), Source("RFC 8463", "3"), Source("CVE-2017-15361"), Source("CVE-2022-26320")),
    judge=judge,
    remedy=remedy,
)
