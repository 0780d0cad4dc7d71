"""What this machine can reach and how it calls itself; found out without sending a packet."""

import re
import socket
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address

# Root servers' addresses: global ones that need a route. Connecting a UDP socket only chooses the route.
_FAR = {socket.AF_INET: "198.41.0.4", socket.AF_INET6: "2001:503:ba3e::2:30"}
_HOST = re.compile(r"(?=.{4,253}\Z)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)+", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Reach:
    """The addresses that packets to the internet leave from; empty where there is no route."""

    ipv4: str = ""
    ipv6: str = ""


def find_reach() -> Reach:
    return Reach(_source(socket.AF_INET), _source(socket.AF_INET6))


def _source(family: socket.AddressFamily) -> str:
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((_FAR[family], 53))
            source = ip_address(probe.getsockname()[0])
    except (OSError, ValueError):
        return ""
    if source.is_link_local or source.is_loopback or source.is_unspecified:
        return ""
    return str(source)


def own_helo(reach: Reach, host_name: str) -> str:
    """The name to say EHLO with: this machine's when it is a full one, else its address as a literal (RFC 5321, 4.1.4)."""
    if _HOST.fullmatch(host_name) and not host_name.endswith((".local", ".localdomain", ".internal")):
        return host_name.lower()
    address = reach.ipv4 or reach.ipv6
    if not address:
        return "[127.0.0.1]"
    return f"[IPv6:{address}]" if isinstance(ip_address(address), IPv6Address) else f"[{address}]"
