"""Authorised address space: how many addresses a policy lets send (RFC 7208, 5.6)."""

from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_network

from msgspec import Struct

# What no packet from the internet can come from; letting it send harms nobody (RFC 1918, 1122, 3927, 4193, 4291).
_PRIVATE = tuple(
    (net.version, int(net.network_address), int(net.broadcast_address))
    for net in map(
        ip_network,
        ("0.0.0.0/8", "10.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16", "::1/128", "fc00::/7", "fe80::/10"),
    )
)


class Network(Struct, frozen=True, cache_hash=True, gc=False):
    """A block that a term authorises: `first` to `last` as numbers. `owner` is the domain whose record has the term."""

    version: int
    first: int
    last: int
    owner: str
    term: str
    is_private: bool = False

    @property
    def size(self) -> int:
        return self.last - self.first + 1

    @property
    def address(self) -> IPv4Address | IPv6Address:
        return IPv4Address(self.first) if self.version == 4 else IPv6Address(self.first)

    @property
    def prefix(self) -> int:
        return (32 if self.version == 4 else 128) - (self.size.bit_length() - 1)

    def __str__(self) -> str:
        return _written(self)


@lru_cache(maxsize=16384)
def _written(network: Network) -> str:
    return f"{network.address}/{network.prefix}"


@lru_cache(maxsize=16384)
def network(address: IPv4Address | IPv6Address, prefix: int, owner: str, term: str) -> Network:
    """The network of `prefix` bits that the address is in."""
    host_bits = (32 if address.version == 4 else 128) - prefix
    first = int(address) >> host_bits << host_bits
    last = first + (1 << host_bits) - 1
    private = any(version == address.version and start <= first and last <= end for version, start, end in _PRIVATE)
    return Network(address.version, first, last, owner, term, private)


class AddressSpace(Struct, frozen=True, gc=False):
    """Numbers of addresses, each counted once however many networks cover it; private ones are left out."""

    ipv4: int = 0
    ipv6: int = 0


def address_space(networks: Iterable[Network]) -> AddressSpace:
    spans: dict[int, list[tuple[int, int]]] = {4: [], 6: []}
    for one in networks:
        if not one.is_private:
            spans[one.version].append((one.first, one.last))
    return AddressSpace(_covered(spans[4]), _covered(spans[6]))


def _covered(spans: list[tuple[int, int]]) -> int:
    """How many numbers are in at least one of the spans."""
    total, behind = 0, 0
    for first, last in sorted(spans):
        if last >= behind:
            total += last + 1 - max(first, behind)
            behind = last + 1
    return total
