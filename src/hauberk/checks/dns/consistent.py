"""Every name server says the same.

## What it means

A domain has several authoritative name servers, and a resolver asks whichever it likes. The check asks each of them, at its own address,
for MX, TXT (SPF) and the DMARC record, and compares the answers as sets. A server that does not serve the zone at all is *lame*.

## Why it matters

If the servers differ, the same message is delivered, bounced or taken for a forgery by turns, and nobody can reproduce it. Most often one
server stopped receiving updates months ago, or a name server of the former provider is still listed.

## How to fix

Compare the serial numbers in the SOA records. A secondary that is behind cannot transfer the zone: look at its log, at the firewall (port
53, TCP too) and at the TSIG key. Take servers that no longer serve the zone out of the NS set, in the zone **and** at the registrar:

    example.com. NS ns1.example.net.
    example.com. NS ns2.example.net.

Differences for some minutes after a change are normal.
"""

from collections import Counter
from collections.abc import Iterator

from msgspec.structs import replace

from hauberk.checks.check import Check, Source
from hauberk.checks.endpoints import mail_route, unanswered
from hauberk.checks.reading import Reading
from hauberk.model.assessment import Remedy
from hauberk.model.dns import DnsAnswer, NoAnswer, Silence
from hauberk.model.verdict import CheckVerdict, Finding, Verdict
from hauberk.protocols import delegation
from hauberk.protocols.delegation import NameServer, Said, Zone, own_records
from hauberk.protocols.malformed import visible
from hauberk.protocols.mx import Routing

_LONGEST = 200  # characters quoted of one record
_MOST = 6  # records quoted of one answer


def judge(reading: Reading) -> Iterator[Finding]:
    if mail_route(reading).routing is Routing.NO_DOMAIN:
        return
    found = reading.walked(delegation.survey, reading.domain, reading.options)
    if not found.zones:
        reason = f"the question for its name servers {unanswered(found.failed)}" if found.failed else "no name servers were found for it"
        yield Finding(reading.domain, Verdict.UNKNOWN, f"Whether the name servers agree is not known: {reason}.")
    for zone in found.zones:
        yield from _judge_zone(zone)


def _judge_zone(zone: Zone) -> Iterator[Finding]:
    for name in zone.unresolved:
        yield Finding(name, Verdict.WARN, f"The name server {name} of {zone.apex} has no address.", code="lame")
    states = {server: _state(server, zone) for server in zone.servers}
    serving = tuple(server for server, state in states.items() if state is None)
    for state in states.values():
        if state is not None and serving and state.code == "no-route":
            yield replace(state, verdict=Verdict.INFO)
        elif state is not None:
            yield state
    differences = tuple(finding for said in _by_question(zone, serving) for finding in _compare(zone, said))
    yield from differences
    if len(serving) == 1:
        message = f"Only one name server of {zone.apex} could be asked, so that there is nothing to compare."
        yield Finding(zone.apex, Verdict.PASS if len(zone.servers) == 1 else Verdict.UNKNOWN, message)
    elif serving and not differences:
        message = f"{len(serving)} servers of {zone.apex} give the same answers for MX, TXT and DMARC."
        yield Finding(zone.apex, Verdict.PASS, message, tuple(_shown(server) for server in serving))


def _shown(server: NameServer) -> str:
    return f"{visible(server.name)} {server.address}"


def _state(server: NameServer, zone: Zone) -> Finding | None:
    """Why a server is left out of the comparison; None for one that serves the zone."""
    answers = [said.answer for said in zone.said if said.server == server]
    soa = answers[0]
    subject = _shown(server)
    if isinstance(soa, NoAnswer):
        code = "no-route" if soa.reason is Silence.NO_ROUTE else "silent"
        return Finding(subject, Verdict.UNKNOWN, f"The question to {subject} {unanswered(soa)}.", code=code)
    if soa.rcode in ("REFUSED", "NOTAUTH", "SERVFAIL") or not soa.of("SOA"):
        said = soa.rcode if soa.rcode != "NOERROR" else "no SOA record"
        message = f"{subject} is listed for {zone.apex} but does not serve it (it answers {said}); resolvers have to try another."
        return Finding(subject, Verdict.WARN, message, code="lame")
    return None


def _by_question(zone: Zone, serving: tuple[NameServer, ...]) -> Iterator[tuple[Said, ...]]:
    """What the serving servers said to each question but that for the SOA."""
    for name, kind in dict.fromkeys((said.question.name, said.question.type) for said in zone.said):
        if kind != "SOA":
            yield tuple(said for said in zone.said if said.server in serving and (said.question.name, said.question.type) == (name, kind))


def _compare(zone: Zone, answers: tuple[Said, ...]) -> Iterator[Finding]:
    """A finding for each server that differs from what most say (or the newest copy), and for each that fails on this question alone."""
    sets = {said.server: own_records(said) for said in answers}
    counted = Counter(records for records in sets.values() if records is not None)

    def weight(records: frozenset[tuple[str, str]]) -> tuple[int, int, list[tuple[str, str]]]:
        newest = max(_serial(zone, server) for server, held in sets.items() if held == records)
        return counted[records], newest, sorted(records)

    usual = next(iter(counted)) if len(counted) == 1 else max(counted, key=weight, default=None)
    for said in answers:
        records, subject = sets[said.server], _shown(said.server)
        what = f"{said.question.name} {said.question.type}"
        if records is None:
            yield Finding(subject, Verdict.UNKNOWN, f"The question for {what} to {subject} {unanswered(said.answer)}.")
        elif usual is not None and records != usual:
            shown = (f"{subject}: {_quoted(records)}", f"others: {_quoted(usual)}", *_serials(zone))
            message = f"{subject} gives another answer for {what} than the other servers of {zone.apex}."
            yield Finding(subject, Verdict.WARN, message, shown, "inconsistent")


def _quoted(records: frozenset[tuple[str, str]]) -> str:
    shown = [visible(f"{kind} {data}")[:_LONGEST] for kind, data in sorted(records)]
    return " | ".join(shown[:_MOST]) + (f" | and {len(shown) - _MOST} more" if len(shown) > _MOST else "") if shown else "nothing"


def _serial(zone: Zone, server: NameServer) -> int:
    """The serial number of a server's copy of the zone; 0 if it gave none."""
    for said in zone.said:
        if said.server == server and said.question.type == "SOA" and isinstance(said.answer, DnsAnswer):
            for record in said.answer.of("SOA"):
                fields = record.data.split()
                return int(fields[2]) if len(fields) > 2 and fields[2].isdecimal() else 0
    return 0


def _serials(zone: Zone) -> tuple[str, ...]:
    return tuple(f"serial at {_shown(server)}: {_serial(zone, server)}" for server in zone.servers if _serial(zone, server))


def remedy(reading: Reading, verdict: CheckVerdict) -> Iterator[Remedy]:
    steps: list[str] = []
    for code, what in (
        ("inconsistent", "Find out why {} differs: compare the serial numbers and look for failed zone transfers in its log."),
        ("lame", "Let {} serve the zone, or take it out of the NS set in the zone and at the registrar."),
    ):
        servers = dict.fromkeys(finding.subject for finding in verdict.findings if finding.code == code)
        if servers:
            steps.append(what.format(", ".join(servers)))
    if steps:
        yield Remedy("dns.consistent", " ".join(steps))


CHECK = Check(
    id="dns.consistent",
    title="Every name server says the same",
    sources=(Source("RFC 1034", "4.2.2"), Source("RFC 2182", "3"), Source("RFC 1912", "2.8")),
    judge=judge,
    remedy=remedy,
)
