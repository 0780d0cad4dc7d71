"""No block list has the domain or its mail servers.

## What it means

Block lists are published in the DNS: receivers ask whether the address that sends to them, or the domain that a message names, is known for
spam, phishing or infection. The check asks a few curated lists about the addresses of the MX hosts and about the domain. Before a list is
believed, its test entries have to be right: 127.0.0.2 listed and 127.0.0.1 not (RFC 5782, 5).

## Why it matters

Mail from a listed address is refused by many receivers. More often than not a listing is the first sign that a machine was taken over or
that an account's password was stolen.

## How to fix

Find the cause first: look through the mail queue and the logs for what was sent, and change the passwords of accounts that sent it. Then
ask for removal at the list's own page; a listing without a cause removed comes back.

If a list answers that we ask too much, it is not known what it holds: public resolvers (8.8.8.8, 1.1.1.1) are refused by most lists. Run
the scan through a resolver of your own: `--resolver udp://127.0.0.1`.
"""

from collections.abc import Iterator

from hauberk.checks.check import Check, Source
from hauberk.checks.endpoints import mail_route, unanswered
from hauberk.checks.reading import Reading
from hauberk.model.assessment import Remedy
from hauberk.model.dns import DnsAnswer, NoAnswer
from hauberk.model.verdict import CheckVerdict, Finding, Verdict
from hauberk.protocols import dnsbl
from hauberk.protocols.dnsbl import Consulted, Kind, Lookup
from hauberk.protocols.malformed import visible
from hauberk.protocols.mx import Routing

_LONGEST_REASON = 300


def judge(reading: Reading) -> Iterator[Finding]:
    """A finding for each listing and each list that could not be used; one pass for all that know nothing bad."""
    if mail_route(reading).routing is Routing.NO_DOMAIN:
        return
    consulted = reading.walked(dnsbl.survey, reading.domain, reading.options)
    clean: list[str] = []
    useless: list[tuple[Consulted, str]] = []
    for one in consulted:
        trouble = _trouble(one)
        if one.refusal:
            yield Finding(
                one.block_list.name, Verdict.UNKNOWN, f"{one.block_list.name} does not answer us: {one.refusal}.", code="list-refuses"
            )
        elif trouble:
            useless.append((one, trouble))
        else:
            findings = tuple(finding for lookup in one.lookups for finding in _judge_lookup(lookup))
            yield from findings
            if one.lookups and not findings:
                clean.append(one.block_list.name)
    verdict = Verdict.INFO if len(useless) < len(consulted) else Verdict.UNKNOWN
    for one, trouble in useless:
        yield Finding(one.block_list.name, verdict, f"{one.block_list.name} was not used: {trouble}.", code="list-unusable")
    if clean:
        yield Finding(reading.domain, Verdict.PASS, f"Not listed by {', '.join(clean)}.")


def _trouble(one: Consulted) -> str:
    """Why a list cannot be believed, as the end of a sentence; empty for a healthy one."""
    if one.alive:
        return ""
    for answer in (one.test_listed, one.test_unlisted):
        if isinstance(answer, NoAnswer) or answer.rcode not in ("NOERROR", "NXDOMAIN"):
            return f"the question for its test entry {unanswered(answer)}"
    if one.test_unlisted.of("A") if isinstance(one.test_unlisted, DnsAnswer) else False:
        return f"it lists {one.block_list.unlisted}, which no sound list does; it has been closed or somebody rewrites the answers"
    return f"its test entry {one.block_list.listed} is not listed; it has been closed or does not serve this resolver"


def _judge_lookup(lookup: Lookup) -> Iterator[Finding]:
    one, answer = lookup.block_list, lookup.answer
    if isinstance(answer, NoAnswer) or answer.rcode not in ("NOERROR", "NXDOMAIN"):
        yield Finding(lookup.subject, Verdict.UNKNOWN, f"The question to {one.name} {unanswered(answer)}.")
        return
    shown = (
        f"{lookup.question.name} A {' '.join(lookup.returned)}",
        *((visible(lookup.reason)[:_LONGEST_REASON],) if lookup.reason else ()),
    )
    for code in lookup.matched:
        match code.kind:
            case Kind.LISTED:
                yield Finding(
                    lookup.subject, Verdict.WARN, f"Listed by {one.name}: {code.meaning}. Removal: {one.removal}", shown, "listed"
                )
            case Kind.POLICY:
                yield Finding(
                    lookup.subject, Verdict.INFO, f"In {one.name} by policy: {code.meaning}. See {one.removal}", shown, "listed-by-policy"
                )
            case Kind.REFUSED:
                yield Finding(lookup.subject, Verdict.UNKNOWN, f"{one.name} does not answer us: {code.meaning}.", shown, "list-refuses")


def remedy(reading: Reading, verdict: CheckVerdict) -> Iterator[Remedy]:
    steps: list[str] = []
    for one in reading.walked(dnsbl.survey, reading.domain, reading.options):
        listed = [lookup.subject for lookup in one.lookups if any(code.kind is Kind.LISTED for code in lookup.matched)]
        if one.alive and listed:
            steps.append(f"have {', '.join(listed)} taken off {one.block_list.name} ({one.block_list.removal})")
    if steps:
        yield Remedy("blocklist.clean", f"Remove the cause, then {'; '.join(steps)}.")


CHECK = Check(
    id="blocklist.clean",
    title="No block list has the domain or its mail servers",
    sources=(Source("RFC 5782", "2"), Source("RFC 5782", "5")),
    judge=judge,
    remedy=remedy,
)
