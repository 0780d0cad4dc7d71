"""Which resolver is asked, and whether the path to it may be trusted."""

from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from hauberk.protocols.malformed import Malformed

_MOST_RESOLVERS = 3  # MAXNS of resolv.conf(5)
_PORTS = {"udp": 53, "tcp": 53, "tls": 853, "https": 443}


class NoResolver(Exception):
    """This machine names no resolver; the text says what to do."""


@dataclass(frozen=True, slots=True)
class Resolver:
    """`host` is an address or a name; `name` is what a certificate must be made out to; `path` is that of a DoH URL."""

    scheme: str
    host: str
    port: int
    name: str = ""
    path: str = ""


def parse_resolver(text: str) -> Resolver | Malformed:
    """`udp://host[:port]`, `tcp://`, `tls://host[:port][#name]` (RFC 7858), `https://host/path` (RFC 8484); a bare address means UDP."""
    try:
        ip_address(text)
    except ValueError:
        shown = text
    else:
        shown = f"udp://[{text}]" if ":" in text else f"udp://{text}"
    try:
        parts = urlsplit(shown)
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        return Malformed(text, 0, f"not a resolver: {error}", len(text))
    if parts.scheme not in _PORTS or not host:
        return Malformed(
            text, 0, "a resolver is given as udp://, tcp://, tls:// or https:// and a host, like tls://9.9.9.9#dns.quad9.net", len(text)
        )
    path = f"{parts.path or '/dns-query'}{'?' + parts.query if parts.query else ''}" if parts.scheme == "https" else ""
    return Resolver(parts.scheme, host, port or _PORTS[parts.scheme], parts.fragment or host, path)


def is_trusted(url: str) -> bool:
    """Whether nobody on the path can change an answer: loopback, or TLS with a verified certificate. Only then AD counts."""
    resolver = parse_resolver(url)
    if isinstance(resolver, Malformed):
        return False
    return resolver.scheme in ("tls", "https") or is_loopback(resolver.host)


def is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def system_resolvers(configuration: Path = Path("/etc/resolv.conf")) -> tuple[str, ...]:
    """The URLs of the resolvers that this machine is configured to use, in its order; at least one. Raises `NoResolver`."""
    try:
        lines = configuration.read_text(errors="replace").splitlines()
    except OSError as error:
        raise NoResolver(f"{configuration} cannot be read ({error.strerror}); name a resolver, like --resolver udp://127.0.0.1") from None
    found: dict[str, None] = {}
    for line in lines:
        words = line.split()
        if len(words) >= 2 and words[0] == "nameserver":
            address = words[1]
            url = f"udp://[{address}]:53" if ":" in address else f"udp://{address}:53"
            if isinstance(parse_resolver(url), Resolver):
                found[url] = None
    if not found:
        raise NoResolver(f"{configuration} names no resolver; name one, like --resolver udp://127.0.0.1")
    return tuple(found)[:_MOST_RESOLVERS]
