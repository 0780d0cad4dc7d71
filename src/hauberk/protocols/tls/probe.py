"""The TLS probe: every endpoint of a domain's mail route questioned in hellos, beside each other, each at its own pace."""

from dataclasses import replace
from itertools import zip_longest

from hauberk.model.dns import NoAnswer
from hauberk.model.observation import ScanOptions
from hauberk.model.transport import Endpoint, SmtpSession, Trial, TrialMatter
from hauberk.protocols import mx, smtp
from hauberk.protocols.mailbox import MailProtocol, read_mailbox, service_on
from hauberk.protocols.malformed import visible
from hauberk.protocols.tls import full as full_depth
from hauberk.protocols.tls.conclude import conclude
from hauberk.protocols.tls.facts import TlsFacts
from hauberk.protocols.tls.full import Full
from hauberk.protocols.tls.interview import Interview
from hauberk.protocols.tls.ledger import Ledger
from hauberk.protocols.tls.registry import SSL3
from hauberk.protocols.tls.standard import MOST_CONNECTIONS, Standard
from hauberk.protocols.walk import Walk, converse_each, side_by_side, try_each

DEPTHS = ("standard", "full")


def probe(domain: str, options: ScanOptions) -> Walk[tuple[TlsFacts, ...]]:
    """The facts of every endpoint with which a session came about, then of the further ports asked for; none at depth `handshake`.

    A machine that goes by many names is questioned once: the same address with the same handshake and certificate is the same machine.
    """
    if options.depth not in DEPTHS or not options.smtp:
        return ()
    found = yield from mx.transport(domain, options)
    machines: dict[object, list[tuple[Endpoint, SmtpSession]]] = {}
    for endpoint, session in found.sessions:
        if isinstance(session, SmtpSession) and options.only in ("", endpoint.host):
            machines.setdefault(_machine(endpoint, session), []).append((endpoint, session))
    talking = [probe_endpoint(*named[0], options) for named in machines.values()]
    further = [_probe_service(endpoint, options) for endpoint in service_endpoints(found.route, options)]
    questioned = yield from side_by_side((*talking, *further))
    return tuple(
        facts if endpoint == facts.endpoint else replace(facts, endpoint=endpoint, connections=1)
        for facts, named in zip_longest(questioned, machines.values())
        for endpoint in ([one for one, _ in named] if named else [facts.endpoint])
    )


def _machine(endpoint: Endpoint, session: SmtpSession) -> object:
    tls = session.tls
    return (endpoint.address, tls.version, tls.suite, tls.group, tls.chain) if tls and tls.completed else endpoint


def services(domain: str, options: ScanOptions) -> Walk[tuple[tuple[Endpoint, SmtpSession | NoAnswer], ...]]:
    """A session with every further port asked for, of every mail server."""
    if not options.services or not options.smtp:
        return ()
    endpoints = service_endpoints((yield from mx.route(domain)), options)
    return tuple(zip(endpoints, (yield from converse_each(endpoints)), strict=True))


def service_endpoints(route: mx.MailRoute, options: ScanOptions) -> tuple[Endpoint, ...]:
    return tuple(
        Endpoint(one.host, one.address, port)
        for one in route.endpoints
        for port in options.services
        if options.only in ("", one.host) and port != one.port
    )


def _probe_service(endpoint: Endpoint, options: ScanOptions) -> Walk[TlsFacts]:
    (session,) = yield from converse_each((endpoint,))
    if isinstance(session, NoAnswer):
        return TlsFacts(endpoint, options.depth, visible(session.detail or session.reason), starttls=False)
    return (yield from probe_endpoint(endpoint, session, options))


def probe_endpoint(endpoint: Endpoint, session: SmtpSession | NoAnswer | None, options: ScanOptions) -> Walk[TlsFacts]:
    """The facts of one endpoint; `session` is the one that held the real handshake."""
    held = session if isinstance(session, SmtpSession) else None
    if held is not None and held.tls is None and not _offers_tls(endpoint, held):
        return TlsFacts(endpoint, options.depth, connections=1, starttls=False)
    full = options.depth == "full"
    interview, ledger = Interview(endpoint, most=full_depth.MOST_CONNECTIONS if full else MOST_CONNECTIONS), Ledger()
    ledger.shake(held)
    questions = Full if full else Standard
    yield from questions(interview, ledger, server_name(endpoint.host)).walk()
    if ledger.has_closings and not (yield from interview.check_closings()):
        ledger.forget_closings()
        interview.ended = interview.ended or "the server stopped answering"
    asked = (yield from _renegotiate(endpoint, interview, ledger)) if full else None
    return conclude(endpoint, options.depth, interview, ledger, held, asked)


def _renegotiate(endpoint: Endpoint, interview: Interview, ledger: Ledger) -> Walk[SmtpSession | None]:
    """The session in which the client asked for another handshake, where the server speaks a version that knows of that."""
    if interview.ended or (ledger.highest_below_13 or SSL3) == SSL3:
        return None
    (session,) = yield from try_each((Trial(endpoint, TrialMatter.RENEGOTIATION),))
    return session if isinstance(session, SmtpSession) else None


def _offers_tls(endpoint: Endpoint, session: SmtpSession) -> bool:
    service = service_on(endpoint.port)
    if service.protocol is MailProtocol.SMTP:
        return smtp.read_session(session).starttls_offered
    return read_mailbox(session, service.protocol).starttls_offered


def server_name(host: str) -> str:
    """What goes into SNI: the MX host's name, never an address (RFC 6066, 3)."""
    named = host.rstrip(".")
    return "" if not named.isascii() or named.replace(".", "").isdigit() or ":" in named else named
