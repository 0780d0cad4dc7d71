"""Where a domain's mail goes: MX, implicit MX, null MX, and every address of every host (RFC 5321, 5.1; RFC 7505)."""

from enum import StrEnum
from functools import cached_property

from msgspec import Struct

from hauberk.model.dns import DnsAnswer, NoAnswer, Question, Record
from hauberk.model.observation import ScanOptions
from hauberk.model.transport import Endpoint, SmtpSession
from hauberk.protocols.names import registrable
from hauberk.protocols.rdata import Mx, mx, target
from hauberk.protocols.walk import Walk, ask, ask_each, converse_each, shared

MOST_HOSTS = 50
MOST_ENDPOINTS = 100


class Routing(StrEnum):
    MX = "mx"
    IMPLICIT = "implicit"  # no MX, but an address record
    NULL = "null"  # null MX: accepts no mail
    NONE = "none"  # neither MX nor address
    NO_DOMAIN = "no-domain"  # the name does not exist
    UNKNOWN = "unknown"


class MxHost(Struct, frozen=True, dict=True):
    """One host of the MX set; `ipv4` and `ipv6` are the replies to its A and AAAA questions."""

    name: str
    preference: int
    ipv4: DnsAnswer | NoAnswer
    ipv6: DnsAnswer | NoAnswer

    @cached_property
    def addresses(self) -> tuple[str, ...]:
        return tuple(
            record.data
            for answer, kind in ((self.ipv4, "A"), (self.ipv6, "AAAA"))
            if isinstance(answer, DnsAnswer)
            for record in answer.of(kind)
        )

    @cached_property
    def aliases(self) -> tuple[Record, ...]:
        """The CNAME records on the way from the name to its addresses."""
        answers = (answer for answer in (self.ipv4, self.ipv6) if isinstance(answer, DnsAnswer))
        return tuple(dict.fromkeys(record for answer in answers for record in answer.of("CNAME")))

    @property
    def canonical(self) -> str:
        """The name that CNAMEs lead to; the host's own without any."""
        return target(self.aliases[-1]) if self.aliases else self.name

    @property
    def exists(self) -> bool:
        """False only when the DNS says that there is no such name."""
        return not all(isinstance(answer, DnsAnswer) and answer.rcode == "NXDOMAIN" for answer in (self.ipv4, self.ipv6))

    @cached_property
    def endpoints(self) -> tuple[Endpoint, ...]:
        return tuple(Endpoint(self.name, address) for address in dict.fromkeys(self.addresses))


class MailRoute(Struct, frozen=True, dict=True):
    """`answer` is the reply to the MX question; `hosts` by preference, then name; `left_out` counts hosts over the limit."""

    routing: Routing
    answer: DnsAnswer | NoAnswer
    hosts: tuple[MxHost, ...] = ()
    left_out: int = 0

    @cached_property
    def endpoints(self) -> tuple[Endpoint, ...]:
        return tuple(dict.fromkeys(endpoint for host in self.hosts for endpoint in host.endpoints))[:MOST_ENDPOINTS]


class Resolution(Struct, frozen=True):
    """The route; `above` holds, for hosts without any address, the reply about the registrable domain they are in, by its name."""

    route: MailRoute
    above: tuple[tuple[str, DnsAnswer | NoAnswer], ...] = ()

    def dangling(self, host: MxHost) -> bool:
        """The registrable domain of this host does not exist, so that anybody can register it."""
        apex = registrable(host.canonical)
        return any(name == apex and isinstance(answer, DnsAnswer) and answer.rcode == "NXDOMAIN" for name, answer in self.above)


class Transport(Struct, frozen=True):
    """The route with what every endpoint said."""

    route: MailRoute
    sessions: tuple[tuple[Endpoint, SmtpSession | NoAnswer], ...] = ()


def route(domain: str) -> Walk[MailRoute]:
    """The domain's mail hosts with their addresses, found once for all walks that begin with them."""
    return shared(find_route, domain)


def find_route(domain: str) -> Walk[MailRoute]:
    """The domain's mail hosts with their addresses. A single exchange `.` is the null MX whatever its preference."""
    answer = yield from ask(domain, "MX")
    if isinstance(answer, NoAnswer) or answer.rcode not in ("NOERROR", "NXDOMAIN"):
        return MailRoute(Routing.UNKNOWN, answer)
    if answer.rcode == "NXDOMAIN":
        return MailRoute(Routing.NO_DOMAIN, answer)
    exchanges = _exchanges(answer.of("MX"))
    if not exchanges:
        (host,) = yield from _hosts(((0, domain),))
        return MailRoute(_implicit(host), answer, (host,) if host.addresses else ())
    if all(one.exchange == "." for one in exchanges):
        return MailRoute(Routing.NULL, answer)
    named = dict[str, int]()
    for one in exchanges:
        if one.exchange != ".":
            named.setdefault(one.exchange, one.preference)
    chosen = tuple((preference, name) for name, preference in named.items())
    hosts = yield from _hosts(chosen[:MOST_HOSTS])
    return MailRoute(Routing.MX, answer, hosts, max(0, len(chosen) - MOST_HOSTS))


def routing(domain: str, options: ScanOptions) -> Walk[MailRoute]:
    """The route alone, whatever the options: no mail server is contacted."""
    return (yield from route(domain))


def _exchanges(records: tuple[Record, ...]) -> tuple[Mx, ...]:
    """The set in its order."""
    return tuple(sorted({mx(record) for record in records}, key=lambda one: (one.preference, one.exchange)))


def transport(domain: str, options: ScanOptions) -> Walk[Transport]:
    """The route, then one SMTP session to every endpoint (or to those of the host `options.only`) at the same time."""
    found = yield from route(domain)
    if not options.smtp:
        return Transport(found)
    wanted = tuple(endpoint for endpoint in found.endpoints if options.only in ("", endpoint.host))
    sessions = yield from converse_each(wanted)
    return Transport(found, tuple(zip(wanted, sessions, strict=True)))


def resolution(domain: str, options: ScanOptions) -> Walk[Resolution]:
    """The route, then the registrable domain of every host that does not exist: is it there to be registered by somebody else?

    What an alias stands for is asked as well, so that the tape can answer for an MX record that names it instead.
    """
    found = yield from route(domain)
    yield from ask_each(tuple(Question(host.canonical, kind) for host in found.hosts if host.aliases for kind in ("A", "AAAA")))
    apexes = dict.fromkeys(registrable(host.canonical) for host in found.hosts if not host.exists)
    names = tuple(apex for apex in apexes if apex is not None)
    answers = yield from ask_each(tuple(Question(apex, "SOA") for apex in names))
    return Resolution(found, tuple(zip(names, answers, strict=True)))


def _implicit(host: MxHost) -> Routing:
    if host.addresses:
        return Routing.IMPLICIT
    both = (host.ipv4, host.ipv6)
    known = all(isinstance(answer, DnsAnswer) and answer.rcode in ("NOERROR", "NXDOMAIN") for answer in both)
    return Routing.NONE if known else Routing.UNKNOWN


def _hosts(named: tuple[tuple[int, str], ...]) -> Walk[tuple[MxHost, ...]]:
    answers = yield from ask_each(tuple(Question(name, kind) for _, name in named for kind in ("A", "AAAA")))
    return tuple(MxHost(name, preference, answers[2 * at], answers[2 * at + 1]) for at, (preference, name) in enumerate(named))
