"""The authoritative servers of a domain, and what each of them says by itself (RFC 1034, 4.2; RFC 2182)."""

from dataclasses import dataclass

from hauberk.model.dns import DnsAnswer, NoAnswer, Question
from hauberk.model.observation import ScanOptions
from hauberk.protocols.names import ancestors, is_at_or_below, registrable
from hauberk.protocols.rdata import target
from hauberk.protocols.walk import Walk, ask_each

MOST_SERVERS = 13  # name servers of one zone; two addresses of each
MOST_STEPS = 6  # labels climbed in search of the zone's apex


@dataclass(frozen=True, slots=True)
class NameServer:
    """A name server at one address."""

    name: str
    address: str


@dataclass(frozen=True, slots=True)
class Said:
    """What one server answered to one question."""

    server: NameServer
    question: Question
    answer: DnsAnswer | NoAnswer


@dataclass(frozen=True, slots=True)
class Zone:
    """`answer` is the reply that held the NS set; `said` holds an SOA for each server, then the other questions.

    `unresolved` are name servers without any address.
    """

    apex: str
    answer: DnsAnswer | NoAnswer
    servers: tuple[NameServer, ...] = ()
    unresolved: tuple[str, ...] = ()
    said: tuple[Said, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The name servers, with and without addresses."""
        return tuple(dict.fromkeys((*(server.name for server in self.servers), *self.unresolved)))


@dataclass(frozen=True, slots=True)
class Delegation:
    """The zones that the domain's mail records live in: one, or two when `_dmarc` is delegated. `failed` is why none was found."""

    zones: tuple[Zone, ...] = ()
    failed: DnsAnswer | NoAnswer | None = None


def survey(domain: str, options: ScanOptions) -> Walk[Delegation]:
    """Find the zones, their servers and addresses, then ask each server for SOA, MX, TXT and the DMARC record."""
    dmarc = f"_dmarc.{domain}"
    top = registrable(domain) or domain
    climbed = tuple(name for name in ancestors(domain) if is_at_or_below(name, top))[-MOST_STEPS:]
    own, *above = yield from ask_each(tuple(Question(name, "NS") for name in (dmarc, *climbed)))
    apex, failed = _closest(tuple(zip(climbed, above, strict=True)))
    if apex is None:
        return Delegation((), failed)
    split = bool(_names(dmarc, own))
    first = (Question(domain, "MX"), Question(domain, "TXT"), *(() if split else (Question(dmarc, "TXT"),)))
    zones = ((*apex, first), *(((dmarc, own, (Question(dmarc, "TXT"),)),) if split else ()))
    found: list[Zone] = []
    for name, answer, questions in zones:
        zone = yield from _ask_servers(name, answer, questions)
        found.append(zone)
    return Delegation(tuple(found))


def _closest(
    above: tuple[tuple[str, DnsAnswer | NoAnswer], ...],
) -> tuple[tuple[str, DnsAnswer | NoAnswer] | None, DnsAnswer | NoAnswer | None]:
    """The apex with its NS answer, or the answer that stopped the climb: past it, the servers of another zone would be asked."""
    for name, answer in above:
        if isinstance(answer, NoAnswer) or answer.rcode not in ("NOERROR", "NXDOMAIN"):
            return None, answer
        if _names(name, answer):
            return (name, answer), None
    return None, None


def _names(zone: str, answer: DnsAnswer | NoAnswer) -> tuple[str, ...]:
    """The name servers in an NS answer that belong to the name itself, not to where a CNAME led."""
    if isinstance(answer, NoAnswer) or answer.rcode != "NOERROR":
        return ()
    return tuple(sorted({target(record) for record in answer.of("NS") if record.name == zone}))[:MOST_SERVERS]


def _ask_servers(apex: str, answer: DnsAnswer | NoAnswer, questions: tuple[Question, ...]) -> Walk[Zone]:
    names = _names(apex, answer)
    addresses = yield from ask_each(tuple(Question(name, kind) for name in names for kind in ("A", "AAAA")))
    servers: list[NameServer] = []
    unresolved: list[str] = []
    for at, name in enumerate(names):
        firsts = [_first(addresses[2 * at], "A"), _first(addresses[2 * at + 1], "AAAA")]
        servers.extend(NameServer(name, address) for address in firsts if address)
        if not any(firsts):
            unresolved.append(name)
    direct = tuple(
        (server, Question(question.name, question.type, server.address))
        for server in servers
        for question in (Question(apex, "SOA"), *questions)
    )
    replies = yield from ask_each(tuple(question for _, question in direct))
    said = tuple(Said(server, question, reply) for (server, question), reply in zip(direct, replies, strict=True))
    return Zone(apex, answer, tuple(servers), tuple(unresolved), said)


def _first(answer: DnsAnswer | NoAnswer, kind: str) -> str:
    """The first address of a set, by order of text, so that the same set always gives the same server."""
    records = answer.of(kind) if isinstance(answer, DnsAnswer) else ()
    return min((record.data for record in records), default="")


def own_records(said: Said) -> frozenset[tuple[str, str]] | None:
    """The records a server gave at the very name of the question, as (type, data); None for no authoritative answer.

    What a CNAME leads to is left out: one server follows it and another does not, and both are right. The letter case of names and
    the order do not matter.
    """
    if isinstance(said.answer, NoAnswer) or said.answer.rcode not in ("NOERROR", "NXDOMAIN"):
        return None
    wanted = (said.question.type, "CNAME")
    return frozenset(
        (record.type, record.data if record.type == "TXT" else record.data.lower())
        for record in said.answer.records
        if record.name == said.question.name and record.type in wanted
    )
