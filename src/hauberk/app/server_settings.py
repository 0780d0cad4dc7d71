"""What a server is told when it starts: where it listens and keeps, how people sign in, how it looks at the world."""

from dataclasses import dataclass, field
from datetime import timedelta
from urllib.parse import urlsplit

from hauberk.app.work.work_settings import WorkSettings

LOOPBACK = ("127.0.0.1", "::1", "localhost")


@dataclass(frozen=True, slots=True)
class Provider:
    """An OpenID provider that people may sign in with.

    `name` stands in addresses and on the button; `issuer` is its URL (OpenID Connect Discovery 1.0, section 4). People whom nobody has
    invited are let in only where `tenant` names the organisation (its slug) that they join as members.
    """

    name: str
    issuer: str
    client_id: str
    client_secret: str = field(default="", repr=False)
    label: str = ""
    tenant: str = ""


@dataclass(frozen=True, slots=True)
class SessionLimits:
    """A session ends when nothing was asked for `idle`, and in any case after `whole`."""

    idle: timedelta = timedelta(hours=12)
    whole: timedelta = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """`url` is where people reach the server, without a slash at the end; every link that is sent or shown begins with it.

    `proxies` are addresses of reverse proxies whose X-Forwarded-For is believed. `works`: this process also does the background work.
    `largest_body` in octets.
    """

    database: str
    work: WorkSettings
    host: str = "127.0.0.1"
    port: int = 8025
    url: str = "http://127.0.0.1:8025"
    proxies: tuple[str, ...] = ()
    providers: tuple[Provider, ...] = ()
    session: SessionLimits = SessionLimits()
    works: bool = True
    largest_body: int = 80 * 1024 * 1024

    @property
    def https(self) -> bool:
        return self.url.startswith("https://")

    @property
    def origin(self) -> str:
        """As browsers send it (RFC 6454, 6.2): scheme, host and port, nothing more."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc}"

    @property
    def origins(self) -> frozenset[str]:
        """Every origin that is this server: where it listens on loopback only, by all of loopback's names."""
        if self.host not in LOOPBACK:
            return frozenset((self.origin,))
        return frozenset((self.origin, *(f"http://{name}:{self.port}" for name in ("127.0.0.1", "localhost", "[::1]"))))

    @property
    def hosts(self) -> frozenset[str]:
        """The names, without ports, that a request may have in its Host field."""
        return frozenset(host_of(urlsplit(origin).netloc) for origin in self.origins)


def host_of(netloc: str) -> str:
    """The host without its port, in lower case (RFC 9110, 4.2.3); an IPv6 address keeps its brackets."""
    if netloc.startswith("[") and "]" in netloc:
        return netloc[: netloc.index("]") + 1].lower()
    return netloc.partition(":")[0].lower()
