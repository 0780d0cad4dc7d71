"""Every mail server answers

## What it means
Each MX host, at each of its addresses, accepts a connection on port 25, greets and answers EHLO. There are three states: reachable; it
refused us (greylisting, block list, rate limit: that is between it and the scanner); and down.

## Why it matters
Senders try one host after the other and wait between attempts. A host that is down delays mail and, if it is the only one, loses it after
some days. Forgotten backup MX hosts are the usual find, and so are AAAA records of hosts that do not listen on IPv6.

When nothing at all could be reached and every attempt ended in silence, the network of the scanner probably does not let port 25 out
(most access providers block it); this is then unknown and not held against the domain.

## How to fix
Start the server, open port 25 in its firewall for IPv4 and IPv6, or take the MX or address record out:

    ss -ltn 'sport = :25'      # does it listen on 0.0.0.0:25 and [::]:25?
"""

from collections.abc import Iterator

from hauberk.checks.check import Check, Source
from hauberk.checks.endpoints import Seen, State, mail_route, seen, takes_mail, untestable
from hauberk.checks.reading import Reading
from hauberk.model.assessment import Remedy
from hauberk.model.dns import Silence
from hauberk.model.transport import Ending
from hauberk.model.verdict import CheckVerdict, Finding, Verdict
from hauberk.protocols.smtp import Refusal


def judge(reading: Reading) -> Iterator[Finding]:
    if not takes_mail(reading):
        return
    why = untestable(reading)
    if why:
        yield why
        return
    found = seen(reading)
    for one in found:
        yield _judge_one(one, found)


def _judge_one(one: Seen, all_seen: tuple[Seen, ...]) -> Finding:
    subject = str(one.endpoint)
    match one.state:
        case State.REACHABLE:
            return Finding(subject, Verdict.PASS, "The server answers.", one.evidence[:1])
        case State.REFUSED_US if one.facts.refusal is Refusal.NO_SERVICE:
            message = f"The server says that it takes no mail, yet an MX points at it: {one.detail}."
            return Finding(subject, Verdict.WARN, message, one.evidence, "no-service")
        case State.REFUSED_US:
            message = f"Not looked into further: {one.detail}. Nothing is held against the server."
            return Finding(subject, Verdict.UNKNOWN, message, one.evidence, "refused-us")
        case State.MUTE if one.session and one.session.ending in (Ending.GARBLED, Ending.TOO_MUCH):
            return Finding(subject, Verdict.WARN, f"No mail server seems to listen there: {one.detail}.", one.evidence, "mute")
        case State.MUTE:
            return Finding(subject, Verdict.UNKNOWN, f"Not known: {one.detail}.", one.evidence, "mute")
        case State.DOWN:
            return _judge_down(one, all_seen)
        case State.NO_ROUTE:
            only = all(other.state is State.NO_ROUTE for other in all_seen)
            return Finding(subject, Verdict.UNKNOWN if only else Verdict.INFO, f"Not tested: {one.detail}.", code="no-route")
        case State.NOT_TRIED:
            return Finding(subject, Verdict.UNKNOWN, f"Not tested: {one.detail}.", code="not-tried")


def _judge_down(one: Seen, all_seen: tuple[Seen, ...]) -> Finding:
    """Down is a fact only when we know that our own port 25 gets out: some server answered, or refused the connection."""
    subject = str(one.endpoint)
    answered = any(other.state in (State.REACHABLE, State.REFUSED_US, State.MUTE) for other in all_seen)
    if answered:
        message = f"Down: {one.detail}. Other servers of the domain answer, so mail arrives late rather than never."
        return Finding(subject, Verdict.WARN, message, code="down")
    if one.silence is Silence.REFUSED:
        return Finding(subject, Verdict.FAIL, f"Down: {one.detail}. No other server of the domain answers.", code="down")
    message = f"Not reached: {one.detail}. No server of the domain was; the scanner's own network may not let port 25 out."
    return Finding(subject, Verdict.UNKNOWN, message, code="not-reached")


def remedy(reading: Reading, verdict: CheckVerdict) -> Iterator[Remedy]:
    bad = [one.subject for one in verdict.findings if one.verdict in (Verdict.FAIL, Verdict.WARN)]
    all_bad = {host.name for host in mail_route(reading).hosts if all(str(endpoint) in bad for endpoint in host.endpoints)}
    for host in mail_route(reading).hosts:
        down = [endpoint for endpoint in host.endpoints if str(endpoint) in bad]
        if not down:
            continue
        addresses = ", ".join(endpoint.address for endpoint in down)
        spare = ", or take the MX record out" if len(mail_route(reading).hosts) > len(all_bad) else ""  # the last one is not for taking out
        instead = spare if host.name in all_bad else ", or take the address record out"
        what = f"Let {host.name} answer on port 25 at {addresses}{instead}."
        yield Remedy(CHECK.id, what, settings=("inet_interfaces = all  # Postfix main.cf", "inet_protocols = all"))


CHECK = Check(
    id="mx.reachable",
    title="Every mail server answers",
    sources=(Source("RFC 5321", "4.5.4.1 and 5.1"), Source("RFC 7504", "2")),
    judge=judge,
    remedy=remedy,
)
