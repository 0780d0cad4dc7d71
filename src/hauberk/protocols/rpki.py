"""Whether the route to an address is announced by whom its holder has authorised (RFC 6811).

Which network announces an address is asked of a zone that gives it as TXT, `64496 | 192.0.2.0/24 | NL | ripencc | 2008-07-10`, under the
address in reverse; several numbers are several origins. Which origins are authorised is asked of the operator's validated payloads.
"""

from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import cast

from msgspec import Struct

from hauberk.model.dns import DnsAnswer, NoAnswer, Question
from hauberk.model.observation import ScanOptions
from hauberk.model.routing import Coverage, Covering, Vrp
from hauberk.protocols import mx
from hauberk.protocols.dnsbl import reversed_address
from hauberk.protocols.malformed import Malformed
from hauberk.protocols.rdata import txt
from hauberk.protocols.special_addresses import special_kind
from hauberk.protocols.walk import NOT_ASKED, Walk

ORIGIN_ZONES = ("origin.asn.cymru.com", "origin6.asn.cymru.com")
_MOST_ASN = 2**32 - 1


class Validity(StrEnum):
    """RFC 6811, 2."""

    VALID = "valid"
    NOT_FOUND = "not-found"
    INVALID = "invalid"


class Route(Struct, frozen=True, order=True):
    """AS number `origin` announces `prefix` (canonical text)."""

    prefix: str
    origin: int

    @property
    def length(self) -> int:
        return int(self.prefix.partition("/")[2])


@dataclass(frozen=True, slots=True)
class Routed:
    """An address with the reply about its origins, and the VRPs that cover it."""

    address: str
    question: Question
    answer: DnsAnswer | NoAnswer
    covering: Covering | NoAnswer

    @property
    def said(self) -> tuple[str, ...]:
        return tuple(txt(record) for record in self.answer.of("TXT")) if isinstance(self.answer, DnsAnswer) else ()

    @property
    def routes(self) -> tuple[Route, ...]:
        """Those of the longest prefix: packets follow it, whatever else is announced."""
        found = {route for text in self.said for route in _of(parse_origin(text)) if ip_address(self.address) in ip_network(route.prefix)}
        longest = max((route.length for route in found), default=0)
        return tuple(sorted(route for route in found if route.length == longest))

    def told_by(self, route: Route) -> str:
        """The zone's own words for one of the routes."""
        return next((text for text in self.said if route in _of(parse_origin(text))), "")


def parse_origin(text: str) -> tuple[Route, ...] | Malformed:
    """The routes that one TXT record of an origin zone tells of."""
    numbers, bar, rest = text.partition("|")
    prefix = rest.partition("|")[0].strip()
    network = _network(prefix)
    if not bar or network is None:
        return Malformed(text, len(numbers) + 1, "there is no prefix behind the first bar", len(prefix))
    origins = numbers.split()
    if not origins or not all(word.isascii() and word.isdigit() and len(word) <= 10 and int(word) <= _MOST_ASN for word in origins):
        return Malformed(text, 0, "there is no AS number before the first bar", len(numbers))
    return tuple(Route(str(network), int(word)) for word in origins)


def validity(route: Route, covering: tuple[Vrp, ...]) -> Validity:
    """`covering` are VRPs that cover an address of the route. One that is for longer prefixes only does not cover the route."""
    candidates = covering_route(route, covering)
    if not candidates:
        return Validity.NOT_FOUND
    matched = any(vrp.asn == route.origin != 0 and route.length <= vrp.max_length for vrp in candidates)
    return Validity.VALID if matched else Validity.INVALID


def covering_route(route: Route, covering: tuple[Vrp, ...]) -> tuple[Vrp, ...]:
    """Those VRPs that decide on the route: their prefix is the route's or holds it."""
    return tuple(vrp for vrp in covering if int(vrp.prefix.partition("/")[2]) <= route.length)


def routed(domain: str, options: ScanOptions) -> Walk[tuple[Routed, ...]]:
    """The origins and the VRPs of every address of the MX hosts that the internet can reach."""
    if not options.origins:
        return ()
    route = yield from mx.route(domain)
    addresses = tuple(dict.fromkeys(one.address for one in route.endpoints if not special_kind(one.address)))
    if not addresses:
        return ()
    questions = tuple(_question(address, options.origins) for address in addresses)
    replies = yield (*questions, *(Coverage(address) for address in addresses))
    return tuple(
        Routed(address, question, cast("DnsAnswer | NoAnswer", answer), covering if isinstance(covering, Covering) else _silence(covering))
        for address, question, answer, covering in zip(addresses, questions, replies, replies[len(addresses) :], strict=False)
    )


def _question(address: str, zones: tuple[str, ...]) -> Question:
    """`zones` are that for IPv4 and that for IPv6."""
    return Question(f"{reversed_address(address)}.{zones[-1 if ':' in address else 0]}", "TXT")


def _silence(reply: object) -> NoAnswer:
    return reply if isinstance(reply, NoAnswer) else NOT_ASKED


def _network(text: str) -> IPv4Network | IPv6Network | None:
    try:
        return ip_network(text) if "/" in text else None
    except ValueError:
        return None


def _of(parsed: tuple[Route, ...] | Malformed) -> tuple[Route, ...]:
    return () if isinstance(parsed, Malformed) else parsed
