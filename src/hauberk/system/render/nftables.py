"""nftables: between the zones, and on each of the two hosts. Everything that is not named here is dropped (nft(8)).

The flows are one table, `flows`, from which the rules are written; the probes try the same flows.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from hauberk.system import ports
from hauberk.system.declaration import Address, Declaration, Host, Network, Role, Zone
from hauberk.system.places import Places
from hauberk.system.render.guard import word
from hauberk.system.tree import Component, Folder, RenderedFile


@dataclass(frozen=True, slots=True)
class Flow:
    """What may begin a connection: from a zone (`sender`: from this host only) to a zone (`receiver`: to this host only)."""

    origin: Zone
    target: Zone
    ports: tuple[int, ...]
    why: str
    sender: Role | None = None
    receiver: Role | None = None
    datagrams: bool = False


_ALWAYS: Final = (
    Flow(Zone.INTERNET, Zone.DMZ, (ports.SMTP, ports.HTTPS), "mail and the MTA-STS policy", receiver=Role.MTA),
    Flow(Zone.DMZ, Zone.INTERNET, (ports.SMTP, 80, ports.HTTPS), "mail, signatures, certificates, MTA-STS policies", sender=Role.MTA),
    Flow(Zone.DMZ, Zone.INTERNET, (ports.DNS,), "the resolver", sender=Role.MTA, datagrams=True),
    Flow(Zone.DMZ, Zone.INSIDE, (ports.LMTP,), "delivery", sender=Role.MTA, receiver=Role.MDA),
    Flow(Zone.INSIDE, Zone.DMZ, (ports.RELAY,), "what people send", sender=Role.MDA, receiver=Role.MTA),
    Flow(Zone.INSIDE, Zone.DMZ, (ports.SIGNATURES,), "virus signatures", sender=Role.MDA, receiver=Role.MTA),
    Flow(Zone.INSIDE, Zone.DMZ, (ports.DNS,), "the resolver", receiver=Role.MTA, datagrams=True),
    Flow(Zone.WORKSTATION, Zone.DMZ, (ports.DNS,), "the resolver", receiver=Role.MTA, datagrams=True),
    Flow(Zone.WORKSTATION, Zone.INSIDE, (ports.SUBMISSIONS, ports.IMAPS), "people, with TLS from the first octet", receiver=Role.MDA),
)
_KEYS: Final = Flow(Zone.INSIDE, Zone.INTERNET, (ports.HTTPS,), "keys that recipients' domains publish (WKD)", sender=Role.MDA)


def flows(declaration: Declaration) -> tuple[Flow, ...]:
    """All that may begin, by what is declared; everything else is dropped."""
    rule, mta = declaration.confidentiality, declaration.mta
    push = Flow(Zone.INSIDE, Zone.DMZ, (mta.ssh_port,), "the list of recipients", sender=Role.MDA, receiver=Role.MTA)
    return (*_ALWAYS, *((_KEYS,) if rule.enabled and rule.wkd else ()), *((push,) if mta.reach else ()))


def files(declaration: Declaration, role: Role, places: Places) -> tuple[RenderedFile, ...]:
    """nftables.conf of a host."""
    text = "\n".join(_between(declaration) if role is Role.FIREWALL else _host(declaration, role)) + "\n"
    return (RenderedFile(f"{places.nftables}/nftables.conf", text.encode(), Component.NFTABLES, 0o600),)


def folders(places: Places) -> tuple[Folder, ...]:
    return () if places.installed else (Folder(places.nftables),)


# What IPv4 and IPv6 need to work at all (RFC 4890, 4.3 and 4.4), rationed so that it is no way to flood.
_CONTROL: Final = (
    "    icmp type { destination-unreachable, time-exceeded, parameter-problem } accept",
    "    icmpv6 type { destination-unreachable, packet-too-big, time-exceeded, parameter-problem } accept",
)
_NEIGHBOURS: Final = (
    "    icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert, nd-router-advert } ip6 hoplimit 255 accept",
    "    icmp type echo-request limit rate 10/second accept",
    "    icmpv6 type echo-request limit rate 10/second accept",
)


def _head() -> Iterator[str]:
    yield "#!/usr/sbin/nft -f"
    yield "# Written by `hauberk system apply`; changes made here are lost. Only this table is replaced."
    # Declared before it is deleted: deleting what is not there would be an error.
    yield "table inet hauberk {}"
    yield "delete table inet hauberk"
    yield "table inet hauberk {"


def _between(declaration: Declaration) -> Iterator[str]:
    """Between the zones: an interface a zone, so that no address can be borrowed across it."""
    yield from _head()
    yield "  chain input {"
    yield "    type filter hook input priority 0; policy drop;"
    yield "    ct state invalid drop"
    yield "    ct state established,related accept"
    yield '    iif "lo" accept'
    yield from _NEIGHBOURS
    yield from _administration(declaration, declaration.firewall.host)
    yield "  }"
    yield "  chain forward {"
    yield "    type filter hook forward priority 0; policy drop;"
    yield "    ct state invalid counter drop"
    yield from _borrowed(declaration)
    yield "    ct state established,related counter accept"
    yield from _CONTROL
    for flow in flows(declaration):
        yield from _forward(flow, declaration)
    for host in (declaration.mta, declaration.mda):
        yield from _administration(declaration, host, beyond=True)
    yield '    limit rate 10/second log prefix "hauberk-drop "'
    yield "    counter drop"
    yield "  }"
    yield "}"


def _interface(zone: Zone, declaration: Declaration) -> str:
    wall = declaration.firewall
    named = {Zone.INTERNET: wall.internet, Zone.DMZ: wall.dmz, Zone.INSIDE: wall.inside, Zone.WORKSTATION: wall.workstation}
    return f'"{word(named[zone])}"'


def _networks(zone: Zone, declaration: Declaration) -> tuple[Network, ...]:
    of = declaration.networks
    return {Zone.DMZ: of.dmz, Zone.INSIDE: of.inside, Zone.WORKSTATION: of.workstation}.get(zone, ())


def _borrowed(declaration: Declaration) -> Iterator[str]:
    """Whoever stands in a zone has an address of that zone, and the internet has none of ours (BCP 38)."""
    ours: list[Network] = []
    for zone in (Zone.DMZ, Zone.INSIDE, Zone.WORKSTATION):
        ours += _networks(zone, declaration)
        for version, family in ((4, "ip"), (6, "ip6")):
            known = [one for one in _networks(zone, declaration) if one.version == version]
            allowed = f"{family} saddr != {_set(known)}" if known else f"meta nfproto {'ipv4' if version == 4 else 'ipv6'}"
            yield f"    iifname {_interface(zone, declaration)} {allowed} counter drop"
    for version, family in ((4, "ip"), (6, "ip6")):
        if known := [one for one in ours if one.version == version]:
            yield f"    iifname {_interface(Zone.INTERNET, declaration)} {family} saddr {_set(known)} counter drop"


def _forward(flow: Flow, declaration: Declaration) -> Iterator[str]:
    way = f"iifname {_interface(flow.origin, declaration)} oifname {_interface(flow.target, declaration)}"
    for version, family in ((4, "ip"), (6, "ip6")):
        senders, receivers = _of(flow.sender, declaration, version), _of(flow.receiver, declaration, version)
        if senders == () or receivers == ():
            continue
        ends = "".join(f" {family} {end} {_set(one)}" for end, one in (("saddr", senders), ("daddr", receivers)) if one is not None)
        family_only = "" if ends else f" meta nfproto {'ipv4' if version == 4 else 'ipv6'}"
        yield f'    {way}{family_only}{ends} {_doors(flow)} counter accept comment "{flow.why}"'


def _of(role: Role | None, declaration: Declaration, version: int) -> tuple[Address, ...] | None:
    if role is None:
        return None
    host = declaration.mta if role is Role.MTA else declaration.mda
    return tuple(one for one in host.addresses if one.version == version)


def _doors(flow: Flow) -> str:
    doors = _set(flow.ports)
    return f"meta l4proto {{ tcp, udp }} th dport {doors}" if flow.datagrams else f"tcp dport {doors}"


def _set(values: Iterable[object]) -> str:
    return "{ " + ", ".join(str(one) for one in values) + " }"


def _host(declaration: Declaration, role: Role) -> Iterator[str]:
    """On a host: the same flows once more, for the day on which the firewall between the zones is wrong."""
    yield from _head()
    yield "  chain input {"
    yield "    type filter hook input priority 0; policy drop;"
    yield "    ct state invalid drop"
    yield "    ct state established,related accept"
    yield '    iif "lo" accept'
    yield from _CONTROL
    yield from _NEIGHBOURS
    yield from _administration(declaration, declaration.mta if role is Role.MTA else declaration.mda)
    for flow in flows(declaration):
        if flow.receiver is role:
            yield from _arriving(flow, declaration)
    yield '    limit rate 10/second log prefix "hauberk-drop "'
    yield "    counter drop"
    yield "  }"
    yield "  chain forward {"
    yield "    type filter hook forward priority 0; policy drop;"
    yield "  }"
    yield "}"


def _arriving(flow: Flow, declaration: Declaration) -> Iterator[str]:
    sources: tuple[object, ...] = _networks(flow.origin, declaration)
    if flow.sender is not None:
        sources = (declaration.mta if flow.sender is Role.MTA else declaration.mda).addresses
    if flow.origin is Zone.INTERNET:
        yield f'    {_doors(flow)} counter accept comment "{flow.why}"'
        return
    for version, family in ((4, "ip"), (6, "ip6")):
        if known := [one for one in sources if getattr(one, "version", 0) == version]:
            yield f'    {family} saddr {_set(known)} {_doors(flow)} counter accept comment "{flow.why}"'


def _administration(declaration: Declaration, host: Host | None, *, beyond: bool = False) -> Iterator[str]:
    """SSH to a host; `beyond`: through the firewall, which stands before at least one of the hosts wherever the administrators are."""
    port = host.ssh_port if host else ports.SSH
    for version, family in ((4, "ip"), (6, "ip6")):
        known = [one for one in declaration.networks.administration if one.version == version]
        there = [one for one in host.addresses if one.version == version] if host and beyond else []
        if known and (there or not beyond):
            to = f" {family} daddr {_set(there)}" if there else ""
            yield f'    {family} saddr {_set(known)}{to} tcp dport {port} counter accept comment "administration"'
