"""Which addresses a scan may open connections to: a domain's records must not steer the scanner into networks it stands in."""

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

# IANA's special-purpose address registries (RFC 6890) and where clouds keep their metadata.
_REFUSED_V4 = tuple(
    (IPv4Network(network), kind)
    for network, kind in (
        ("0.0.0.0/8", "an unspecified address"),
        ("10.0.0.0/8", "a private address"),
        ("100.64.0.0/10", "a shared address of carrier-grade NAT"),
        ("127.0.0.0/8", "a loopback address"),
        ("169.254.169.254/32", "the metadata address of clouds"),
        ("169.254.0.0/16", "a link-local address"),
        ("172.16.0.0/12", "a private address"),
        ("192.0.0.0/24", "an address for protocol assignments"),
        ("192.0.2.0/24", "a documentation address"),
        ("192.88.99.0/24", "a 6to4 relay address"),
        ("192.168.0.0/16", "a private address"),
        ("198.18.0.0/15", "a benchmarking address"),
        ("198.51.100.0/24", "a documentation address"),
        ("203.0.113.0/24", "a documentation address"),
        ("224.0.0.0/4", "a multicast address"),
        ("240.0.0.0/4", "a reserved address"),
    )
)
_REFUSED_V6 = tuple(
    (IPv6Network(network), kind)
    for network, kind in (
        ("::/128", "an unspecified address"),
        ("::1/128", "a loopback address"),
        ("::ffff:0:0/96", "an IPv4-mapped address"),
        ("::/96", "an IPv4-compatible address"),
        ("64:ff9b:1::/48", "a local-use NAT64 address"),
        ("100::/64", "a discard-only address"),
        ("2001:db8::/32", "a documentation address"),
        ("2001::/23", "an address for protocol assignments"),
        ("3fff::/20", "a documentation address"),
        ("5f00::/16", "a segment routing address"),
        ("fd00:ec2::254/128", "the metadata address of clouds"),
        ("fc00::/7", "a private address"),
        ("fe80::/10", "a link-local address"),
        ("fec0::/10", "a site-local address"),
        ("ff00::/8", "a multicast address"),
    )
)
_UNALLOCATED = "an address outside the global unicast space"
_GLOBAL_V6 = IPv6Network("2000::/3")
_NAT64 = IPv6Network("64:ff9b::/96")
_SIX_TO_FOUR = IPv6Network("2002::/16")


@dataclass(frozen=True, slots=True)
class AddressGuard:
    """`allow` holds networks of the operator's own choice; they are open whatever they are."""

    allow: tuple[IPv4Network | IPv6Network, ...] = ()

    def objection(self, address: str) -> str:
        """Why no connection may go to this address (`a private address`); empty when it may."""
        try:
            parsed = ip_address(address)
        except ValueError:
            return "not an IP address"
        if isinstance(parsed, IPv6Address) and parsed.scope_id:
            return "an address with a zone"
        embedded = _embedded(parsed)
        if any(one in network for network in self.allow for one in (parsed, embedded) if one is not None):
            return ""
        if isinstance(parsed, IPv4Address):
            return _objection_v4(parsed)
        if embedded is not None:
            return _objection_v4(embedded) or _objection_v6(parsed)
        return _objection_v6(parsed)


def _objection_v4(address: IPv4Address) -> str:
    return next((kind for network, kind in _REFUSED_V4 if address in network), "")


def _objection_v6(address: IPv6Address) -> str:
    kind = next((kind for network, kind in _REFUSED_V6 if address in network), "")
    if kind or address in _GLOBAL_V6 or address in _NAT64:
        return kind
    return _UNALLOCATED


def _embedded(address: IPv4Address | IPv6Address) -> IPv4Address | None:
    """The IPv4 address that a packet to this one would reach behind a translator or relay."""
    if isinstance(address, IPv4Address):
        return None
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address in _SIX_TO_FOUR:
        return address.sixtofour
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    return None
