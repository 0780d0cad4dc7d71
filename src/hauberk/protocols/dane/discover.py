"""Looking for the TLSA records of every MX host, the way a DANE sender does (RFC 7672, 2.2)."""

from dataclasses import dataclass
from enum import StrEnum

from hauberk.model.dns import DnsAnswer, NoAnswer, Question, Record
from hauberk.model.observation import ScanOptions
from hauberk.protocols.dane.tlsa import Tlsa, owner_name, parse
from hauberk.protocols.malformed import Malformed
from hauberk.protocols.mx import MailRoute, MxHost, route
from hauberk.protocols.rdata import target
from hauberk.protocols.walk import Walk, ask_each

# The root is signed: an answer about it without AD means that the resolver does not validate.
_ROOT = Question(".", "SOA")


class Published(StrEnum):
    """What the DNS says of a host's TLSA records, as far as a sender can rely on it."""

    SECURE = "secure"  # records, everything up to them signed
    ABSENT = "absent"  # a signed no
    INSECURE_MX = "insecure-mx"  # the MX set is not signed: a sender does not look further (RFC 7672, 2.2)
    INSECURE_HOST = "insecure-host"  # neither the addresses of the host nor its own CNAME are signed (RFC 7672, 2.2.2)
    INSECURE_RECORDS = "insecure-records"  # the answer about TLSA itself is not signed
    BOGUS = "bogus"  # validation fails; without validation there is an answer
    FAILING = "failing"  # the name servers do not answer this question properly, with or without validation
    UNANSWERED = "unanswered"  # silence, or a host whose addresses could not be had
    UNTRUSTED = "untrusted"  # the path to the resolver is not trusted, or it does not validate: nothing is known of signatures


@dataclass(frozen=True, slots=True)
class DaneHost:
    """One MX host's TLSA records.

    `base` is the name whose TLSA records count: the host, or what its CNAME leads to. `answer` is the reply to the TLSA question;
    `unchecked` the reply without validation, asked where `answer` failed.
    """

    name: str
    base: str
    published: Published
    answer: DnsAnswer | NoAnswer
    unchecked: DnsAnswer | NoAnswer | None = None

    @property
    def owner(self) -> str:
        return owner_name(self.base)

    @property
    def held(self) -> tuple[Record, ...]:
        """The TLSA records there are, signed or not, bogus or not."""
        for answer in (self.answer, self.unchecked):
            if isinstance(answer, DnsAnswer) and answer.of("TLSA"):
                return answer.of("TLSA")
        return ()

    @property
    def records(self) -> tuple[Tlsa, ...]:
        return tuple(one for one in (parse(record.data) for record in self.held) if isinstance(one, Tlsa))

    @property
    def malformed(self) -> tuple[Malformed, ...]:
        return tuple(one for one in (parse(record.data) for record in self.held) if isinstance(one, Malformed))


@dataclass(frozen=True, slots=True)
class DaneRecords:
    """The route with what is published for each of its hosts, in the route's order."""

    route: MailRoute
    hosts: tuple[DaneHost, ...] = ()

    def of(self, host: str) -> DaneHost | None:
        return next((one for one in self.hosts if one.name == host), None)


def discover(domain: str, options: ScanOptions) -> Walk[DaneRecords]:
    """TLSA of every MX host and of what its CNAME leads to; where that fails, once more without validation. Three rounds at most.

    The addresses behind a signed CNAME may be unsigned: then the records of the alias count, which has to be asked for by itself.
    """
    found = yield from route(domain)
    bases = tuple((host, base) for host in found.hosts for base in _bases(host))
    leading = tuple(host.name for host in found.hosts if host.aliases and not all(map(answer_is_secure, (host.ipv4, host.ipv6))))
    asked = (*(Question(owner_name(base), "TLSA") for _, base in bases), *(Question(name, "CNAME") for name in leading))
    root, *replies = yield from ask_each((_ROOT, *asked))
    answers, aliases = replies[: len(bases)], replies[len(bases) :]
    signed_aliases = frozenset(name for name, answer in zip(leading, aliases, strict=True) if answer_is_secure(answer))
    validates = isinstance(root, NoAnswer) or root.rcode != "NOERROR" or answer_is_secure(root)
    failed = tuple(base for (_, base), answer in zip(bases, answers, strict=True) if _failed(answer))
    unchecked = yield from ask_each(tuple(Question(owner_name(base), "TLSA", checking_disabled=True) for base in failed))
    without_validation = dict(zip(failed, unchecked, strict=True))
    candidates = tuple(
        DaneHost(
            host.name,
            base,
            _published(found, host, answer, without_validation.get(base), signed_aliases) if validates else Published.UNTRUSTED,
            answer,
            without_validation.get(base),
        )
        for (host, base), answer in zip(bases, answers, strict=True)
    )
    return DaneRecords(found, tuple(_chosen(host, candidates) for host in found.hosts))


def _bases(host: MxHost) -> tuple[str, ...]:
    """The candidates for the TLSA base domain, the best first (RFC 7672, 2.2)."""
    for answer in (host.ipv4, host.ipv6):
        aliases = answer.of("CNAME") if isinstance(answer, DnsAnswer) else ()
        if aliases and answer_is_secure(answer):
            return tuple(dict.fromkeys((target(aliases[-1]), host.name)))
    return (host.name,)


def _chosen(host: MxHost, candidates: tuple[DaneHost, ...]) -> DaneHost:
    """The first candidate with records or trouble; else the host itself."""
    own = tuple(one for one in candidates if one.name == host.name)
    return next((one for one in own if one.published not in (Published.ABSENT, Published.INSECURE_RECORDS)), own[-1])


def _published(
    found: MailRoute,
    host: MxHost,
    answer: DnsAnswer | NoAnswer,
    unchecked: DnsAnswer | NoAnswer | None,
    signed_aliases: frozenset[str],
) -> Published:
    addresses = tuple(one for one in (host.ipv4, host.ipv6) if isinstance(one, DnsAnswer) and not _failed(one))
    if not addresses:
        return Published.UNANSWERED
    if any(one.authenticated is None for one in addresses):
        return Published.UNTRUSTED
    if not answer_is_secure(found.answer):
        return Published.INSECURE_MX
    if host.name not in signed_aliases and not all(answer_is_secure(one) for one in addresses):
        return Published.INSECURE_HOST
    if isinstance(answer, NoAnswer):
        return Published.UNANSWERED
    if _failed(answer):
        if isinstance(unchecked, DnsAnswer):
            return Published.FAILING if _failed(unchecked) else Published.BOGUS
        return Published.UNANSWERED
    if not answer_is_secure(answer):
        return Published.INSECURE_RECORDS
    return Published.SECURE if answer.of("TLSA") else Published.ABSENT


def _failed(answer: DnsAnswer | NoAnswer) -> bool:
    return isinstance(answer, DnsAnswer) and answer.rcode not in ("NOERROR", "NXDOMAIN")


def answer_is_secure(answer: DnsAnswer | NoAnswer) -> bool:
    return isinstance(answer, DnsAnswer) and answer.authenticated is True
