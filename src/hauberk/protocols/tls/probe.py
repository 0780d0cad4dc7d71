"""The TLS probe: every endpoint of a domain's mail route questioned in hellos, beside each other, each at its own pace."""

from hauberk.model.dns import NoAnswer
from hauberk.model.observation import ScanOptions
from hauberk.model.transport import Endpoint, SmtpSession
from hauberk.protocols import mx, smtp
from hauberk.protocols.tls import full as full_depth
from hauberk.protocols.tls.conclude import conclude
from hauberk.protocols.tls.facts import TlsFacts
from hauberk.protocols.tls.full import Full
from hauberk.protocols.tls.interview import Interview
from hauberk.protocols.tls.ledger import Ledger
from hauberk.protocols.tls.standard import MOST_CONNECTIONS, Standard
from hauberk.protocols.walk import Walk, side_by_side

DEPTHS = ("standard", "full")


def probe(domain: str, options: ScanOptions) -> Walk[tuple[TlsFacts, ...]]:
    """The facts of every endpoint with which a session came about; empty at depth `handshake`."""
    if options.depth not in DEPTHS or not options.smtp:
        return ()
    found = yield from mx.transport(domain, options)
    talking = [
        probe_endpoint(endpoint, session, options)
        for endpoint, session in found.sessions
        if isinstance(session, SmtpSession) and options.only in ("", endpoint.host)
    ]
    return (yield from side_by_side(tuple(talking)))


def probe_endpoint(endpoint: Endpoint, session: SmtpSession | NoAnswer | None, options: ScanOptions) -> Walk[TlsFacts]:
    """The facts of one endpoint; `session` is the one that held the real handshake."""
    held = session if isinstance(session, SmtpSession) else None
    if held is not None and held.tls is None and not smtp.read_session(held).starttls_offered:
        return TlsFacts(endpoint, options.depth, connections=1, starttls=False)
    full = options.depth == "full"
    interview, ledger = Interview(endpoint, most=full_depth.MOST_CONNECTIONS if full else MOST_CONNECTIONS), Ledger()
    ledger.shake(held)
    questions = Full if full else Standard
    yield from questions(interview, ledger, server_name(endpoint.host)).walk()
    if ledger.has_closings and not (yield from interview.check_closings()):
        ledger.forget_closings()
        interview.ended = interview.ended or "the server stopped answering"
    return conclude(endpoint, options.depth, interview, ledger, held)


def server_name(host: str) -> str:
    """What goes into SNI: the MX host's name, never an address (RFC 6066, 3)."""
    named = host.rstrip(".")
    return "" if not named.isascii() or named.replace(".", "").isdigit() or ":" in named else named
