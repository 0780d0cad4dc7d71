"""The domain has name servers in more than one network.

## What it means

The zone has at least two name servers, and their addresses do not all lie in one network (a /24 of IPv4, a /48 of IPv6).

## Why it matters

While no name server can be reached, the domain is gone: mail waits at the senders and then comes back, and nothing that is sent in the
domain's name can be checked. One server, or several behind one line, fail together.

## How to fix

Add a name server elsewhere, a secondary at another provider for example, in the zone **and** at the registrar:

    example.com. NS ns1.example.net.
    example.com. NS ns2.example.org.
"""

from collections.abc import Iterator
from ipaddress import ip_address, ip_network

from hauberk.checks.check import Check, Source
from hauberk.checks.reading import Reading
from hauberk.checks.zones import each_zone
from hauberk.model.assessment import Remedy
from hauberk.model.verdict import CheckVerdict, Finding, Verdict
from hauberk.protocols.delegation import Zone


def judge(reading: Reading) -> Iterator[Finding]:
    return each_zone(reading, _judge_zone)


def _judge_zone(zone: Zone) -> Finding:
    evidence = tuple(f"{server.name} {server.address}" for server in zone.servers)
    if len(zone.names) == 1:
        message = f"{zone.apex} has one name server only: while it is away, the domain is."
        return Finding(zone.apex, Verdict.WARN, message, evidence, "one-server")
    if not zone.servers:
        return Finding(zone.apex, Verdict.UNKNOWN, f"The addresses of the name servers of {zone.apex} are not known.")
    networks = {_network(server.address) for server in zone.servers}
    versions = {network.partition(":")[0] for network in networks}
    if len(networks) == len(versions):
        message = f"All name servers of {zone.apex} are in one network: one fault there takes all of them away."
        return Finding(zone.apex, Verdict.WARN, message, evidence, "one-network")
    return Finding(zone.apex, Verdict.PASS, f"{zone.apex} has {len(zone.names)} name servers in more than one network.", evidence)


def _network(address: str) -> str:
    """`4:192.0.2.0/24`, `6:2001:db8::/48`."""
    version = ip_address(address).version
    return f"{version}:{ip_network(f'{address}/{24 if version == 4 else 48}', strict=False)}"


def remedy(reading: Reading, verdict: CheckVerdict) -> Iterator[Remedy]:
    zones = ", ".join(finding.subject for finding in verdict.findings if finding.verdict is Verdict.WARN)
    yield Remedy(CHECK.id, f"Add a name server in another network to {zones}, in the zone and at the registrar.")


CHECK = Check(
    id="dns.redundant",
    title="There are name servers in more than one network",
    sources=(Source("RFC 1034", "4.1"), Source("RFC 2182", "3.1 and 5")),
    judge=judge,
    remedy=remedy,
)
