"""Mail arrives over IPv6.

## What it means

Every MX host should have an IPv6 address (an AAAA record), and a mail server should answer there. The check looks the addresses up and
connects to each, provided that the machine it runs on has IPv6 itself.

## Why it matters

A growing share of networks has IPv6 only, or IPv4 only through overloaded translators. An AAAA record without a server behind it is worse
than none: every sender with IPv6 waits for a time-out before it tries IPv4.

## How to fix

Give the host an IPv6 address, let the server listen there, open port 25, and publish the address:

    mx.example.com. AAAA 2001:db8::25
    inet_protocols = all    # Postfix main.cf

Then set the reverse name of the new address; receivers are stricter about it over IPv6.
"""

from collections.abc import Iterator

from hauberk.checks.answers import answered
from hauberk.checks.authentication import leads_nowhere
from hauberk.checks.check import Check, Source
from hauberk.checks.endpoints import Seen, State, mail_route, seen, takes_mail, unanswered
from hauberk.checks.reading import Reading
from hauberk.model.assessment import Remedy
from hauberk.model.verdict import CheckVerdict, Finding, Verdict
from hauberk.protocols.mx import MxHost, Routing


def judge(reading: Reading) -> Iterator[Finding]:
    if not takes_mail(reading):
        return
    route = mail_route(reading)
    if route.routing is Routing.UNKNOWN and not route.hosts:
        yield Finding(reading.domain, Verdict.UNKNOWN, f"The mail hosts are not known: the question for them {unanswered(route.answer)}.")
    for host in route.hosts:
        if not leads_nowhere(host):  # a name without any address wants more than IPv6: see mx.resolves
            yield from _judge_host(reading, host)


def _judge_host(reading: Reading, host: MxHost) -> Iterator[Finding]:
    if not answered(host.ipv6):
        yield Finding(host.name, Verdict.UNKNOWN, f"The question for the IPv6 address of {host.name} {unanswered(host.ipv6)}.")
    elif not any(":" in address for address in host.addresses):
        yield Finding(host.name, Verdict.WARN, f"{host.name} has no IPv6 address (AAAA).", code="ipv6-missing")
    elif not reading.options.smtp:
        yield Finding(host.name, Verdict.UNKNOWN, "The mail servers were not contacted: the scan was asked for DNS only.", code="not-asked")
    elif not reading.observation.vantage.ipv6:
        message = f"{host.name} has an IPv6 address, but the machine that scans has no IPv6 and could not try it."
        yield Finding(host.name, Verdict.UNKNOWN, message, code="no-route")
    else:
        for one in seen(reading):
            if one.endpoint.host == host.name and ":" in one.endpoint.address:
                yield _judge_endpoint(reading, one)


def _judge_endpoint(reading: Reading, one: Seen) -> Finding:
    """An endpoint that is down counts against the host only if something else answers from here: port 25 may be closed to us."""
    subject = str(one.endpoint)
    match one.state:
        case State.REACHABLE:
            return Finding(subject, Verdict.PASS, "A mail server answers over IPv6.", one.evidence)
        case State.REFUSED_US | State.MUTE:
            return Finding(subject, Verdict.PASS, f"Something answers over IPv6; {one.detail}.", one.evidence)
        case State.DOWN if any(other.state in (State.REACHABLE, State.REFUSED_US, State.MUTE) for other in seen(reading)):
            message = f"The IPv6 address is published, but no connection to port 25 comes about: {one.detail}."
            return Finding(subject, Verdict.WARN, message, code="ipv6-unreachable")
        case State.DOWN:
            message = f"Not known: {one.detail}; no other mail server of the domain answers from here either."
            return Finding(subject, Verdict.UNKNOWN, message, code="down")
        case State.NO_ROUTE | State.NOT_TRIED:
            return Finding(subject, Verdict.UNKNOWN, f"Not tested: {one.detail}.", code=one.state.value)


def remedy(reading: Reading, verdict: CheckVerdict) -> Iterator[Remedy]:
    missing = tuple(finding.subject for finding in verdict.findings if finding.code == "ipv6-missing")
    closed = tuple(finding.subject for finding in verdict.findings if finding.code == "ipv6-unreachable")
    steps: list[str] = []
    if missing:
        steps.append(f"Give {', '.join(missing)} an IPv6 address, let the mail server listen there, then publish it as AAAA record.")
    if closed:
        steps.append(f"Open port 25 for {', '.join(closed)}, or take the AAAA record away until the server listens there.")
    if steps:
        yield Remedy("ipv6.mail-reachable", " ".join(steps), settings=("inet_protocols = all  # Postfix main.cf",))


CHECK = Check(
    id="ipv6.mail-reachable",
    title="Mail arrives over IPv6",
    sources=(Source("RFC 5321", "5.2"), Source("RFC 6540", "2")),
    judge=judge,
    remedy=remedy,
)
