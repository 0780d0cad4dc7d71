"""Reverse DNS: the names of an address, and whether they lead back to it (RFC 1912, 2.1; RFC 8499, "forward-confirmed")."""

from dataclasses import dataclass
from functools import lru_cache
from ipaddress import ip_address

from hauberk.model.dns import DnsAnswer, NoAnswer, Question
from hauberk.model.observation import ScanOptions
from hauberk.protocols import mx
from hauberk.protocols.rdata import target
from hauberk.protocols.walk import Walk, ask, ask_each, together

MOST_NAMES = 10  # of one address that are looked up again
MOST_ADDRESSES = 100


@dataclass(frozen=True, slots=True)
class Forward:
    """A name that an address has, with the reply to the question for the name's addresses (A or AAAA as the address is)."""

    name: str
    answer: DnsAnswer | NoAnswer


@dataclass(frozen=True, slots=True)
class Reverse:
    """`answer` is the reply to the PTR question for `address`."""

    address: str
    answer: DnsAnswer | NoAnswer
    forwards: tuple[Forward, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(forward.name for forward in self.forwards)

    @property
    def confirmed(self) -> tuple[str, ...]:
        """The names that lead back to the address."""
        return tuple(forward.name for forward in self.forwards if leads_to(forward.answer, self.address))


def leads_to(answer: DnsAnswer | NoAnswer, address: str) -> bool:
    """Whether an A or AAAA answer holds the address, however it is spelled."""
    return isinstance(answer, DnsAnswer) and any(_same(record.data, address) for kind in ("A", "AAAA") for record in answer.of(kind))


@lru_cache(maxsize=4096)
def pointer(address: str) -> str:
    """The name that the PTR record of an address stands at (RFC 1035, 3.5; RFC 3596, 2.5)."""
    return ip_address(address).reverse_pointer


@lru_cache(maxsize=4096)
def _same(text: str, address: str) -> bool:
    try:
        return ip_address(text) == ip_address(address)
    except ValueError:
        return False


def confirm(address: str) -> Walk[Reverse]:
    """The PTR names of an address, then the addresses of each name."""
    answer = yield from ask(pointer(address), "PTR")
    if isinstance(answer, NoAnswer):
        return Reverse(address, answer)
    names = tuple(dict.fromkeys(target(record) for record in answer.of("PTR")))[:MOST_NAMES]
    kind = "AAAA" if ":" in address else "A"
    answers = yield from ask_each(tuple(Question(name, kind) for name in names))
    return Reverse(address, answer, tuple(Forward(name, reply) for name, reply in zip(names, answers, strict=True)))


def survey(domain: str, options: ScanOptions) -> Walk[tuple[Reverse, ...]]:
    """Every address of every MX host, each once."""
    route = yield from mx.route(domain)
    addresses = tuple(dict.fromkeys(endpoint.address for endpoint in route.endpoints if _same(endpoint.address, endpoint.address)))
    found = yield from together(*(confirm(address) for address in addresses[:MOST_ADDRESSES]))
    return tuple(one for one in found if isinstance(one, Reverse))
