"""DMARC reports are asked for, and reach somebody.

## What it means

`rua` names the addresses that receivers send daily summaries to: who sent in the domain's name, and whether it passed. When an
address is in another organisation, that one must agree by a TXT record `v=DMARC1` under its own name; without it receivers
send nothing.

## Why it matters

The reports are the only way to see forgeries and one's own forgotten senders. Without them nobody dares to raise the policy.

## How to fix

    _dmarc.example.com. TXT "v=DMARC1; p=reject; rua=mailto:dmarc-reports@example.com"

For an address elsewhere, its domain publishes:

    example.com._report._dmarc.reports.example.net. TXT "v=DMARC1"
"""

from collections.abc import Iterable

from hauberk.checks.check import Check, Source
from hauberk.checks.dmarc.discovered import MOST_SHOWN, discovered, no_policy, not_answered, publish, record_text, reports_to
from hauberk.checks.reading import Reading
from hauberk.checks.silence import why_unanswered
from hauberk.model.assessment import Remedy
from hauberk.model.verdict import CheckVerdict, Finding, Verdict
from hauberk.protocols.dmarc import Destination, Dmarc, DmarcDiscovery, Permission
from hauberk.protocols.dmarc.record import amended
from hauberk.protocols.malformed import visible
from hauberk.protocols.rdata import render_txt

_MOST_DESTINATIONS = 30


def judge(reading: Reading) -> Iterable[Finding]:
    found = discovered(reading)
    if found.unanswered:
        yield from not_answered(found.unanswered)
    elif isinstance(found.own.record, Dmarc):
        yield from _judge_addresses(found, found.own.record)
    else:
        yield no_policy(found, Verdict.WARN, "Nobody is told of forgeries.")


def _judge_addresses(found: DmarcDiscovery, record: Dmarc) -> Iterable[Finding]:
    name = f"_dmarc.{found.own.policy_domain}"
    if record.tags.first("rua") is None:
        message = "The record has no rua: receivers send no reports, and forgeries stay unseen."
        yield Finding(name, Verdict.WARN, message, (record_text(record),), "no-rua")
    elif not record.rua:
        faults = tuple(fault.marked() for fault in record.faults[:MOST_SHOWN])
        yield Finding(name, Verdict.WARN, "The record's rua holds no address that can be read: no reports are sent.", faults, "rua-invalid")
    for destination in found.destinations[:_MOST_DESTINATIONS]:
        yield _judge_destination(found.own.policy_domain, destination)


def _judge_destination(policy_domain: str, destination: Destination) -> Finding:
    tag, uri = destination.tag, destination.uri
    subject = f"{tag} {visible(uri.text)}"
    # Failure reports are sent by few, and their absence costs nothing: they are told, not judged.
    bad = Verdict.WARN if tag == "rua" else Verdict.INFO
    if not uri.deliverable:
        return Finding(subject, bad, f"Receivers only have to support mailto addresses, not {uri.scheme}.", code=f"{tag}-scheme")
    match destination.permission:
        case Permission.OWN:
            return Finding(subject, Verdict.PASS, "The address is in the domain's own organisation.")
        case Permission.GRANTED:
            return Finding(subject, Verdict.PASS, f"{uri.host} agrees to receive the reports ({destination.question}).")
        case Permission.MISSING:
            missing = f"there is no v=DMARC1 at {destination.question}, so none are sent"
            message = f"{uri.host} has not agreed to receive reports about {policy_domain}: {missing}."
            return Finding(subject, bad, message, code=f"{tag}-unauthorised")
        case Permission.UNKNOWN | Permission.NOT_ASKED:
            why = why_unanswered(destination.answer) if destination.answer else "too many addresses"
            unknown = Verdict.UNKNOWN if tag == "rua" else Verdict.INFO
            return Finding(
                subject, unknown, f"Whether {uri.host} agrees to receive the reports is not known: {why}.", code=f"{tag}-unanswered"
            )


def remedy(reading: Reading, verdict: CheckVerdict) -> Iterable[Remedy]:
    found = discovered(reading)
    record = found.own.record
    domain = found.own.policy_domain or found.domain
    own = reports_to(reading, domain)
    refused = [one for one in found.destinations if one.tag == "rua" and one.permission is Permission.MISSING]
    deliverable = tuple(uri.text for uri in record.rua if uri.deliverable) if isinstance(record, Dmarc) else ()
    if isinstance(record, Dmarc) and refused:
        for one in refused[:MOST_SHOWN]:
            what = f"Have {one.uri.host} agree to receive the reports (its administrator publishes this)"
            yield Remedy(verdict.check, what, (f'{one.question}. TXT "v=DMARC1"',), (f"{one.question}. TXT",))
    elif isinstance(record, Dmarc) and not deliverable and not own:
        yield _elsewhere(verdict.check, domain, record)
    elif isinstance(record, Dmarc) and not record.rua:
        yield publish(verdict.check, "Ask for aggregate reports", found, domain, amended(record, *own))
    elif isinstance(record, Dmarc):
        rua = (("rua", ",".join(deliverable)),) if deliverable else own
        yield publish(verdict.check, "Give mailto addresses for reports", found, domain, amended(record, *rua))
    else:
        text = amended(record, ("p", "none"), *own)
        yield publish(verdict.check, "Publish a DMARC record that asks for reports", found, domain, text)


def _elsewhere(check: str, domain: str, record: Dmarc) -> Remedy:
    """For a domain that receives no mail, and so no reports either."""
    wanted = amended(record, ("rua", "mailto:dmarc-reports@<a domain of yours that receives mail>"))
    settings = (f"_dmarc.{domain}. TXT {render_txt(wanted)}", f'{domain}._report._dmarc.<that domain>. TXT "v=DMARC1"')
    what = f"Ask for aggregate reports at an address elsewhere, for {domain} receives no mail, and have its domain agree"
    return Remedy(check, what, settings=settings)


CHECK = Check(
    id="dmarc.reports-received",
    title="DMARC reports are asked for and delivered",
    sources=(Source("RFC 9989", "4.7"), Source("RFC 9990", "4")),
    judge=judge,
    remedy=remedy,
)
