"""The DNS answers properly about TLSA records

## What it means
For each MX host in a signed zone the question for `_25._tcp.<host> TLSA` gets a valid answer, be it records or a signed "there is none".

## Why it matters
A DANE sender that gets no valid answer must assume an attack and wait (RFC 7672, 2.1): mail does not arrive, though the domain may never
have heard of DANE. Old load balancers and DNS servers that know no TLSA, or make a wrong denial (NSEC, NSEC3) of it, are the cause.

Silence is unknown here: it may be the network. Where the zone is not signed, senders do not ask, and the check does not apply.

## How to fix
Ask the name servers and look at the flags; `ad` has to be there and the status NOERROR or NXDOMAIN:

    delv _25._tcp.mx.example.com TLSA

If it fails, update the name server software or have the zone signed anew; a broken load balancer for DNS has to be bypassed.
"""

from collections.abc import Iterator
from shlex import quote

from hauberk.checks.authentication import dane_hosts, no_dane_hosts
from hauberk.checks.check import Check, Source
from hauberk.checks.endpoints import takes_mail, unanswered
from hauberk.checks.reading import Reading
from hauberk.model.assessment import Remedy
from hauberk.model.dns import DnsAnswer
from hauberk.model.verdict import CheckVerdict, Finding, Verdict
from hauberk.protocols.dane import DaneHost, Published


def judge(reading: Reading) -> Iterator[Finding]:
    if not takes_mail(reading):
        return
    hosts = dane_hosts(reading)
    if not hosts:
        yield no_dane_hosts(reading)
    for host in hosts:
        finding = _judge_host(host)
        if finding:
            yield finding


def _judge_host(host: DaneHost) -> Finding | None:
    asked = f"The question for {host.owner} TLSA"
    match host.published:
        case Published.SECURE:
            return Finding(host.name, Verdict.PASS, "TLSA records with a valid signature.")
        case Published.ABSENT:
            return Finding(host.name, Verdict.PASS, "A valid, signed denial: there are no TLSA records.")
        case Published.INSECURE_RECORDS:
            return Finding(host.name, Verdict.PASS, "The answer is validly unsigned: DANE senders take no notice of it.")
        case Published.BOGUS:
            message = f"{asked} is answered, but the answer does not validate (DNSSEC): DANE senders do not deliver."
            return Finding(host.name, Verdict.FAIL, message, _evidence(host), "dane-bogus")
        case Published.FAILING:
            message = (
                f"{asked} {unanswered(host.answer)}, also without validation, while the addresses are signed: DANE senders do not deliver."
            )
            return Finding(host.name, Verdict.FAIL, message, _evidence(host), "dane-lame")
        case Published.UNANSWERED:
            return Finding(host.name, Verdict.UNKNOWN, f"{asked} {unanswered(host.unchecked or host.answer)}.")
        case Published.UNTRUSTED:
            message = "The resolver does not validate, or the path to it is not trusted: whether answers are signed is not known."
            return Finding(host.name, Verdict.UNKNOWN, message, code="resolver-untrusted")
        case Published.INSECURE_MX | Published.INSECURE_HOST:
            return None


def _evidence(host: DaneHost) -> tuple[str, ...]:
    lines: list[str] = []
    for how, answer in (("with validation", host.answer), ("without validation", host.unchecked)):
        if isinstance(answer, DnsAnswer):
            extended = f", extended errors {', '.join(map(str, answer.extended_errors))}" if answer.extended_errors else ""
            lines.append(f"{host.owner} TLSA {how}: {answer.rcode}, {len(answer.of('TLSA'))} records{extended}")
    return tuple(lines)


def remedy(reading: Reading, verdict: CheckVerdict) -> Iterator[Remedy]:
    bad = {one.subject for one in verdict.findings if one.verdict is Verdict.FAIL}
    for host in dane_hosts(reading):
        if host.name in bad:
            what = f"Repair the answer of the name servers to {host.owner} TLSA: sign the zone anew, or update the server software."
            yield Remedy(CHECK.id, what, settings=(f"delv {quote(host.owner)} TLSA  # has to say: fully validated",))


CHECK = Check(
    id="dane.sound-denial",
    title="Questions for TLSA get valid answers",
    sources=(Source("RFC 7672", "2.1 and 2.2"), Source("RFC 4035", "5.4")),
    judge=judge,
    remedy=remedy,
)
