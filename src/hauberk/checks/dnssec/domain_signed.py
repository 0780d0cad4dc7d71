"""The domain is signed with DNSSEC.

## What it means

With DNSSEC every answer about your domain carries a signature, and a chain of signatures leads from the root to it, so that nobody on the
way can change where your mail goes or which policy you publish. The check asks a validating resolver for the domain's SOA, MX and TXT sets.
*Secure* means that the chain holds, *insecure* that there is none, and *bogus* that there is one and it is broken: whoever validates then
sees no answer at all. A name server that is lame or silent is none of these.

## Why it matters

An attacker who forges one answer about your MX receives your mail; no certificate protects from that. DNSSEC is also what DANE builds on.
A bogus domain is cut off from a third of the Internet's resolvers, Google's and Cloudflare's among them.

## How to fix

Switch signing on at your DNS provider (many need one click), or in your own server (BIND: `dnssec-policy default;`). Then hand the DS
record to your registrar, who puts it into the zone above:

    example.com. DS 12345 13 2 49FD46E6C4B45C55D4AC69CBD3CD34AC1AFE51DE...

If the domain is bogus, compare the DS record above with your keys, and the dates of the signatures with the clock. Removing the DS record
at the registrar makes the domain reachable again while you look.
"""

from collections.abc import Iterator

from hauberk.checks.check import Check, Source
from hauberk.checks.dnssec import states
from hauberk.checks.endpoints import mail_route
from hauberk.checks.reading import Reading
from hauberk.model.assessment import Remedy
from hauberk.model.dns import DnsAnswer
from hauberk.model.verdict import CheckVerdict, Finding, Verdict
from hauberk.protocols import dnskey, dnssec
from hauberk.protocols.dnskey import DnsKey
from hauberk.protocols.dnssec import State, Validated
from hauberk.protocols.malformed import visible
from hauberk.protocols.mx import Routing
from hauberk.protocols.rdata import target

_JUDGED = ("SOA", "MX", "TXT")


def judge(reading: Reading) -> Iterator[Finding]:
    if mail_route(reading).routing is Routing.NO_DOMAIN:
        return
    domain, blind = reading.domain, states.blindness(reading)
    answers = tuple(one for one in _answers(reading) if one.question.type in _JUDGED)
    if blind:
        yield Finding(domain, Verdict.UNKNOWN, blind, code="resolver")
        return
    match states.least(answers):
        case State.BOGUS:
            message = f"The signatures of {states.names(answers, State.BOGUS)} are broken: resolvers that validate get no answer."
            yield Finding(domain, Verdict.FAIL, message, states.evidence(answers), "bogus")
        case State.UNKNOWN:
            yield Finding(domain, Verdict.UNKNOWN, f"Not known: {states.first_trouble(answers)}.", states.evidence(answers))
        case State.INSECURE:
            yield Finding(domain, Verdict.WARN, _insecure(reading, answers), states.evidence(answers), "insecure")
        case State.SECURE:
            yield Finding(domain, Verdict.PASS, "The domain is signed and validates.", states.evidence(answers))


def _answers(reading: Reading) -> tuple[Validated, ...]:
    return reading.walked(dnssec.of_domain, reading.domain, reading.options)


def _entry_points(reading: Reading) -> tuple[DnsKey, ...]:
    """The keys that a DS record could be made of, where the zone has keys but the chain does not reach it."""
    for one in _answers(reading):
        if one.question.type == "DNSKEY" and one.state is State.INSECURE and isinstance(one.answer, DnsAnswer):
            keys = tuple(dnskey.parse(record.data) for record in one.answer.of("DNSKEY") if record.name == reading.domain)
            return tuple(key for key in keys if isinstance(key, DnsKey) and key.is_entry_point)
    return ()


def _alias(answers: tuple[Validated, ...]) -> str:
    """What the domain is an alias of; empty where it is none."""
    given = (one.answer for one in answers if isinstance(one.answer, DnsAnswer))
    return next((visible(target(one.of("CNAME")[-1])) for one in given if one.of("CNAME")), "")


def _insecure(reading: Reading, answers: tuple[Validated, ...]) -> str:
    if any(one.state is State.SECURE for one in answers):
        where = states.names(answers, State.INSECURE)
        return f"The domain is signed, but {where} leads to names that are not."
    alias = _alias(answers)
    if alias:
        return f"The domain is an alias (CNAME) of {alias}, and not all on the way there is signed with DNSSEC: answers can be forged."
    if _entry_points(reading):
        return "The zone has keys, but the zone above has no DS record for them: the chain of signatures does not reach the domain."
    return "The domain is not signed with DNSSEC: answers about it can be forged."


def remedy(reading: Reading, verdict: CheckVerdict) -> Iterator[Remedy]:
    codes = {finding.code for finding in verdict.findings}
    if "bogus" in codes:
        yield Remedy(
            "dnssec.domain-signed", "Make the DS record at the registrar fit the zone's keys (or remove it), and renew the signatures."
        )
    elif keys := _entry_points(reading):
        settings = ("The DS record belongs into the zone above: the registrar puts it there.",)
        records = tuple(f"{reading.domain}. DS {dnskey.delegation_signer(reading.domain, key)}" for key in keys)
        yield Remedy("dnssec.domain-signed", "Hand this DS record to the registrar: the zone is signed already.", records, (), settings)
    elif alias := _alias(tuple(one for one in _answers(reading) if one.question.type in _JUDGED)):
        yield Remedy("dnssec.domain-signed", f"Have the zone of {alias} signed, or write its records here instead of the alias.")
    elif "insecure" in codes:
        settings = ("dnssec-policy default;  # BIND, in the zone", "pdnsutil secure-zone " + reading.domain + "  # PowerDNS")
        what = "Switch DNSSEC on where the zone is kept, then hand the DS record to the registrar."
        yield Remedy("dnssec.domain-signed", what, settings=settings)


CHECK = Check(
    id="dnssec.domain-signed",
    title="The domain is signed with DNSSEC",
    sources=(Source("RFC 4035", "4.3"), Source("RFC 6840", "5.7"), Source("RFC 8914", "4")),
    judge=judge,
    remedy=remedy,
)
