"""DANE survives the next change of key

## What it means
Beside the TLSA record of today's key there is a second one: for the next key (two `3 1 1`), or for the issuing authority (`3 1 1` and
`2 1 1`). Records of usage 0 and 1, and such as cannot be used, do not count.

## Why it matters
With one record only, the moment the certificate is renewed with a new key is an outage: senders still have the old record in their cache
and do not deliver. Most DANE failures in the wild are made this way, at night, by an automatic renewal.

## How to fix
Make the next key now, publish its record beside the present one, and only then renew with it:

    _25._tcp.mx.example.com. TLSA 3 1 1 <hash of the present key>
    _25._tcp.mx.example.com. TLSA 3 1 1 <hash of the next key>

Or publish the issuing authority's key as the second record. The server has to send the authority's certificate along (it does so in any
full chain); watch for the authority changing it.
"""

from collections.abc import Iterable, Iterator
from hashlib import sha256

from hauberk.checks.authentication import dane_hosts, dane_match, no_dane_hosts
from hauberk.checks.check import Check, Source
from hauberk.checks.endpoints import seen, takes_mail, unanswered
from hauberk.checks.reading import Reading
from hauberk.model.assessment import Remedy
from hauberk.model.verdict import CheckVerdict, Finding, Verdict
from hauberk.protocols import dane, x509
from hauberk.protocols.dane import DaneHost, Published, Tlsa
from hauberk.protocols.malformed import Malformed


def judge(reading: Reading) -> Iterator[Finding]:
    """Only hosts with usable signed records are judged; the others have nothing to roll over."""
    if not takes_mail(reading):
        return
    hosts = dane_hosts(reading)
    if not hosts:
        yield no_dane_hosts(reading)
    for host in hosts:
        if host.published in (Published.UNANSWERED, Published.FAILING, Published.BOGUS):
            yield Finding(host.name, Verdict.UNKNOWN, f"The question for {host.owner} TLSA {unanswered(host.answer)}.")
        elif host.published is Published.UNTRUSTED and host.held:
            message = "The resolver does not validate, or the path to it is not trusted: the TLSA records cannot be relied on."
            yield Finding(host.name, Verdict.UNKNOWN, message, code="resolver-untrusted")
        elif host.published is Published.SECURE:
            yield from _judge_records(reading, host)


def _judge_records(reading: Reading, host: DaneHost) -> Iterator[Finding]:
    evidence = tuple(f"{host.owner}. TLSA {record.data}" for record in host.held)
    pkix = tuple(record for record in host.records if record.usage in (0, 1))
    if pkix:
        message = f"TLSA usage {pkix[0].usage} is not for SMTP (RFC 7672, 3.1.3): senders take no notice of it. Use 3 1 1 and 2 1 1."
        yield Finding(host.name, Verdict.WARN, message, evidence, "dane-unusable")
    usable = tuple(record for record in host.records if not dane.unusable(record))
    if not usable:
        return
    pinned = _pins(reading, host, usable)
    if pinned > 1:
        yield Finding(host.name, Verdict.PASS, "There is a second TLSA record, so that the key can be changed without an outage.", evidence)
        return
    message = "All TLSA records are for one key: when it changes, DANE senders stop delivering until their caches have run out."
    yield Finding(host.name, Verdict.WARN, message, evidence, "no-rollover")


def _pins(reading: Reading, host: DaneHost, usable: tuple[Tlsa, ...]) -> int:
    """How many different keys the records pin, as far as it can be told; those that fit today's certificates count as one."""
    results = [result for one in seen(reading) if one.endpoint.host == host.name and (result := dane_match(reading, one))]
    current = {record for result in results for record in result.matched if record.usage == 3}
    others = [record for record in usable if record not in current]
    kinds = [record.kind for record in others]
    # The same key may be there once for each selector and matching type: the fullest kind tells how many there are.
    leaves = max((kinds.count(kind) for kind in set(kinds) if kind.startswith("3")), default=0)
    authorities = max((kinds.count(kind) for kind in set(kinds) if kind.startswith("2")), default=0)
    return bool(current) + leaves + authorities


def remedy(reading: Reading, verdict: CheckVerdict) -> Iterable[Remedy]:
    bad = {one.subject for one in verdict.findings if one.verdict is Verdict.WARN}
    for host in dane_hosts(reading):
        if host.name not in bad:
            continue
        kept = tuple(record for record in host.records if not dane.unusable(record))
        more = () if any(record.usage == 2 for record in kept) else _authority(reading, host)
        lines = tuple(f"{host.owner}. TLSA {dane.render(record)}" for record in dict.fromkeys((*kept, *more)))
        what = f"Publish a second record for {host.name}: the next key's (3 1 1), or that of the issuing authority (2 1 1)."
        yield Remedy(CHECK.id, what, lines if more else (), (f"{host.owner}. TLSA",) if more else ())


def _authority(reading: Reading, host: DaneHost) -> tuple[Tlsa, ...]:
    """2 1 1 for the authority that issued what the host presents, if the server sends it along and the record would fit."""
    for one in seen(reading):
        chain = one.tls.chain if one.tls and one.endpoint.host == host.name else ()
        key = x509.spki(chain[1]) if len(chain) > 1 else None
        if key is None or isinstance(key, Malformed):
            continue
        record = Tlsa(2, 1, 1, sha256(key).digest())
        if dane.match((record,), chain, (host.name,), reading.observation.at).matched:
            return (record,)
    return ()


CHECK = Check(
    id="dane.rollover",
    title="TLSA records allow the key to change",
    sources=(Source("RFC 7671", "8"), Source("RFC 7672", "3.1")),
    judge=judge,
    remedy=remedy,
)
