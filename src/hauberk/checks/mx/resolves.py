"""Every MX name leads to an address that the internet can reach

## What it means
Each host in the domain's MX records is a name (not an address) with an A or AAAA record of its own (not a CNAME), at an address that is
neither private nor loopback. A domain that takes no mail says so with a null MX.

## Why it matters
A host that does not resolve costs every sender a failed attempt; if it is the only one, mail is returned. An alias in an MX record is
forbidden (RFC 2181, 10.3), and some servers refuse it. Worst is a host in a domain that nobody has registered: whoever registers it
receives your mail.

## How to fix
Point the MX records at names with addresses, and take out what is gone:

    example.com. MX 10 mx.example.com.
    mx.example.com. A 192.0.2.10
"""

import re
from collections.abc import Iterable, Iterator

from hauberk.checks.check import Check, Source
from hauberk.checks.endpoints import unanswered
from hauberk.checks.implicit_mx import said_clearly
from hauberk.checks.reading import Reading
from hauberk.model.assessment import Remedy
from hauberk.model.dns import DnsAnswer, NoAnswer, Record
from hauberk.model.verdict import CheckVerdict, Finding, Verdict
from hauberk.protocols import mx, rdata
from hauberk.protocols.mx import MxHost, Resolution, Routing
from hauberk.protocols.names import registrable
from hauberk.protocols.special_addresses import special_kind

_HOST = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(?<!-)(?:\.(?!-)[A-Za-z0-9_-]{1,63}(?<!-))*")
_LITERAL = re.compile(r"\[?\d{1,3}(\.\d{1,3}){3}\]?|\[?ipv6:.*|\[.*\]", re.IGNORECASE)


def judge(reading: Reading) -> Iterator[Finding]:
    found = reading.walked(mx.resolution, reading.domain, reading.options)
    domain, route = reading.domain, found.route
    match route.routing:
        case Routing.NULL:
            return
        case Routing.NO_DOMAIN:
            message = "Asked for its MX records, the DNS says that there is no such name (NXDOMAIN): all mail to it is returned."
            yield Finding(domain, Verdict.FAIL, message, _aliases(found), "mx-missing")
        case Routing.NONE:
            message = (
                "The domain has neither MX nor address: mail to it is returned, at some senders only after days. A null MX says so at once."
            )
            yield Finding(domain, Verdict.INFO, message, code="mx-missing")
        case Routing.IMPLICIT:
            message = (
                "There is no MX record. Senders fall back to the address of the domain (RFC 5321, 5.1), which is often just a web server."
            )
            yield Finding(domain, Verdict.WARN, message, tuple(sorted(route.hosts[0].addresses)), "mx-missing")
        case Routing.UNKNOWN:
            yield Finding(domain, Verdict.UNKNOWN, f"The question for the MX records {unanswered(route.answer)}.", code="mx-unknown")
        case Routing.MX:
            yield from _judge_set(found)
            for host in route.hosts:
                yield _judge_host(found, host)


def _judge_set(found: Resolution) -> Iterator[Finding]:
    records = _records(found)
    null = [record for record in records if rdata.mx(record).exchange == "."]
    if null:
        message = "A null MX stands beside real ones, which RFC 7505, 3 forbids: senders disagree about whether the domain takes mail."
        yield Finding(null[0].name, Verdict.FAIL, message, tuple(record.data for record in records), "mx-null-mixed")
    if found.route.left_out:
        message = (
            f"There are {len(found.route.hosts) + found.route.left_out} MX hosts; only the first {len(found.route.hosts)} were looked at."
        )
        yield Finding(records[0].name, Verdict.INFO, message, code="mx-many")


def _judge_host(found: Resolution, host: MxHost) -> Finding:
    evidence = tuple(f"{record.name}. MX {record.data}" for record in _records(found) if rdata.mx(record).exchange == host.name)
    evidence += tuple(f"{record.name}. {record.type} {record.data}" for record in host.aliases)
    if _LITERAL.fullmatch(host.name):
        message = (
            "The MX record holds an address; it has to hold a host name (RFC 5321, 5.1), and senders that look the text up find nothing."
        )
        return Finding(host.name, Verdict.FAIL, message, evidence, "mx-literal")
    if host.name == "localhost" or host.name.endswith(".localhost"):
        return Finding(host.name, Verdict.FAIL, "The MX names localhost: each sender would deliver to itself.", evidence, "mx-private")
    if not _HOST.fullmatch(host.name):
        message = "The MX names no possible host (RFC 1123, 2.1: letters, digits and hyphens); many senders pass over such a record."
        return Finding(host.name, Verdict.FAIL, message, evidence, "mx-no-host-name")
    if not host.addresses:
        return _judge_unresolved(found, host, evidence)
    special = tuple((address, special_kind(address)) for address in host.addresses if special_kind(address))
    if special:
        said = ", ".join(f"{address} ({kind})" for address, kind in special)
        message = f"Nobody outside can reach the host here: {said}."
        return Finding(host.name, Verdict.FAIL, message, evidence, "mx-private")
    if host.aliases:
        message = f"The host is an alias (CNAME) of {host.canonical}; an MX has to name the host itself (RFC 2181, 10.3)."
        return Finding(host.name, Verdict.FAIL, message, evidence, "mx-cname")
    return Finding(host.name, Verdict.PASS, f"Resolves to {', '.join(host.addresses[:6])}.", evidence)


def _aliases(found: Resolution) -> tuple[str, ...]:
    """The records on the way from the domain itself to nowhere."""
    answer = found.route.answer
    return tuple(f"{one.name}. {one.type} {one.data}" for one in answer.of("CNAME")) if isinstance(answer, DnsAnswer) else ()


def _judge_unresolved(found: Resolution, host: MxHost, evidence: tuple[str, ...]) -> Finding:
    for kind, answer in (("A", host.ipv4), ("AAAA", host.ipv6)):
        if isinstance(answer, NoAnswer) or answer.rcode not in ("NOERROR", "NXDOMAIN"):
            return Finding(host.name, Verdict.UNKNOWN, f"The question for its {kind} records {unanswered(answer)}.", evidence, "mx-unknown")
    if found.dangling(host):
        message = f"The domain {registrable(host.canonical)} does not exist: whoever registers it receives your mail."
        return Finding(host.name, Verdict.FAIL, message, evidence, "mx-dangling")
    why = "has neither A nor AAAA record" if host.exists else "does not exist (NXDOMAIN)"
    return Finding(host.name, Verdict.FAIL, f"The name {why}, so nothing can be delivered there.", evidence, "mx-unresolved")


def _records(found: Resolution) -> tuple[Record, ...]:
    answer = found.route.answer
    return answer.of("MX") if isinstance(answer, DnsAnswer) else ()


def remedy(reading: Reading, verdict: CheckVerdict) -> Iterable[Remedy]:
    """The MX set of today without what is wrong; aliases are replaced by what they stand for."""
    found = reading.walked(mx.resolution, reading.domain, reading.options)
    domain = reading.domain
    if found.route.routing is Routing.IMPLICIT:
        return (said_clearly(reading, CHECK.id),)
    if found.route.routing is not Routing.MX:
        return ()
    bad = {one.subject: one.code for one in verdict.findings if one.verdict is Verdict.FAIL}
    canonical = {host.name: host.canonical for host in found.route.hosts}
    kept: list[str] = []
    for record in _records(found):
        one = rdata.mx(record)
        if one.exchange == "." or bad.get(one.exchange, "mx-cname") != "mx-cname":
            continue
        kept.append(f"{domain}. MX {one.preference} {canonical.get(one.exchange, one.exchange)}.")
    if not kept:
        what = "No MX host is left that works: point the MX record at a host name with a public address."
        return (Remedy(CHECK.id, what, settings=(f"{domain}. MX 10 <name of your mail server>.",)),)
    what = "Take out the MX hosts that lead nowhere, and name hosts instead of aliases."
    return (Remedy(CHECK.id, what, tuple(dict.fromkeys(kept)), (f"{domain}. MX",)),)


CHECK = Check(
    id="mx.resolves",
    title="MX names lead to public addresses",
    sources=(Source("RFC 5321", "5.1"), Source("RFC 2181", "10.3"), Source("RFC 7505", "3"), Source("RFC 6890", "2.2")),
    judge=judge,
    remedy=remedy,
)
