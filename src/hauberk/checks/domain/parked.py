"""A domain without mail says so.

## What it means

A domain that neither sends nor receives mail can say so in three records: a null MX (nobody may deliver), `v=spf1 -all` (nobody
may send) and `p=reject` in DMARC (refuse what claims to be from here). A domain without MX records but with an address record does
not say so: mail servers then deliver to the address. The check does not apply to domains with mail hosts.

## Why it matters

Parked names are what forgers like best: nobody watches them. And without a null MX, mail to a mistyped address is tried for days.

## How to fix

    example.com.        MX  0 .
    example.com.        TXT "v=spf1 -all"
    _dmarc.example.com. TXT "v=DMARC1; p=reject"
"""

from collections.abc import Iterable

from hauberk.checks.check import Check, Source
from hauberk.checks.implicit_mx import said_clearly
from hauberk.checks.no_senders import lists_nobody, spf_texts
from hauberk.checks.reading import Reading
from hauberk.checks.silence import why_unanswered
from hauberk.model.assessment import Remedy
from hauberk.model.dns import DnsAnswer
from hauberk.model.verdict import CheckVerdict, Finding, Verdict
from hauberk.protocols import mx
from hauberk.protocols.dmarc import DmarcDiscovery, Policy, discover
from hauberk.protocols.dmarc.record import amended
from hauberk.protocols.malformed import visible
from hauberk.protocols.mx import Routing
from hauberk.protocols.rdata import render_txt
from hauberk.protocols.spf.record import is_record
from hauberk.protocols.spf.selection import spf_text


def judge(reading: Reading) -> Iterable[Finding]:
    domain = reading.domain
    route = reading.walked(mx.route, domain)
    match route.routing:
        case Routing.UNKNOWN:
            message = f"Whether {domain} has mail hosts is not known: {why_unanswered(route.answer)}."
            yield Finding(domain, Verdict.UNKNOWN, message, code="mx-unanswered")
        case Routing.IMPLICIT:
            message = "There is no MX record, but an address record: mail servers deliver to the address. Say which is meant."
            yield Finding(domain, Verdict.WARN, message, tuple(route.hosts[0].addresses[:4]) if route.hosts else (), "implicit-mx")
        case Routing.NULL:
            yield from _judge_parked(reading, null_mx=True)
        case Routing.NONE:
            yield from _judge_parked(reading, null_mx=False)
        case Routing.MX | Routing.NO_DOMAIN:
            return


def _judge_parked(reading: Reading, *, null_mx: bool) -> Iterable[Finding]:
    domain = reading.domain
    spf = spf_texts(reading)
    dmarc = reading.walked(discover, domain, reading.options)
    if spf is None or dmarc.unanswered:
        silent = f"the TXT records of {domain}" if spf is None else dmarc.unanswered[0].name
        message = f"Whether the domain is parked is not known: {silent} were not answered."
        yield Finding(domain, Verdict.UNKNOWN, message, code="parked-unanswered")
        return
    wanting = tuple(_wanting(domain, spf, dmarc, null_mx=null_mx))
    if wanting:
        message = f"The domain has no mail hosts, but does not say that it has no mail: {'; '.join(wanting)}."
        yield Finding(domain, Verdict.WARN, message, tuple(map(visible, spf[:4])), "not-parked")
    else:
        yield Finding(domain, Verdict.PASS, "The domain is parked: null MX, SPF -all, DMARC reject.", tuple(spf))


def _wanting(domain: str, spf: tuple[str, ...], dmarc: DmarcDiscovery, *, null_mx: bool) -> Iterable[str]:
    if not null_mx:
        yield f"there is no null MX ({domain}. MX 0 .)"
    if not lists_nobody(spf):
        yield "the SPF record is not v=spf1 -all" if spf else "there is no SPF record"
    if dmarc.own.applied is not Policy.REJECT:
        yield f"the DMARC policy is {dmarc.own.applied}, not reject" if dmarc.own.applied else "no DMARC policy applies"


def remedy(reading: Reading, verdict: CheckVerdict) -> Iterable[Remedy]:
    domain = reading.domain
    if any(finding.code == "implicit-mx" for finding in verdict.findings):
        yield said_clearly(reading, verdict.check)
        return
    dmarc = reading.walked(discover, domain, reading.options)
    answer = reading.dns(domain, "TXT")
    others = [record.data for record in answer.of("TXT") if not is_record(spf_text(record.data))] if isinstance(answer, DnsAnswer) else []
    texts = (render_txt("v=spf1 -all"), *others)
    own = dmarc.at_domain.record
    yield Remedy(
        verdict.check,
        "Say in all three places that the domain has no mail",
        (
            f"{domain}. MX 0 .",
            *(f"{domain}. TXT {data}" for data in texts),
            f"_dmarc.{domain}. TXT {render_txt(amended(own, ('p', 'reject'), ('sp', ''), ('np', ''), ('t', '')))}",
        ),
        (f"{domain}. MX", f"{domain}. TXT", f"_dmarc.{domain}. TXT"),
    )


CHECK = Check(
    id="domain.parked",
    title="A domain without mail says so",
    sources=(Source("RFC 7505", "3"), Source("RFC 7208", "10.1.2"), Source("RFC 9989", "4.7")),
    judge=judge,
    remedy=remedy,
)
