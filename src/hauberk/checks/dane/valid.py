"""DANE: signed TLSA records fit every certificate

## What it means
The MX records, the addresses of the mail servers and their TLSA records (`_25._tcp.<host>`) are signed with DNSSEC, the TLSA records can
be used for SMTP (usage 2 or 3), and at each endpoint one of them fits the certificate.

A server with two certificates (RSA and ECDSA) needs records for both; where they fit only the one that most senders get, that is a warning.

## Why it matters
With DANE a sender knows beforehand that the server speaks TLS and which key it has; nobody on the way can take the encryption out or
pose as the server. But a record that does not fit is worse than none: senders that check DANE stop delivering. So do they when there are
TLSA records and no STARTTLS.

## How to fix
First sign the zone with DNSSEC. Then publish the hash of the server's key, usage 3, selector 1, matching type 1:

    _25._tcp.mx.example.com. TLSA 3 1 1 <sha256 of the public key>

Keep the key at renewal (`certbot --reuse-key`), or publish the next key's record some days before the new certificate is put in place.
Where the servers are a provider's, the TLSA records are the provider's business; yours is to sign your own zone.
"""

from collections.abc import Iterable, Iterator

from hauberk.checks.answers import answered
from hauberk.checks.authentication import dane_hosts, dane_match, no_dane_hosts
from hauberk.checks.check import Check, Source
from hauberk.checks.endpoints import Seen, Starttls, nothing_there, seen, takes_mail, unanswered, vacant
from hauberk.checks.probed import other_chains
from hauberk.checks.reading import Reading
from hauberk.checks.tlsa_mending import mended, signed_first
from hauberk.model.assessment import Remedy
from hauberk.model.verdict import CheckVerdict, Finding, Verdict
from hauberk.protocols import dane
from hauberk.protocols.dane import DaneHost, Match, MatchResult, Published
from hauberk.protocols.malformed import visible

_MX_SET = "The MX records of {domain} are not signed (DNSSEC), so DANE senders do not look for TLSA records of {host}"
_INSECURE = {
    Published.INSECURE_MX: _MX_SET,
    Published.INSECURE_HOST: "The addresses of {host} are not signed (DNSSEC), so DANE senders do not look for its TLSA records",
    Published.INSECURE_RECORDS: "The answer about TLSA records of {host} is not signed (DNSSEC), so DANE senders take no notice of it",
}


def judge(reading: Reading) -> Iterator[Finding]:
    if not takes_mail(reading):
        return
    hosts = dane_hosts(reading)
    if not hosts:
        yield no_dane_hosts(reading)
    for host in hosts:
        yield from _judge_host(reading, host)


def _judge_host(reading: Reading, host: DaneHost) -> Iterator[Finding]:
    held = tuple(f"{host.owner}. TLSA {visible(record.data)}" for record in host.held)
    match host.published:
        case Published.SECURE:
            yield from _judge_records(reading, host, held)
        case Published.ABSENT:
            message = f"There are no TLSA records for {host.name}, though its zone is signed and could hold them."
            yield Finding(host.name, Verdict.WARN, message, code="dane-missing")
        case Published.INSECURE_MX | Published.INSECURE_HOST | Published.INSECURE_RECORDS:
            yield _insecure(reading, host, held)
        case Published.BOGUS if host.held:
            message = f"The TLSA records of {host.name} do not validate (DNSSEC): DANE senders do not deliver."
            yield Finding(host.name, Verdict.FAIL, message, held, "dane-bogus")
        case Published.BOGUS:
            message = f"Whether {host.name} has TLSA records cannot be known: the answer does not validate (see dane.sound-denial)."
            yield Finding(host.name, Verdict.UNKNOWN, message)
        case Published.UNANSWERED if answered(host.answer):
            yield Finding(host.name, Verdict.UNKNOWN, f"The address of {host.name} is not known, and so not whether it is signed.")
        case Published.FAILING | Published.UNANSWERED:
            yield Finding(host.name, Verdict.UNKNOWN, f"The question for {host.owner} TLSA {unanswered(host.answer)}.")
        case Published.UNTRUSTED:
            message = "The resolver does not validate, or the path to it is not trusted: whether answers are signed is not known."
            yield Finding(host.name, Verdict.UNKNOWN, message, held, "resolver-untrusted")


def _insecure(reading: Reading, host: DaneHost, held: tuple[str, ...]) -> Finding:
    said = _INSECURE[host.published].format(domain=reading.domain, host=host.name)
    if held:
        return Finding(host.name, Verdict.WARN, f"{said}: the records there are have no effect.", held, "dane-insecure")
    return Finding(host.name, Verdict.WARN, f"There is no DANE. {said}.", code="dane-missing")


def _judge_records(reading: Reading, host: DaneHost, held: tuple[str, ...]) -> Iterator[Finding]:
    useless = tuple(f"{record.kind}: {why}" for record in host.records if (why := dane.unusable(record)))
    useless += tuple(f"{one.marked()}: {one.reason}" for one in host.malformed)
    if len(useless) == len(host.held):
        message = f"None of the TLSA records of {host.name} can be used: DANE senders encrypt, but do not check who the server is."
        yield Finding(host.name, Verdict.WARN, message, (*held, *useless), "dane-unusable")
        return
    endpoints = tuple(one for one in seen(reading) if one.endpoint.host == host.name)
    for one in endpoints:
        yield _judge_endpoint(reading, one, held)
        yield from _judge_other_chains(reading, one, held)
    if not endpoints:
        yield Finding(host.name, Verdict.UNKNOWN, "There are TLSA records; whether they fit is not known, no endpoint was looked at.", held)


def _judge_endpoint(reading: Reading, one: Seen, held: tuple[str, ...]) -> Finding:
    subject = str(one.endpoint)
    result = dane_match(reading, one)
    if result is None and vacant(reading, one):
        return nothing_there(one)
    if result is None:
        if one.facts.served and one.starttls in (Starttls.ABSENT, Starttls.REJECTED):
            message = "There are TLSA records, but no STARTTLS: DANE senders do not deliver here."
            return Finding(subject, Verdict.FAIL, message, (*held, *one.evidence), "dane-mismatch")
        why = "the handshake showed no certificate" if one.facts.served else one.detail
        return Finding(subject, Verdict.UNKNOWN, f"Whether the TLSA records fit is not known: {why}.", held)
    return _of_match(subject, result, held)


def _judge_other_chains(reading: Reading, one: Seen, held: tuple[str, ...]) -> Iterator[Finding]:
    """The records have to fit every certificate that the server has; most senders get the one that the handshake showed."""
    for key, other in other_chains(reading, one):
        result = dane_match(reading, other)
        if result and result.match in (Match.MISMATCH, Match.WEAKER_ONLY):
            message = f"No TLSA record fits the {key} certificate: DANE senders that get this one do not deliver here."
            yield Finding(str(one.endpoint), Verdict.WARN, message, held, "dane-other-mismatch")


def _of_match(subject: str, result: MatchResult, held: tuple[str, ...]) -> Finding:
    reasons = tuple(f"{record.kind}: {why}" for record, why in (*result.failed, *result.unusable))
    match result.match:
        case Match.MATCHED:
            return Finding(subject, Verdict.PASS, f"A signed TLSA record ({result.matched[0].kind}) fits the certificate.", held)
        case Match.WEAKER_ONLY:
            message = "The only record that fits has a weaker digest than one that does not; many senders look at the strongest only."
            return Finding(subject, Verdict.FAIL, message, (*held, *reasons), "dane-mismatch")
        case Match.MISMATCH:
            message = "No TLSA record fits the certificate: DANE senders do not deliver here."
            return Finding(subject, Verdict.FAIL, message, (*held, *reasons), "dane-mismatch")
        case Match.UNUSABLE:
            message = "No TLSA record can be used: DANE senders encrypt, but do not check who the server is."
            return Finding(subject, Verdict.WARN, message, (*held, *reasons), "dane-unusable")


def remedy(reading: Reading, verdict: CheckVerdict) -> Iterable[Remedy]:
    codes = {one.subject.partition(" ")[0]: one.code for one in verdict.findings if one.verdict in (Verdict.FAIL, Verdict.WARN)}
    faulty = tuple(host for host in dane_hosts(reading) if codes.get(host.name))
    unsigned = tuple(host for host in faulty if host.published in _INSECURE)
    if unsigned:
        yield signed_first(reading, unsigned, CHECK.id)
    for host in faulty:
        if host in unsigned:
            continue
        if codes[host.name] in ("dane-mismatch", "dane-missing", "dane-unusable", "dane-other-mismatch"):
            yield from mended(reading, host, CHECK.id)
        elif codes[host.name] == "dane-bogus":
            yield Remedy(CHECK.id, f"Sign the zone of {host.base} anew, or take its DS record out until it is signed properly.")


CHECK = Check(
    id="dane.valid",
    title="Signed TLSA records fit the certificates",
    sources=(Source("RFC 7672", "2.2 and 3"), Source("RFC 7671", "4 to 10"), Source("RFC 6698", "2")),
    judge=judge,
    remedy=remedy,
)
