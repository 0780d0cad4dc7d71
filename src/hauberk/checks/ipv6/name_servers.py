"""The domain's name servers answer over IPv6.

## What it means

At least two of the zone's name servers (all of them, if there are fewer) have an IPv6 address and answer there. The check asks each of
them at its own address, provided that the machine it runs on has IPv6 itself.

## Why it matters

Before mail can arrive over IPv6, the domain has to be found over IPv6. A resolver in a network with IPv6 only cannot ask servers that
have IPv4 addresses alone, and then neither the mail servers nor SPF and DMARC are there for it.

## How to fix

Most DNS providers have IPv6 to switch on, or have it and only their names want changing. For servers of your own, publish the address,
and the glue for it at the registrar where the name lies within the zone:

    ns1.example.com. AAAA 2001:db8::53
"""

from collections.abc import Iterator
from functools import partial

from hauberk.checks.answers import answered
from hauberk.checks.check import Check, Source
from hauberk.checks.endpoints import unanswered
from hauberk.checks.reading import Reading
from hauberk.checks.zones import each_zone
from hauberk.model.assessment import Remedy
from hauberk.model.dns import NoAnswer
from hauberk.model.verdict import CheckVerdict, Finding, Verdict
from hauberk.protocols.delegation import Zone

_WANTED = 2  # as the mail test of Internet.nl wants it


def judge(reading: Reading) -> Iterator[Finding]:
    return each_zone(reading, partial(_judge_zone, reading))


def _judge_zone(reading: Reading, zone: Zone) -> Finding:
    silent = tuple(name for name in zone.names if not answered(reading.dns(name, "AAAA")))
    with_address = {server.name: server for server in zone.servers if ":" in server.address}
    wanted = min(_WANTED, len(zone.names))
    evidence = tuple(f"{server.name} {server.address}" for server in with_address.values())
    if len(with_address) < wanted and silent:
        message = f"The question for the IPv6 address of {silent[0]} {unanswered(reading.dns(silent[0], 'AAAA'))}."
        return Finding(zone.apex, Verdict.UNKNOWN, message, evidence)
    if len(with_address) < wanted:
        count = "None" if not with_address else "Only one"
        have = "has" if with_address or len(zone.names) == 1 else "have"
        message = f"{count} of the {len(zone.names)} name servers of {zone.apex} {have} an IPv6 address (AAAA)."
        return Finding(zone.apex, Verdict.WARN, message, evidence, "ipv6-missing")
    if not reading.observation.vantage.ipv6:
        message = "The name servers have IPv6 addresses, but the machine that scans has no IPv6 and could not try them."
        return Finding(zone.apex, Verdict.UNKNOWN, message, evidence, "no-route")
    heard = {said.server.name for said in zone.said if ":" in said.server.address and not isinstance(said.answer, NoAnswer)}
    if len(heard) >= wanted:
        said = "The name server answers" if len(heard) == 1 else f"{len(heard)} name servers answer"
        return Finding(zone.apex, Verdict.PASS, f"{said} over IPv6.", evidence)
    if not any(not isinstance(said.answer, NoAnswer) for said in zone.said):
        return Finding(zone.apex, Verdict.UNKNOWN, "None of the name servers answered here, over IPv4 either.", evidence, "silent")
    message = f"No answer came over IPv6 from {', '.join(name for name in with_address if name not in heard)}."
    return Finding(zone.apex, Verdict.WARN, message, evidence, "ipv6-unreachable")


def remedy(reading: Reading, verdict: CheckVerdict) -> Iterator[Remedy]:
    zones = ", ".join(finding.subject for finding in verdict.findings if finding.verdict is Verdict.WARN)
    what = f"Have at least two name servers of {zones} answer over IPv6: ask your DNS provider, or give your own servers addresses."
    yield Remedy(CHECK.id, what)


CHECK = Check(
    id="ipv6.name-servers",
    title="The name servers answer over IPv6",
    sources=(Source("RFC 3901", "4"), Source("RFC 6540", "2")),
    judge=judge,
    remedy=remedy,
)
