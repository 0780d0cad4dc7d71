"""Mail servers' addresses have names that lead back.

## What it means

Reverse DNS gives an address its name (a PTR record). It is *confirmed* when that name has the address in turn. The check wants this for
every address of every MX host. It also looks at how the server introduces itself: the name in its greeting (`220 mx.example.com ESMTP`)
and the one in its answer to EHLO should be the same.

## Why it matters

Receivers distrust mail from addresses without a confirmed name; Gmail and many others refuse it. Servers that receive often send too:
replies, bounces, forwarded mail. A server that calls itself `localhost` or changes its name is taken for a hijacked machine.

## How to fix

Reverse DNS belongs to whoever owns the address: set it in your hosting provider's panel, or have it delegated. The name has to exist:

    10.2.0.192.in-addr.arpa. PTR mx.example.com.
    mx.example.com. A 192.0.2.10

Give the server its name:

    myhostname = mx.example.com    # Postfix main.cf
"""

from collections.abc import Iterator

from hauberk.checks.answers import answered
from hauberk.checks.check import Check, Source
from hauberk.checks.endpoints import Seen, State, mail_route, seen, takes_mail, unanswered
from hauberk.checks.reading import Reading
from hauberk.model.assessment import Remedy
from hauberk.model.transport import Endpoint
from hauberk.model.verdict import CheckVerdict, Finding, Verdict
from hauberk.protocols import reverse
from hauberk.protocols.malformed import visible
from hauberk.protocols.mx import Routing
from hauberk.protocols.reverse import Reverse, pointer
from hauberk.protocols.smtp import quoted
from hauberk.protocols.special_addresses import special_kind


def judge(reading: Reading) -> Iterator[Finding]:
    if not takes_mail(reading):
        return
    route = mail_route(reading)
    if route.routing is Routing.UNKNOWN or not route.endpoints:
        yield Finding(reading.domain, Verdict.UNKNOWN, "No mail server of the domain has a known address.", code="no-address")
        return
    names = {one.address: one for one in reading.walked(reverse.survey, reading.domain, reading.options)}
    for endpoint in route.endpoints:
        if endpoint.address in names and not special_kind(endpoint.address):  # nobody can give a private address a public name
            yield _judge_address(endpoint, names[endpoint.address])
    for one in seen(reading):
        if one.state is State.REACHABLE:
            yield from _judge_introduction(one)


def _judge_address(endpoint: Endpoint, found: Reverse) -> Finding:
    subject, name_of = str(endpoint), pointer(found.address)
    shown = tuple(f"{name_of} PTR {visible(name)}" for name in found.names)
    if not answered(found.answer):
        return Finding(subject, Verdict.UNKNOWN, f"The question for the name of {found.address} {unanswered(found.answer)}.")
    if not found.names:
        return Finding(
            subject, Verdict.WARN, f"The address {found.address} has no name: there is no PTR record at {name_of}.", code="ptr-missing"
        )
    if found.confirmed:
        return Finding(subject, Verdict.PASS, f"{found.address} is {visible(found.confirmed[0])} and back.", shown)
    for forward in found.forwards:
        if not answered(forward.answer):
            message = f"The question for the address of {visible(forward.name)}, the name of {found.address}, {unanswered(forward.answer)}."
            return Finding(subject, Verdict.UNKNOWN, message, shown)
    message = f"{found.address} is called {visible(found.names[0])}, but that name does not lead back to it."
    return Finding(subject, Verdict.WARN, message, shown, "ptr-unconfirmed")


def _judge_introduction(one: Seen) -> Iterator[Finding]:
    """The greeting against the EHLO response (RFC 5321, 4.2 and 4.1.1.1: both begin with the server's own domain name)."""
    facts, subject = one.facts, str(one.endpoint)
    banner, ehlo = facts.banner_host, facts.ehlo_clear.domain if facts.ehlo_clear else ""
    shown = tuple(visible(quoted(reply)) for reply in (facts.greeting, facts.ehlo_reply) if reply)
    if facts.greeting is None:
        return
    if "." not in banner:
        message = (
            f"The greeting does not begin with the server's full name{f' but with {visible(banner)}' if banner else ''} (RFC 5321, 4.2)."
        )
        local = banner in ("localhost", "localdomain")
        yield Finding(subject, Verdict.WARN if local else Verdict.INFO, message, shown, "helo-mismatch" if local else "no-helo-name")
    elif ehlo and ehlo != banner:
        message = f"The server greets as {visible(banner)} and answers EHLO as {visible(ehlo)}; one name would do."
        yield Finding(subject, Verdict.WARN, message, shown, "helo-mismatch")


def remedy(reading: Reading, verdict: CheckVerdict) -> Iterator[Remedy]:
    codes = {(finding.subject, finding.code) for finding in verdict.findings}
    endpoints = mail_route(reading).endpoints
    nameless = tuple(one for one in endpoints if codes & {(str(one), "ptr-missing"), (str(one), "ptr-unconfirmed")})
    if nameless:
        pointers = tuple((pointer(one.address), one.host) for one in nameless)
        what = f"Have whoever owns {', '.join(one.address for one in nameless)} give each address the name of its host."
        records = tuple(f"{name}. PTR {host}." for name, host in pointers)
        yield Remedy(
            "ptr.confirmed",
            what,
            records,
            tuple(f"{pointer(one.address)}. PTR" for one in nameless if (str(one), "ptr-unconfirmed") in codes),
        )
    misnamed = dict.fromkeys(one.host for one in endpoints if (str(one), "helo-mismatch") in codes)
    if misnamed:
        settings = (
            *(f"myhostname = {host}  # Postfix main.cf, on {host}" for host in misnamed),
            "smtpd_banner = $myhostname ESMTP  # Postfix main.cf",
        )
        yield Remedy("ptr.confirmed", "Let each server greet and answer with its own name.", settings=settings)


CHECK = Check(
    id="ptr.confirmed",
    title="Mail servers' addresses have names that lead back",
    sources=(Source("RFC 1912", "2.1"), Source("RFC 5321", "4.2"), Source("RFC 8601", "2.7.3")),
    judge=judge,
    remedy=remedy,
)
