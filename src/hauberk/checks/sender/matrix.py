"""Every kind of sender delivers, and encrypted

## What it means
For each endpoint: what an opportunistic sender does (encrypts if it can, checks nothing), what a sender that follows MTA-STS does, and
what one that follows DANE does. Each either delivers encrypted to a server that has proven who it is, or encrypted, or in clear, or
defers: it keeps the message and tries again later, until it gives up after some days. The senders meant are up to date and do not
negotiate TLS below 1.2.

- **pass**: all three deliver encrypted.
- **warn**: somebody delivers in clear, or one kind of sender defers here but has another endpoint of the domain to go to.
- **fail**: one kind of sender defers at every endpoint, so that its mail does not arrive at all.

Below each finding stands what some well-known senders do: Gmail (follows MTA-STS), Postfix as most run it, Postfix with DANE, a client that
speaks TLS 1.3 only, and an Exchange 2010 that knows nothing newer than TLS 1.0. That the last one delivers in clear is right: whoever still
accepts TLS 1.0 for its sake lets others be pushed down to it.

## Why it matters
MTA-STS and DANE are promises. When a server no longer keeps them, the big providers (MTA-STS) or many servers in Europe (DANE) stop
delivering, while mail from everybody else goes on, and nobody at the receiving end notices.

## How to fix
Mend what the checks named by the reason say: `tls.starttls-offered` and `tls.modern-version` for a server without encryption,
`dane.valid` for TLSA records, `cert.trusted` and `mta-sts.valid` for the policy. In a hurry, keep mail flowing by setting the policy to
`mode: testing` with a new `id`, or by taking out the TLSA records that do not fit.
"""

from collections.abc import Iterable, Iterator

from hauberk.checks.authentication import chain_verdict, dane_match, dane_records
from hauberk.checks.check import Check, Source
from hauberk.checks.endpoints import Seen, Starttls, State, each_endpoint, seen
from hauberk.checks.mta_sts import policy_file
from hauberk.checks.probed import VERSION_NAMES, facts_of, speaks_only_old
from hauberk.checks.reading import Reading
from hauberk.checks.tls_versions import version_shown
from hauberk.model.assessment import Remedy
from hauberk.model.dns import NoAnswer
from hauberk.model.transport import Endpoint
from hauberk.model.verdict import CheckVerdict, Finding, Verdict
from hauberk.protocols import mta_sts
from hauberk.protocols.dane import Published
from hauberk.protocols.malformed import Malformed
from hauberk.protocols.mta_sts import Mode, StsPolicy
from hauberk.protocols.sender import (
    SENDERS,
    DaneView,
    Delivery,
    Encryption,
    EndpointView,
    Outcome,
    Passage,
    StsView,
    outcome,
    passage,
)
from hauberk.protocols.tls.facts import TlsFacts, VersionFact

_WORDS = {
    Delivery.AUTHENTICATED: "encrypted, the server proven",
    Delivery.ENCRYPTED: "encrypted",
    Delivery.CLEAR: "in clear",
    Delivery.DEFER: "not delivered",
    Delivery.UNKNOWN: "not known",
}


def judge(reading: Reading) -> Iterable[Finding]:
    def judge_one(one: Seen) -> Iterator[Finding]:
        yield _judge_one(reading, one)

    return each_endpoint(reading, judge_one)


def _judge_one(reading: Reading, one: Seen) -> Finding:
    subject, result = str(one.endpoint), reading.once(_outcomes)[one.endpoint]
    message = (
        f"Opportunistic senders: {_WORDS[result.opportunistic]}. MTA-STS senders: {_worded(result.mta_sts, result.mta_sts_reason)}. "
        f"DANE senders: {_worded(result.dane, result.dane_reason)}."
    )
    evidence = (_by_name(reading, one),)
    stuck = tuple(kind for kind in result.deferring if _stuck(reading, kind))
    if stuck:
        worse = f"{message} The mail of {' and '.join(stuck)} senders arrives at no server of the domain."
        return Finding(subject, Verdict.FAIL, worse, evidence, "sender-defers")
    if result.deferring:
        return Finding(subject, Verdict.WARN, message, evidence, "sender-defers")
    deliveries = (result.opportunistic, result.mta_sts, result.dane)
    if Delivery.CLEAR in deliveries:
        return Finding(subject, Verdict.WARN, message, evidence, "sender-clear")
    if Delivery.UNKNOWN in deliveries:
        return Finding(subject, Verdict.UNKNOWN, message, evidence)
    return Finding(subject, Verdict.PASS, message, evidence)


def _by_name(reading: Reading, one: Seen) -> str:
    """What the well-known senders do, in one line."""
    view, facts = reading.once(_views)[one.endpoint], facts_of(reading, one.endpoint) or _facts_of_handshake(one)
    return "; ".join(f"{found.sender}: {_passed(found)}" for found in (passage(sender, view, facts) for sender in SENDERS))


def _passed(found: Passage) -> str:
    match found.delivery:
        case Delivery.AUTHENTICATED:
            return f"{VERSION_NAMES[found.version]}, the server proven"
        case Delivery.ENCRYPTED:
            return VERSION_NAMES[found.version]
        case _:
            return _worded(found.delivery, found.reason)


def _facts_of_handshake(one: Seen) -> TlsFacts:
    """What the one handshake tells of versions: the best in common, hence nothing newer; of older ones nothing."""
    shown = one.tls.version if one.tls else ""
    newest_first = ("TLSv1.3", "TLSv1.2", "TLSv1.1", "TLSv1")
    at = newest_first.index(shown) if shown in newest_first else -1
    facts = tuple(VersionFact(version, index == at or (None if index > at else False)) for index, version in enumerate(newest_first))
    return TlsFacts(one.endpoint, depth="handshake", versions=facts)


def _worded(delivery: Delivery, reason: str) -> str:
    return f"{_WORDS[delivery]} ({reason})" if reason else _WORDS[delivery]


def _stuck(reading: Reading, kind: str) -> bool:
    """This kind of sender has no endpoint to go to: it defers at each that is up. Where we could not look, it may well get through."""
    found = seen(reading)
    tested = {one.endpoint.host for one in found if one.state is State.REACHABLE}
    for one in found:
        if one.state is State.DOWN or (one.state is State.NO_ROUTE and one.endpoint.host in tested):
            continue  # nobody delivers there; or the host was looked at by its other address
        if one.state is not State.REACHABLE or kind not in reading.once(_outcomes)[one.endpoint].deferring:
            return False
    return True


def _outcomes(reading: Reading) -> dict[Endpoint, Outcome]:
    return {endpoint: outcome(view) for endpoint, view in reading.once(_views).items()}


def _views(reading: Reading) -> dict[Endpoint, EndpointView]:
    return {one.endpoint: _view(reading, one) for one in seen(reading) if one.state is State.REACHABLE}


def _view(reading: Reading, one: Seen) -> EndpointView:
    host = dane_records(reading).of(one.endpoint.host)
    result = dane_match(reading, one)
    dane = DaneView(host.published if host else Published.UNANSWERED, result.match if result else None)
    trusted = bool(one.tls and one.tls.chain) and chain_verdict(reading, one).trusted
    return EndpointView(_encryption(reading, one), trusted, dane, _policy_view(reading, one.endpoint.host))


def _encryption(reading: Reading, one: Seen) -> Encryption:
    match one.starttls:
        case Starttls.ABSENT:
            return Encryption.NONE
        case Starttls.REJECTED:
            return Encryption.BROKEN
        case Starttls.DEFERRED | Starttls.UNHEARD:
            return Encryption.UNKNOWN
        case Starttls.WORKS | Starttls.HANDSHAKE_FAILED:
            if (one.tls and version_shown(one.tls).old) or speaks_only_old(reading, one.endpoint):
                return Encryption.OLD
            return Encryption.MODERN if one.starttls is Starttls.WORKS else Encryption.BROKEN


def _policy_view(reading: Reading, host: str) -> StsView:
    policy = reading.once(_policy)
    if policy is None:
        return StsView(known=False)
    listed = any(mta_sts.matches(pattern, host) for pattern in policy.mx)
    return StsView(enforced=policy.mode is Mode.ENFORCE, listed=listed)


_NO_POLICY = StsPolicy(Mode.NONE, 0)


def _policy(reading: Reading) -> StsPolicy | None:
    """The policy that a sender meeting the domain for the first time gets; None when that is not known."""
    found = reading.walked(mta_sts.discover, reading.domain, reading.options)
    if isinstance(found.answer, NoAnswer) or found.answer.rcode not in ("NOERROR", "NXDOMAIN"):
        return None
    if len(found.records) != 1 or isinstance(mta_sts.parse_record(found.records[0]), Malformed):
        return _NO_POLICY
    file = policy_file.read(reading, found)
    if file.policy is None and any(finding.verdict is Verdict.UNKNOWN for finding in file.findings):
        return None
    return file.policy or _NO_POLICY


def remedy(reading: Reading, verdict: CheckVerdict) -> Iterator[Remedy]:
    """What lets mail through again; the lasting repair is with the checks that the reasons point to."""
    deferring = {finding.subject for finding in verdict.findings if finding.code == "sender-defers"}
    kinds = {kind for one in seen(reading) if str(one.endpoint) in deferring for kind in reading.once(_outcomes)[one.endpoint].deferring}
    if "MTA-STS" in kinds:
        what = "Until every server passes, set the MTA-STS policy to testing and give its record a new id."
        yield Remedy(CHECK.id, what, settings=("mode: testing",))
    if "DANE" in kinds:
        yield Remedy(CHECK.id, "Publish TLSA records that fit, or take them out until they do (see dane.valid and dane.sound-denial).")
    if any(finding.code == "sender-clear" for finding in verdict.findings):
        yield Remedy(CHECK.id, "Switch STARTTLS with TLS 1.2 or newer on everywhere (see tls.starttls-offered and tls.modern-version).")


CHECK = Check(
    id="sender.matrix",
    title="Every kind of sender delivers encrypted",
    sources=(Source("RFC 7435", "3"), Source("RFC 8461", "5"), Source("RFC 7672", "2.2"), Source("RFC 8996", "4 and 5")),
    judge=judge,
    remedy=remedy,
)
