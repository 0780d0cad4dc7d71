"""The tape: everything one scan asked, and what was answered. Never conclusions."""

from dataclasses import dataclass
from datetime import datetime

from msgspec import UNSET, UnsetType

from hauberk.model.dns import DnsExchange
from hauberk.model.routing import CoverageExchange, VrpSource
from hauberk.model.transport import HelloExchange, HttpsExchange, SmtpExchange, TrialExchange


@dataclass(frozen=True, slots=True)
class Vantage:
    """The place and manner of looking.

    `resolver` is the URL of the resolver asked (`udp://127.0.0.1:53`); `resolver_trusted` says that the path to it cannot be
    tampered with (loopback, DNS over TLS or HTTPS), so that its AD bit means something. `ipv4`/`ipv6`: this machine has a route.
    `vrps` is where the validated payloads of RPKI came from; unset where none were at hand.
    """

    program: str
    resolver: str
    resolver_trusted: bool
    helo: str
    ipv4: bool = True
    ipv6: bool = True
    vrps: VrpSource | UnsetType = UNSET


@dataclass(frozen=True, slots=True)
class TrustStore:
    """The trust anchors that the certificates on the tape could lead to, DER, out of the store named by `source`.

    `digest` is the SHA-256 (hex) over the whole store, so that two scans can be compared.
    """

    source: str = ""
    digest: str = ""
    anchors: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class Selector:
    """A DKIM selector to look at and where it was learnt: `given`, `message` or `report` (they confirm), else a guess (`guess`)."""

    name: str
    origin: str = "given"


@dataclass(frozen=True, slots=True)
class ScanOptions:
    """What the operator asked for beyond the standard scan.

    `depth` is how far TLS is looked into: `handshake` (one real handshake an endpoint), `standard` (complete for every verdict, few
    connections) or `full` (every accepted suite, group and scheme named). `only` limits the mail servers to one host name. `services`
    are further ports (465, 587, 993, 995, 143, 110). `own` declares the hosts as the operator's own, which allows intrusive probes.
    `areas` limits the scan to those areas of the catalogue (`spf`, `mta-sts`); none means all. `relay` declares the hosts as the operator's
    own and asks for the test of relaying. `origins` are the zones (for IPv4, for IPv6) that tell the origin of a route, and ask for that to
    be compared with RPKI. What is unset does not stand on the tape, so that older tapes keep their evidence id.
    """

    selectors: tuple[Selector, ...] = ()
    smtp: bool = True
    lookalikes: bool = False
    blocklists: bool = True
    depth: str = "handshake"
    only: str = ""
    services: tuple[int, ...] = ()
    own: bool = False
    areas: tuple[str, ...] = ()
    relay: bool | UnsetType = UNSET
    origins: tuple[str, ...] | UnsetType = UNSET


@dataclass(frozen=True, slots=True)
class Observation:
    """One scan of one domain. The SHA-256 of its canonical JSON is its evidence id (`hauberk.world.tape`).

    `domain` is the A-label form; `at` is the start in UTC, in whole seconds, and the only clock that judging knows; `finished` is
    false when the time limit cut the survey short.
    """

    domain: str
    at: datetime
    vantage: Vantage
    options: ScanOptions = ScanOptions()
    dns: tuple[DnsExchange, ...] = ()
    smtp: tuple[SmtpExchange, ...] = ()
    https: tuple[HttpsExchange, ...] = ()
    tls: tuple[HelloExchange, ...] = ()
    trials: tuple[TrialExchange, ...] = ()
    trust: TrustStore = TrustStore()
    finished: bool = True
    coverage: tuple[CoverageExchange, ...] | UnsetType = UNSET
