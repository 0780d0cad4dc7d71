"""Proposed records laid over a world: "what would this change bring?" is the scan itself, asked of another world.

A proposal replaces whole record sets (one name, one type). A name that gains a record exists from then on, and so do the
names above it (RFC 8020), so their other types change from NXDOMAIN to an empty answer.
"""

from collections.abc import Awaitable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

import dns.exception
import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdatatype
from msgspec import structs

from hauberk.model.dns import DnsAnswer, DnsExchange, NoAnswer, Question, Record
from hauberk.model.observation import Observation, TrustStore, Vantage
from hauberk.protocols.malformed import Malformed
from hauberk.protocols.names import absolute, ancestors, is_at_or_below
from hauberk.protocols.rdata import escape, txt_strings
from hauberk.protocols.walk import NOT_ASKED, Ask, Reply
from hauberk.world.world import World

PROPOSED_TTL = 3600
_CLASSES = ("IN",)


@dataclass(frozen=True, slots=True)
class Proposal:
    """Record sets by (name, type) as they would be published; an empty set means that it is taken away."""

    sets: Mapping[tuple[str, str], tuple[Record, ...]] = field(default_factory=lambda: MappingProxyType({}))

    def answers(self, question: Question) -> tuple[Record, ...] | None:
        return self.sets.get((question.name, question.type))

    def creates(self, name: str) -> bool:
        """Whether the name exists because of a proposed record at it or below it."""
        return any(records and is_at_or_below(owner, name) for (owner, _), records in self.sets.items())


def parse_record(text: str) -> Record | Malformed:
    """A record as people write it: `name [ttl] [IN] TYPE data`."""
    words = text.strip().split(None, 1)
    if len(words) < 2:
        return Malformed(text, 0, "a record is written: name TYPE data", len(text))
    name, rest = absolute(words[0]), words[1]
    ttl = PROPOSED_TTL
    while rest:
        word, *after = rest.split(None, 1)
        if word.isascii() and word.isdigit():
            ttl = min(int(word[:10]), 2**31 - 1)
        elif word.upper() not in _CLASSES:
            break
        rest = "".join(after)
    kind, *remainder = rest.split(None, 1) or [""]
    data = "".join(remainder)
    if not kind.isalnum():
        return Malformed(text, text.find(rest), "the record's type is missing", max(1, len(rest)))
    if not data.strip():
        return Malformed(text, len(text), f"the {kind.upper()} record has no data")
    return Record(name, kind.upper(), ttl, _quoted(kind.upper(), data.strip()))


def parse_publishable(text: str) -> Record | Malformed:
    """As `parse_record`, and such that a name server would load it; a long TXT string is cut as a provider's form does."""
    record = parse_record(text)
    if isinstance(record, Malformed):
        return record
    if record.type == "TXT" and any(len(string) > 255 for string in txt_strings(record.data)):
        joined = b"".join(txt_strings(record.data))
        record = structs.replace(record, data=" ".join(escape(joined[at : at + 255]) for at in range(0, len(joined), 255)))
    fault = _fault(record)
    return Malformed(text, 0, f"this is no {record.type} record: {fault}", len(text)) if fault else record


def _fault(record: Record) -> str:
    """What is wrong with data that no server could publish; dnspython knows the types."""
    try:
        dns.name.from_text(record.name)
        kind = dns.rdatatype.from_text(record.type)
        dns.rdata.from_text(dns.rdataclass.IN, kind, record.data, origin=dns.name.root)
    except (dns.exception.DNSException, ValueError, NotImplementedError) as error:
        return str(error) or type(error).__name__
    return ""


def _quoted(kind: str, data: str) -> str:
    """TXT data typed without quotes is meant as one string."""
    if kind != "TXT" or data.startswith('"'):
        return data
    return '"' + data.replace("\\", "\\\\").replace('"', '\\"') + '"'


def propose(records: tuple[Record, ...], removed: tuple[tuple[str, str], ...] = ()) -> Proposal:
    """A proposal that publishes `records` (whole sets) and takes the sets `removed` away."""
    sets: dict[tuple[str, str], tuple[Record, ...]] = dict.fromkeys(removed, ())
    for record in records:
        key = (record.name, record.type)
        sets[key] = (*sets.get(key, ()), record)
    return Proposal(MappingProxyType(sets))


def laid_over(question: Question, below: DnsAnswer | NoAnswer, proposal: Proposal, *, secure: bool | None) -> DnsAnswer | NoAnswer:
    """The reply to a question once the proposal is published. `secure` is the AD bit that new records would carry."""
    proposed = proposal.answers(question)
    if proposed:
        return DnsAnswer("NOERROR", proposed, _authenticated(below, secure))
    exists = proposal.creates(question.name)
    if proposed is not None and isinstance(below, DnsAnswer):
        gone = tuple(record for record in below.records if (record.name, record.type) != (question.name, question.type))
        return structs.replace(below, rcode="NOERROR", records=gone)
    if exists and isinstance(below, DnsAnswer) and below.rcode == "NXDOMAIN":
        return structs.replace(below, rcode="NOERROR")
    return below


def _authenticated(below: DnsAnswer | NoAnswer, secure: bool | None) -> bool | None:
    return below.authenticated if isinstance(below, DnsAnswer) and below.rcode in ("NOERROR", "NXDOMAIN") else secure


def overlay(observation: Observation, proposal: Proposal) -> Observation:
    """The tape as it would be with the proposal published; what it never asked stays unasked."""
    secure = _security_of(observation, proposal)
    held = {exchange.question: exchange for exchange in observation.dns}
    for name, kind in proposal.sets:
        held.setdefault(Question(name, kind), DnsExchange(Question(name, kind), no_answer=NOT_ASKED))
    laid = tuple(_laid(exchange, proposal, secure) for exchange in held.values())
    return replace(observation, dns=laid)


def _laid(exchange: DnsExchange, proposal: Proposal, secure: bool | None) -> DnsExchange:
    below = exchange.answer or exchange.no_answer or NOT_ASKED
    above = laid_over(exchange.question, below, proposal, secure=secure)
    if above is below:
        return exchange
    return DnsExchange(exchange.question, above) if isinstance(above, DnsAnswer) else DnsExchange(exchange.question, no_answer=above)


def _security_of(observation: Observation, proposal: Proposal) -> bool | None:
    """New names are as secure as the answers of the scanned domain around them."""
    apexes = {observation.domain, *(ancestors(name)[-2:][0] for name, _ in proposal.sets if "." in name)}
    seen = [
        exchange.answer.authenticated
        for exchange in observation.dns
        if exchange.answer is not None and exchange.question.name in apexes and not exchange.question.server
    ]
    known = [value for value in seen if value is not None]
    return all(known) if known else None


class OverlayWorld:
    """A world with a proposal laid on top; SMTP and HTTPS go through to the world below."""

    def __init__(self, below: World, proposal: Proposal) -> None:
        self._below = below
        self._proposal = proposal

    @property
    def vantage(self) -> Vantage:
        return self._below.vantage

    def ask(self, question: Ask, /) -> Awaitable[Reply]:
        if isinstance(question, Question):
            return self._laid(question, self._below.ask(question))
        return self._below.ask(question)

    def trust(self, chains: tuple[tuple[bytes, ...], ...], /) -> TrustStore:
        return self._below.trust(chains)

    async def _laid(self, question: Question, under_way: Awaitable[Reply]) -> Reply:
        below = await under_way
        if not isinstance(below, (DnsAnswer, NoAnswer)):
            return below
        return laid_over(question, below, self._proposal, secure=await self._security(question))

    async def _security(self, question: Question) -> bool | None:
        """A name that is not there yet is as secure as its zone's start of authority."""
        for name in ancestors(question.name):
            answer = await self._below.ask(Question(name, "SOA"))
            if isinstance(answer, DnsAnswer) and answer.rcode == "NOERROR" and answer.of("SOA"):
                return answer.authenticated
        return None
