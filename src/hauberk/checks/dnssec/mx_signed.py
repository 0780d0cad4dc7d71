"""The mail hosts' names are signed with DNSSEC.

## What it means

Your MX records name hosts, and the addresses of the hosts may live in another zone, at a provider perhaps. The check asks a validating
resolver for the addresses of each host and wants them *secure*. The domain's own signatures are another check's matter.

## Why it matters

Whoever forges the address of your mail host receives your mail, however well your own domain is signed. DANE counts only where the host's
zone is signed too: its TLSA records live there.

## How to fix

If the hosts are yours, sign their zone and hand the DS record to its registrar:

    dnssec-policy default;    # BIND, in the zone

If they are a provider's, ask for host names in a signed zone; Microsoft 365, for one, has such names beside the old ones:

    example.com. MX 10 example-com.x-v1.mx.microsoft.
"""

from collections.abc import Iterator

from hauberk.checks.check import Check, Source
from hauberk.checks.dnssec import states
from hauberk.checks.endpoints import mail_route, takes_mail, unanswered
from hauberk.checks.reading import Reading
from hauberk.model.assessment import Remedy
from hauberk.model.verdict import CheckVerdict, Finding, Verdict
from hauberk.protocols import dnssec
from hauberk.protocols.dnssec import State, Validated
from hauberk.protocols.mx import Routing


def judge(reading: Reading) -> Iterator[Finding]:
    if not takes_mail(reading):
        return
    route = mail_route(reading)
    if route.routing is Routing.UNKNOWN and not route.hosts:
        yield Finding(reading.domain, Verdict.UNKNOWN, f"The mail hosts are not known: the question for them {unanswered(route.answer)}.")
        return
    blind = states.blindness(reading)
    if blind:
        yield Finding(reading.domain, Verdict.UNKNOWN, blind, code="resolver")
        return
    answers = reading.walked(dnssec.of_hosts, reading.domain, reading.options)
    for host in route.hosts:
        yield _judge_host(host.name, tuple(one for one in answers if one.question.name == host.name))


def _judge_host(host: str, answers: tuple[Validated, ...]) -> Finding:
    shown = states.evidence(answers)
    match states.least(answers):
        case State.BOGUS:
            message = f"The signatures of {states.names(answers, State.BOGUS)} are broken: resolvers that validate cannot find the host."
            return Finding(host, Verdict.FAIL, message, shown, "bogus")
        case State.UNKNOWN:
            return Finding(host, Verdict.UNKNOWN, f"Not known: {states.first_trouble(answers)}.", shown)
        case State.INSECURE:
            message = "The host's addresses are not signed: they can be forged, and DANE cannot be used for it."
            return Finding(host, Verdict.WARN, message, shown, "insecure")
        case State.SECURE:
            return Finding(host, Verdict.PASS, "The host's addresses are signed and validate.", shown)


def remedy(reading: Reading, verdict: CheckVerdict) -> Iterator[Remedy]:
    broken = tuple(finding.subject for finding in verdict.findings if finding.code == "bogus")
    unsigned = tuple(finding.subject for finding in verdict.findings if finding.code == "insecure")
    steps: list[str] = []
    if broken:
        steps.append(f"Make the DS record above {', '.join(broken)} fit the zone's keys, and renew the signatures.")
    if unsigned:
        steps.append(f"Sign the zone of {', '.join(unsigned)}, or ask the provider for host names in a signed zone.")
    if steps:
        yield Remedy("dnssec.mx-signed", " ".join(steps))


CHECK = Check(
    id="dnssec.mx-signed",
    title="The mail hosts' names are signed with DNSSEC",
    sources=(Source("RFC 4035", "4.3"), Source("RFC 7672", "2.2.1")),
    judge=judge,
    remedy=remedy,
)
