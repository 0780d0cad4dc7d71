"""Addresses and names out of answers; record data that is none (RFC 3597 form of a broken record) is passed over."""

from ipaddress import IPv4Address, IPv6Address, ip_address

from hauberk.model.dns import DnsAnswer, NoAnswer
from hauberk.protocols.rdata import Mx, mx
from hauberk.protocols.spf.macros import target_name


def addresses_in(answer: DnsAnswer | NoAnswer | None, type: str) -> tuple[IPv4Address | IPv6Address, ...]:
    """The addresses of the A or AAAA records."""
    found: list[IPv4Address | IPv6Address] = []
    for record in answer.of(type) if isinstance(answer, DnsAnswer) else ():
        try:
            found.append(ip_address(record.data))
        except ValueError:
            continue
    return tuple(found)


def exchanges_in(answer: DnsAnswer | NoAnswer | None) -> tuple[str, ...]:
    """The distinct names of the MX records by preference, without the null MX."""
    found: list[Mx] = []
    for record in answer.of("MX") if isinstance(answer, DnsAnswer) else ():
        try:
            found.append(mx(record))
        except ValueError:
            continue
    found.sort(key=lambda one: one.preference)
    return tuple(dict.fromkeys(name for one in found if (name := target_name(one.exchange))))
