"""What the TLS probe found out, endpoint by endpoint; shared by the checks that need more than the one real handshake."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from msgspec import structs

from hauberk.checks.endpoints import Seen, Starttls, each_endpoint, each_handshake, seen, starttls_trouble
from hauberk.checks.reading import Reading
from hauberk.checks.tls_versions import MODERN
from hauberk.model.transport import Endpoint, TlsHandshake
from hauberk.model.verdict import Finding, Verdict
from hauberk.protocols.malformed import visible
from hauberk.protocols.tls.facts import TlsFacts
from hauberk.protocols.tls.probe import probe

VERSION_NAMES = {
    "SSLv2": "SSL 2.0",
    "SSLv3": "SSL 3.0",
    "TLSv1": "TLS 1.0",
    "TLSv1.1": "TLS 1.1",
    "TLSv1.2": "TLS 1.2",
    "TLSv1.3": "TLS 1.3",
}
_MAIL_PORT = 25


def probed(reading: Reading) -> tuple[TlsFacts, ...]:
    """The facts of every endpoint that was probed; none where one handshake was all that was asked for."""
    return reading.walked(probe, reading.domain, reading.options) if is_probed(reading) else ()


def is_probed(reading: Reading) -> bool:
    return reading.options.smtp and reading.options.depth != "handshake"


def facts_of(reading: Reading, endpoint: Endpoint) -> TlsFacts | None:
    """What the probe found out about this endpoint; None where it was not probed or showed no TLS."""
    found = reading.once(_by_endpoint).get(endpoint)
    return found if found is not None and found.starttls else None


def speaks_only_old(reading: Reading, endpoint: Endpoint) -> bool:
    """The probe found versions, and none of today's."""
    facts = facts_of(reading, endpoint)
    return facts is not None and bool(facts.accepted_versions) and all(facts.accepted(version) is False for version in MODERN)


def other_chains(reading: Reading, one: Seen) -> Iterator[tuple[str, Seen]]:
    """The endpoint as clients see it that get a certificate with another kind of key (`RSA`, `ECDSA` ...) than the handshake showed."""
    facts, session = facts_of(reading, one.endpoint), one.session
    if facts is None or session is None or session.tls is None or not session.tls.chain:
        return
    shown = next((fact.key for fact in facts.chains if fact.chain[:1] == session.tls.chain[:1]), "")
    told = {shown}
    for fact in facts.chains:
        if shown and fact.key not in told and fact.chain:
            told.add(fact.key)
            yield fact.key.upper(), replace(one, session=replace(session, tls=replace(session.tls, chain=fact.chain)))


def each_chain(reading: Reading, judge_one: Callable[[Seen, TlsHandshake], Iterable[Finding]]) -> Iterator[Finding]:
    """As `each_handshake`, and what is wrong with the certificates for other kinds of keys: a warning, as most clients get the first."""
    yield from each_handshake(reading, judge_one)
    for one in seen(reading):
        for key, other in other_chains(reading, one):
            for finding in judge_one(other, other.tls) if other.tls else ():
                if finding.verdict in (Verdict.FAIL, Verdict.WARN):
                    message = f"The {key} certificate, which some clients get instead: {finding.message}"
                    yield structs.replace(finding, verdict=Verdict.WARN, message=message, code=f"other-{finding.code}")


def services(reading: Reading) -> tuple[TlsFacts, ...]:
    """The facts of the further ports."""
    return tuple(facts for facts in probed(reading) if facts.endpoint.port != _MAIL_PORT)


def each_probed(reading: Reading, judge_one: Callable[[TlsFacts], Iterable[Finding]]) -> Iterator[Finding]:
    """Findings about every endpoint with STARTTLS; nothing at all where one handshake was all that was asked for.

    A scan of one handshake an endpoint was told not to look: its report says so under what was not tested, and the checks do not
    apply, or such scans could never be complete.
    """

    def judge_shown(one: Seen) -> Iterable[Finding]:
        facts = facts_of(reading, one.endpoint)
        if facts is not None:
            yield from judge_one(facts)
        elif one.starttls is Starttls.WORKS:
            yield Finding(str(one.endpoint), Verdict.UNKNOWN, "The scan ended before its TLS was looked into.", code="not-probed")
        elif one.starttls is not Starttls.ABSENT:
            yield Finding(str(one.endpoint), Verdict.UNKNOWN, f"Not known: {starttls_trouble(one)}.", one.evidence, "not-probed")

    if is_probed(reading):
        yield from each_endpoint(reading, judge_shown)


def not_found_out(facts: TlsFacts, what: str) -> Finding:
    """`what` is a sentence without its full stop that says what is not known."""
    return Finding(str(facts.endpoint), Verdict.UNKNOWN, f"{what}: {why_not(facts)}.", code="probe-partial")


def why_not(facts: TlsFacts) -> str:
    """Why something was not found out."""
    return f"the probe ended early ({visible(facts.partial)[:160]})" if facts.partial else "the server did not answer what was tried"


def speaks_before_13(facts: TlsFacts) -> bool | None:
    """Whether a version with renegotiation, compression and signed key exchanges is spoken, TLS 1.2 or older."""
    older = [fact.accepted for fact in facts.versions if fact.version not in ("TLSv1.3", "SSLv2")]
    return True if True in older else None if None in older or not older else False


def and_listed(names: Iterable[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    *before, last = names
    return f"{', '.join(before)} and {last}" if before else last


def _by_endpoint(reading: Reading) -> dict[Endpoint, TlsFacts]:
    return {facts.endpoint: facts for facts in probed(reading)}
