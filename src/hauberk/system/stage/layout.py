"""Where the zones of a stage are: one network namespace a zone and one for the firewall between them. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Interface, IPv6Interface
from typing import TypeAlias

from hauberk.system.declaration import Zone

Interface: TypeAlias = IPv4Interface | IPv6Interface

UPLINK = "eth0"  # what a zone calls its link to the firewall


FIREWALL = "firewall"  # the fifth namespace; the other four are named for their zones


@dataclass(frozen=True, slots=True)
class Segment:
    """One zone's network. `port` is the firewall's interface to it (at most 15 characters), `gateways` the firewall's addresses there.

    `resolvers` and `hosts` (address, name) become the zone's resolv.conf and hosts file.
    """

    zone: Zone
    port: str
    addresses: tuple[Interface, ...]
    gateways: tuple[Interface, ...]
    resolvers: tuple[str, ...] = ()
    hosts: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Layout:
    """All namespaces of one run; their names begin with the run's, so that two stages never meet."""

    run: str
    segments: tuple[Segment, ...]

    def namespace(self, zone: str) -> str:
        """Of a `Zone`, or of `FIREWALL`."""
        return f"{self.run}-{zone}"

    @property
    def namespaces(self) -> tuple[str, ...]:
        return tuple(self.namespace(zone) for zone in (*Zone, FIREWALL))


def resolv_conf(resolvers: Iterable[str]) -> str:
    """`trust-ad`: the resolver is ours, and without it libc drops the AD bit that DANE needs (resolv.conf(5))."""
    return "".join(f"nameserver {one}\n" for one in resolvers) + "options trust-ad edns0 timeout:2 attempts:2\n"


def hosts_file(hosts: Iterable[tuple[str, str]]) -> str:
    return "127.0.0.1 localhost\n::1 localhost\n" + "".join(f"{address} {name}\n" for address, name in hosts)


def making(layout: Layout) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Batches for `ip -batch`, in order: (namespace or "" for the machine's own, lines)."""
    firewall = layout.namespace(FIREWALL)
    own = [f"netns add {name}" for name in layout.namespaces]
    own += [
        f"link add {one.port} netns {firewall} type veth peer name {UPLINK} netns {layout.namespace(one.zone)}" for one in layout.segments
    ]
    walls = ["link set lo up"]
    inner: list[tuple[str, tuple[str, ...]]] = []
    for one in layout.segments:
        walls += [*(_address(gateway, one.port) for gateway in one.gateways), f"link set {one.port} up"]
        lines = ["link set lo up", *(_address(address, UPLINK) for address in one.addresses), f"link set {UPLINK} up"]
        lines += [f"route add {'::/0' if gateway.version == 6 else '0.0.0.0/0'} via {gateway.ip}" for gateway in one.gateways]
        inner.append((layout.namespace(one.zone), tuple(lines)))
    return (("", tuple(own)), (firewall, tuple(walls)), *inner)


def _address(address: Interface, device: str) -> str:
    # Duplicate address detection would keep an IPv6 address unusable for its first second.
    return f"addr add {address} dev {device}{' nodad' if address.version == 6 else ''}"
