"""No mail server takes strangers' mail for elsewhere

## What it means
Tried on request only, and only at hosts that are your own (`--relay-test`): a session with each mail server names recipients elsewhere, in
the twelve ways by which servers have been talked into relaying: from a stranger, from nobody, in the name of your domain, of the server or
of localhost; with a source route, a percent sign, a bang path, quotes, two at signs, a trailing dot. The recipients are at `example.org`,
which is reserved and takes no mail. DATA is never said: nothing is sent.

A recipient elsewhere that is accepted is a fail. Whether the server would deliver is not tried: one that accepts everything first and
sends it back later looks the same from here, and is nearly as bad. Where a recipient of your own domain is spelled like a route
(`user%elsewhere`) and accepted, it is a fail if a mailbox that does not exist is refused; it is a warning if your domain takes mail for
every name (a catch-all), because then it may be a mailbox like any other. A server that sends us away before the end, or refuses even
postmaster in the same words, is unknown.

Ask from outside: a scanner in a network of yours that may relay by your own settings finds exactly that.

## Why it matters
An open relay is found within hours. It sends other people's spam in your name, until the block lists have it and your own mail no longer
arrives.

## How to fix
Relay for your own networks and for users who have logged in, and for nobody else. Postfix, in `main.cf`:

    mynetworks = 127.0.0.0/8 [::1]/128
    smtpd_relay_restrictions = permit_mynetworks, permit_sasl_authenticated, reject_unauth_destination
    allow_untrusted_routing = no
    allow_percent_hack = no
    swap_bangpath = no

Exim, in the main section and at the top of `acl_check_rcpt`:

    hostlist relay_from_hosts = localhost
    deny  domains = +local_domains : +relay_to_domains
          local_parts = ^[.] : ^.*[@%!/|]
    require message = relay not permitted
            domains = +local_domains : +relay_to_domains

(after `accept hosts = +relay_from_hosts` and `accept authenticated = *`). Exchange:

    Get-ReceiveConnector | Get-ADPermission -User "NT AUTHORITY\\ANONYMOUS LOGON" |
      Where-Object { $_.ExtendedRights -like "ms-Exch-SMTP-Accept-Any-Recipient" } | Remove-ADPermission
"""

from collections.abc import Iterable, Iterator

from hauberk.checks.check import Check, Source
from hauberk.checks.endpoints import Seen, each_endpoint
from hauberk.checks.reading import Reading
from hauberk.model.assessment import Remedy
from hauberk.model.dns import NoAnswer
from hauberk.model.observation import ScanOptions
from hauberk.model.transport import Endpoint, SmtpSession, Trial, TrialMatter
from hauberk.model.verdict import CheckVerdict, Finding, Verdict
from hauberk.protocols import relay, smtp
from hauberk.protocols.malformed import visible
from hauberk.protocols.relay import PATTERNS, Answered, RelayFacts
from hauberk.protocols.walk import NOT_ASKED

_MOST_SHOWN = 6
_NOT_SENT = "Whether it would be delivered was not tried"
_FROM_OUTSIDE = "That is as it should be only if you let the scanner's own address relay"


def judge(reading: Reading) -> Iterable[Finding]:
    found = dict(reading.walked(relay.relaying, reading.domain, reading.options))

    def judge_one(one: Seen) -> Iterator[Finding]:
        yield _judge_one(reading.domain, one.endpoint, found.get(one.endpoint, NOT_ASKED))

    return each_endpoint(reading, judge_one) if reading.options.relay else ()


def _judge_one(domain: str, endpoint: Endpoint, session: SmtpSession | NoAnswer) -> Finding:
    subject = str(endpoint)
    if isinstance(session, NoAnswer):
        return Finding(subject, Verdict.UNKNOWN, f"Not tried: {visible(session.detail or session.reason)}.", code="not-tried")
    facts = relay.read_relaying(Trial(endpoint, TrialMatter.RELAYING, domain), session)
    if elsewhere := tuple(one for one in facts.accepted if not one.asked.pattern.local):
        return _open(subject, facts, elsewhere)
    if facts.accepted:
        return _spelled_like_a_route(subject, facts)
    return _none_accepted(subject, facts, visible(session.detail))


def _open(subject: str, facts: RelayFacts, accepted: tuple[Answered, ...]) -> Finding:
    ways = f"{len(accepted)} of {sum(not one.local for one in PATTERNS)} ways"
    message = f"Accepts RCPT for a recipient elsewhere in {ways}: {_named(accepted)}. {_NOT_SENT}"
    if facts.nobody and facts.nobody.positive:
        message += (
            "; mailboxes that cannot exist are accepted too, so the server may send it all back later, to whoever was named as sender"
        )
    return Finding(subject, Verdict.FAIL, f"{message}. {_FROM_OUTSIDE}.", _shown(accepted), "open-relay")


def _spelled_like_a_route(subject: str, facts: RelayFacts) -> Finding:
    what = f"Accepts a recipient of the domain that is spelled as a route to elsewhere ({_named(facts.accepted)})"
    evidence, nobody = _shown(facts.accepted), facts.nobody
    if nobody is None or nobody.transient:
        message = f"{what}. Whether that is a mailbox like any other is not known: how a mailbox that cannot exist is taken was not told."
        return Finding(subject, Verdict.UNKNOWN, message, evidence, "route-unclear")
    evidence = (*evidence, f"a mailbox that cannot exist: {smtp.quoted(nobody)}")
    if nobody.positive:
        message = f"{what}; so it does with every mailbox name, and this may be one. {_NOT_SENT}."
        return Finding(subject, Verdict.WARN, message, evidence, "route-or-catch-all")
    message = f"{what}, although a mailbox that cannot exist is refused: the route is followed. {_NOT_SENT}."
    return Finding(subject, Verdict.FAIL, message, evidence, "open-relay")


def _none_accepted(subject: str, facts: RelayFacts, ended: str) -> Finding:
    heard = (facts.postmaster, facts.nobody, *(one.reply for one in facts.answered), facts.sent_away)
    last = next((reply for reply in reversed(heard) if reply), None)
    if not facts.complete:
        why = f" ({ended})" if ended else ""
        message = f"The test ended after {len(facts.answered)} of {len(PATTERNS)} ways to ask{why}; until then none was accepted."
        return Finding(subject, Verdict.UNKNOWN, message, (smtp.quoted(last),) if last else (), "unfinished")
    if facts.refused_us and facts.postmaster:
        message = "All was refused, but postmaster as well, in the same words: the server may refuse us, and relay for others."
        return Finding(subject, Verdict.UNKNOWN, message, (smtp.quoted(facts.postmaster),), "refused-us")
    if open_ := tuple(one for one in facts.answered if one.put_off or one.for_the_domains_sake):
        message = f"None was accepted, but some replies do not say whether it is for the relaying: {_named(open_)}."
        return Finding(subject, Verdict.UNKNOWN, message, _shown(open_), "undecided")
    message = f"A recipient elsewhere is refused in each of {len(PATTERNS)} ways to ask."
    return Finding(subject, Verdict.PASS, message, _shown(facts.answered[:1]))


def _named(answered: tuple[Answered, ...]) -> str:
    return ", ".join(one.asked.pattern.name for one in answered)


def _shown(answered: tuple[Answered, ...]) -> tuple[str, ...]:
    return tuple(visible(f"{one.asked.mail}, {one.asked.rcpt}: {one.reply}")[:300] for one in answered[:_MOST_SHOWN])


def remedy(_reading: Reading, verdict: CheckVerdict) -> Iterator[Remedy]:
    hosts = ", ".join(finding.subject for finding in verdict.findings if finding.verdict in (Verdict.FAIL, Verdict.WARN))
    yield Remedy(
        CHECK.id,
        f"Let {hosts} relay for your own networks and users who have logged in, and for nobody else; follow no route in an address.",
        settings=(
            "mynetworks = 127.0.0.0/8 [::1]/128  # Postfix main.cf",
            "smtpd_relay_restrictions = permit_mynetworks, permit_sasl_authenticated, reject_unauth_destination  # Postfix main.cf",
            "allow_untrusted_routing = no  # Postfix main.cf",
            "allow_percent_hack = no  # Postfix main.cf",
            "swap_bangpath = no  # Postfix main.cf",
            "hostlist relay_from_hosts = localhost  # Exim, main section",
            "require message = relay not permitted  # Exim, acl_check_rcpt",
            "domains = +local_domains : +relay_to_domains  # Exim, the next line of it",
            'Get-ReceiveConnector | Get-ADPermission -User "NT AUTHORITY\\ANONYMOUS LOGON" | Where-Object { $_.ExtendedRights -like '
            '"ms-Exch-SMTP-Accept-Any-Recipient" } | Remove-ADPermission  # Exchange Management Shell',
        ),
    )


def _asked_for(options: ScanOptions) -> bool:
    return bool(options.relay)


CHECK = Check(
    id="relay.closed",
    title="Strangers' mail for elsewhere is refused",
    sources=(Source("RFC 2505", "2.1"), Source("RFC 5321", "3.6.1 and 7.9")),
    judge=judge,
    remedy=remedy,
    asked_for=_asked_for,
)
