"""Addresses that no mail from the internet can reach (RFC 6890). Documentation networks are left out: examples and tests live there."""

from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

_KINDS = tuple(
    (network.version, int(network[0]), int(network[-1]), kind)
    for text, kind in (
        ("0.0.0.0/8", "unspecified"),
        ("10.0.0.0/8", "private"),
        ("100.64.0.0/10", "shared by a provider's customers"),
        ("127.0.0.0/8", "loopback"),
        ("169.254.0.0/16", "link-local"),
        ("172.16.0.0/12", "private"),
        ("192.168.0.0/16", "private"),
        ("198.18.0.0/15", "for benchmarks"),
        ("224.0.0.0/4", "multicast"),
        ("240.0.0.0/4", "reserved"),
        ("::/128", "unspecified"),
        ("::1/128", "loopback"),
        ("100::/64", "for discarding"),
        ("fc00::/7", "private"),
        ("fe80::/10", "link-local"),
        ("fec0::/10", "site-local"),
        ("ff00::/8", "multicast"),
    )
    for network in (ip_network(text),)
)


@lru_cache(maxsize=4096)
def special_kind(address: str) -> str:
    """What keeps the internet from reaching this address (`private`, `loopback`); empty for an ordinary one. Never raises."""
    try:
        parsed: IPv4Address | IPv6Address = ip_address(address)
    except ValueError:
        return "malformed"
    if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped:
        parsed = parsed.ipv4_mapped
    version, number = parsed.version, int(parsed)
    return next((kind for kept, first, last, kind in _KINDS if kept == version and first <= number <= last), "")
