"""What each endpoint came to, and judging one endpoint after the other; shared by the checks of mx, tls, cert, dane and sender."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from hauberk.checks.reading import Reading
from hauberk.model.dns import DnsAnswer, NoAnswer, Silence
from hauberk.model.transport import Ending, Endpoint, SmtpSession, TlsHandshake
from hauberk.model.verdict import Finding, Verdict
from hauberk.protocols import mx, smtp
from hauberk.protocols.malformed import visible
from hauberk.protocols.mx import MailRoute, Routing


class State(StrEnum):
    """How far we got with an endpoint."""

    REACHABLE = "reachable"  # greeted us and took our EHLO or HELO
    REFUSED_US = "refused-us"  # answered that it does not talk to us (now)
    MUTE = "mute"  # connected, but no SMTP came of it
    DOWN = "down"  # no connection
    NO_ROUTE = "no-route"  # the scanner has no connectivity of this address family
    NOT_TRIED = "not-tried"  # forbidden, or the scan ended before


class Starttls(StrEnum):
    """What became of STARTTLS at a reachable endpoint."""

    WORKS = "works"
    HANDSHAKE_FAILED = "handshake-failed"
    REJECTED = "rejected"  # offered, then answered with 5yz
    DEFERRED = "deferred"  # offered, then answered with 4yz
    UNHEARD = "unheard"  # offered, then silence or our own limits
    ABSENT = "absent"


_SILENT_STATE = {
    Silence.NO_ROUTE: State.NO_ROUTE,
    Silence.TIMEOUT: State.DOWN,
    Silence.REFUSED: State.DOWN,
    Silence.UNREACHABLE: State.DOWN,
}


@dataclass(frozen=True, slots=True)
class Seen:
    """One endpoint. `detail` is a sentence without its full stop; `silence` says why there is no session."""

    endpoint: Endpoint
    state: State
    detail: str
    facts: smtp.SmtpFacts
    silence: Silence | None = None
    session: SmtpSession | None = None

    @property
    def tls(self) -> TlsHandshake | None:
        return self.session.tls if self.session else None

    @property
    def evidence(self) -> tuple[str, ...]:
        """The replies that tell most, quoted."""
        facts = self.facts
        said = (facts.greeting, facts.refused_with, facts.starttls_reply)
        return tuple(dict.fromkeys(smtp.quoted(reply) for reply in said if reply))

    @property
    def starttls(self) -> Starttls:
        reply = self.facts.starttls_reply
        if not self.facts.starttls_offered:
            return Starttls.ABSENT
        if self.tls is not None:
            return self._handshake()
        if reply is None or reply.positive:
            return Starttls.UNHEARD
        return Starttls.DEFERRED if reply.transient else Starttls.REJECTED

    def _handshake(self) -> Starttls:
        if self.tls and self.tls.completed:
            return Starttls.WORKS
        timed_out = self.session is not None and self.session.ending in (Ending.TIMEOUT, Ending.TOO_MUCH)
        return Starttls.UNHEARD if timed_out else Starttls.HANDSHAKE_FAILED


def vacant(reading: Reading, one: Seen) -> bool:
    """Nothing listens there, while another server answers: no mail can go there, so that there is nothing to judge."""
    refused = one.state is State.DOWN and one.silence is Silence.REFUSED
    return refused and any(other.state is State.REACHABLE for other in seen(reading))


def mail_route(reading: Reading) -> MailRoute:
    return reading.walked(mx.transport, reading.domain, reading.options).route


def takes_mail(reading: Reading) -> bool:
    """False when it is known that the domain has no mail server: then nothing of transport applies."""
    return mail_route(reading).routing in (Routing.MX, Routing.IMPLICIT, Routing.UNKNOWN)


def seen(reading: Reading) -> tuple[Seen, ...]:
    """Every endpoint of the route."""
    return reading.once(_look)


def unanswered(answer: DnsAnswer | NoAnswer) -> str:
    """Why there is nothing to read in a reply: the rest of a sentence that begins with the question."""
    if isinstance(answer, DnsAnswer):
        return f"was answered with {answer.rcode}"
    return f"was not answered ({answer.reason}{': ' + visible(answer.detail) if answer.detail else ''})"


def each_endpoint(reading: Reading, judge_one: Callable[[Seen], Iterable[Finding]]) -> Iterator[Finding]:
    """Findings about every reachable endpoint by `judge_one`; the others are unknown, and what this scanner lacks is a remark."""
    if not takes_mail(reading):
        return
    why = untestable(reading)
    if why:
        yield why
        return
    found = seen(reading)
    nothing_tested = all(one.state is State.NO_ROUTE for one in found)
    for one in found:
        match one.state:
            case State.REACHABLE:
                yield from judge_one(one)
            case State.NO_ROUTE:
                verdict = Verdict.UNKNOWN if nothing_tested else Verdict.INFO
                yield Finding(str(one.endpoint), verdict, f"Not tested: {one.detail}.", code="no-route")
            case State.DOWN if vacant(reading, one):
                yield nothing_there(one)
            case _:
                yield Finding(str(one.endpoint), Verdict.UNKNOWN, f"Not known: {one.detail}.", one.evidence, one.state.value)


def nothing_there(one: Seen) -> Finding:
    """The remark on an endpoint that is `vacant`."""
    message = f"Nothing listens here, so there is nothing to judge: {one.detail}."
    return Finding(str(one.endpoint), Verdict.INFO, message, code="down")


def each_handshake(reading: Reading, judge_one: Callable[[Seen, TlsHandshake], Iterable[Finding]]) -> Iterator[Finding]:
    """Findings about every endpoint that showed a certificate; an endpoint without STARTTLS has none and gives no finding."""

    def judge_shown(one: Seen) -> Iterable[Finding]:
        if one.tls is not None and one.tls.chain:
            yield from judge_one(one, one.tls)
        elif one.starttls is not Starttls.ABSENT:
            yield Finding(str(one.endpoint), Verdict.UNKNOWN, f"No certificate was seen: {starttls_trouble(one)}.", one.evidence)

    yield from each_endpoint(reading, judge_shown)


def starttls_trouble(one: Seen) -> str:
    """What went wrong after STARTTLS was offered: a sentence without its full stop."""
    reply = one.facts.starttls_reply
    match one.starttls:
        case Starttls.ABSENT:
            return "the server does not offer STARTTLS"
        case Starttls.REJECTED | Starttls.DEFERRED if reply:
            return f"the server offers STARTTLS, but answered the command with {smtp.quoted(reply)}"
        case Starttls.HANDSHAKE_FAILED | Starttls.UNHEARD if one.tls:
            return f"the server offers STARTTLS, but the TLS handshake failed: {visible(one.tls.error)}"
        case Starttls.WORKS:
            return "the handshake was completed without a certificate"
        case _:
            ended = visible(one.session.detail) if one.session and one.session.detail else "no answer came"
            return f"the server offers STARTTLS, but the command was left without an answer: {ended}"


def untestable(reading: Reading) -> Finding | None:
    """Why no endpoint could be tested at all; None when some could."""
    route = mail_route(reading)
    if route.routing is Routing.UNKNOWN and not route.endpoints:
        return Finding(
            reading.domain, Verdict.UNKNOWN, f"The question for the MX records {unanswered(_trouble(route))}.", code="mx-unknown"
        )
    if not route.endpoints:
        return Finding(
            reading.domain, Verdict.UNKNOWN, "No mail server of the domain has a known address, so none was tested.", code="no-address"
        )
    if not reading.options.smtp:
        return Finding(
            reading.domain, Verdict.UNKNOWN, "The mail servers were not contacted: the scan was asked for DNS only.", code="not-asked"
        )
    if not seen(reading):
        message = (
            f"No endpoint was contacted: the scan was asked for {visible(reading.options.only)} only, which is none of the mail servers."
        )
        return Finding(reading.domain, Verdict.UNKNOWN, message, code="not-asked")
    return None


def _trouble(route: MailRoute) -> DnsAnswer | NoAnswer:
    """The reply that stood in the way: that about MX, or that about the addresses where there is no MX."""
    if isinstance(route.answer, NoAnswer) or route.answer.rcode != "NOERROR":
        return route.answer
    replies = [answer for host in route.hosts for answer in (host.ipv4, host.ipv6)]
    return next((one for one in replies if isinstance(one, NoAnswer) or one.rcode not in ("NOERROR", "NXDOMAIN")), route.answer)


def _look(reading: Reading) -> tuple[Seen, ...]:
    """What was contacted, and where one host was asked for (`options.only`) the others, of which nothing is known."""
    found = reading.walked(mx.transport, reading.domain, reading.options)
    contacted = tuple(_seen(endpoint, reply) for endpoint, reply in found.sessions)
    if not contacted or not reading.options.only:
        return contacted
    why = f"the scan was asked for {visible(reading.options.only)} only"
    left_out = (endpoint for endpoint in found.route.endpoints if endpoint.host != reading.options.only)
    return (*contacted, *(Seen(endpoint, State.NOT_TRIED, why, smtp.SmtpFacts()) for endpoint in left_out))


def _seen(endpoint: Endpoint, reply: SmtpSession | NoAnswer) -> Seen:
    if isinstance(reply, NoAnswer):
        state = _SILENT_STATE.get(reply.reason, State.NOT_TRIED)
        return Seen(endpoint, state, visible(reply.detail or reply.reason), smtp.SmtpFacts(), reply.reason)
    facts = smtp.read_session(reply)
    if facts.served:
        return Seen(endpoint, State.REACHABLE, "the server talks to us", facts, session=reply)
    if facts.refusal and facts.refused_with:
        detail = f"the server refused us ({_REFUSED[facts.refusal]}): {smtp.quoted(facts.refused_with)}"
        return Seen(endpoint, State.REFUSED_US, detail, facts, session=reply)
    ended = visible(reply.detail) or "the session ended before the server had introduced itself"
    return Seen(endpoint, State.MUTE, f"a connection came about, but no SMTP session: {ended}", facts, session=reply)


_REFUSED = {
    smtp.Refusal.GREYLISTED: "greylisted",
    smtp.Refusal.BLOCKED: "blocked",
    smtp.Refusal.RATE_LIMITED: "too many connections for its taste",
    smtp.Refusal.UNAVAILABLE: "not available at present",
    smtp.Refusal.NO_SERVICE: "it takes no mail at all",
}
