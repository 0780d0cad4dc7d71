"""Unbound on the MTA: validates DNSSEC for the MTA itself (DANE hangs on it) and for the inside (unbound.conf(5))."""

from collections.abc import Iterator

from hauberk.system import ports
from hauberk.system.declaration import Declaration
from hauberk.system.places import Places
from hauberk.system.render.guard import quoted
from hauberk.system.tree import Component, Folder, RenderedFile


def files(declaration: Declaration, places: Places) -> tuple[RenderedFile, ...]:
    """unbound.conf."""
    text = "".join(f"{line}\n" for line in _lines(declaration, places))
    return (RenderedFile(f"{places.unbound}/unbound.conf", text.encode(), Component.UNBOUND),)


def folders(places: Places) -> tuple[Folder, ...]:
    return (Folder(places.unbound), Folder(places.unbound_data, 0o755, "unbound:unbound"), Folder(places.unbound_run), Folder(places.log))


def _lines(declaration: Declaration, places: Places) -> Iterator[str]:
    networks, dns = declaration.networks, declaration.dns
    versions = {one.version for one in declaration.mta.addresses}
    yield "server:"
    yield "  verbosity: 1"
    yield "  num-threads: 2"
    yield from (f"  interface: {one}" for one in ("127.0.0.1", *(("::1",) if 6 in versions else ()), *declaration.mta.addresses))
    # Debian's unit does not wait for the addresses, and gives up when they are late.
    yield "  ip-freebind: yes"
    yield f"  port: {ports.DNS}"
    yield f"  do-ip4: {'yes' if 4 in versions else 'no'}"
    yield f"  do-ip6: {'yes' if 6 in versions else 'no'}"
    yield "  access-control: 0.0.0.0/0 refuse"
    yield "  access-control: ::/0 refuse"
    yield "  access-control: 127.0.0.0/8 allow"
    yield "  access-control: ::1/128 allow"
    yield from (f"  access-control: {one} allow" for one in (*networks.dmz, *networks.inside, *networks.workstation))
    yield f"  use-syslog: {'yes' if places.installed else 'no'}"
    if not places.installed:
        yield f"  logfile: {quoted(f'{places.log}/unbound.log')}"
    yield f"  pidfile: {quoted(f'{places.unbound_run}/unbound.pid')}"
    yield f"  directory: {quoted(places.unbound)}"
    yield '  username: "unbound"' if places.installed else '  username: ""'
    yield '  chroot: ""'
    yield '  module-config: "validator iterator"'
    if dns.trust_anchor:
        yield f"  trust-anchor-file: {quoted(dns.trust_anchor)}"
    else:
        yield f"  auto-trust-anchor-file: {quoted(f'{places.unbound_data}/root.key')}"
    if dns.root_hints:
        yield f"  root-hints: {quoted(dns.root_hints)}"
    yield "  val-log-level: 2"
    for setting in (
        *("harden-dnssec-stripped", "harden-glue", "harden-below-nxdomain", "harden-algo-downgrade", "harden-large-queries"),
        *("harden-short-bufsize", "qname-minimisation", "hide-identity", "hide-version", "aggressive-nsec", "deny-any"),
        *("minimal-responses", "prefetch"),
    ):
        yield f"  {setting}: yes"
    yield "  edns-buffer-size: 1232"
    yield "  cache-max-negative-ttl: 60"
    yield from (f"  local-zone: {quoted(one)} nodefault" for one in dns.private_zones)
    yield "remote-control:"
    yield "  control-enable: no"
    if dns.forwarders:
        yield "forward-zone:"
        yield '  name: "."'
        yield from (f"  forward-addr: {one}" for one in dns.forwarders)
