"""The words of a table of cases (`*.cases.toml`): what exists in a world, and the verdict that must come of it."""

from datetime import UTC, datetime

import msgspec

from hauberk.lab.casetls import TlsServer


class Certificate(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """As `CertificateSpec`; no names means the host's own."""

    names: tuple[str, ...] = ()
    key: str = "ec256"
    issuer: str = "trusted"
    days_left: int = 60
    signature: str = "sha256"
    chain: str = "full"


class Tls(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    version: str = "TLSv1.3"
    suite: str = "TLS_AES_256_GCM_SHA384"
    group: str = "X25519MLKEM768"


class Smtp(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What an endpoint says. `lines` replaces the preset's dialogue: `s: 220 ...`, `c: EHLO ...`, `S:`/`C:` for lines through TLS.

    `trial` is the dialogue of a trial (`--own`), in the same manner. `relay` are answers to the test of relaying: the beginning of a
    command and the reply, ahead of what a closed server says. `tls` words the handshake; `tls_server`
    simulates a server instead, which answers hellos (without one: as `tls` lets expect).
    """

    host: str
    address: str = ""
    port: int = 25
    preset: str = "good"
    banner: str = ""
    ehlo: str = ""
    lines: str = ""
    trial: str = ""
    relay: tuple[tuple[str, str], ...] = ()
    tls: Tls = Tls()
    tls_server: TlsServer | None = None
    certificate: Certificate = Certificate()


class Https(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    url: str
    status: int = 200
    content_type: str = "text/plain"
    location: str = ""
    body: str = ""
    truncated: bool = False
    error: str = ""
    tls: Tls = Tls()
    certificate: Certificate = Certificate()


class Server(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An authoritative server that answers otherwise than the case's records say."""

    address: str
    records: str = ""
    silent: bool = False
    rcode: str = "NOERROR"


class Case(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`roas` (prefix, greatest length, AS number) ask for routes to be compared; their origins are TXT records below `origins`."""

    name: str
    verdict: str
    domain: str = "example.com"
    records: str = ""
    secure: tuple[str, ...] = ()
    silent: tuple[str, ...] = ()
    servfail: tuple[str, ...] = ()
    bogus: tuple[str, ...] = ()
    selectors: tuple[str, ...] = ()
    message_selectors: tuple[str, ...] = ()
    lookalikes: bool = False
    depth: str = "handshake"
    services: tuple[int, ...] = ()
    own: bool = False
    relay: bool = False
    roas: tuple[tuple[str, int, int], ...] | None = None
    roas_at: datetime = datetime(2026, 11, 21, 6, tzinfo=UTC)
    origins: tuple[str, ...] = ("origin.asn.cymru.com", "origin6.asn.cymru.com")
    scan_smtp: bool = True
    at: datetime = datetime(2026, 11, 21, 12, tzinfo=UTC)
    resolver_trusted: bool = True
    validates: bool = True
    ipv6: bool = True
    codes: tuple[str, ...] | None = None
    says: str = ""
    remedy: str = ""
    smtp: tuple[Smtp, ...] = ()
    https: tuple[Https, ...] = ()
    server: tuple[Server, ...] = ()


class CaseFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    case: tuple[Case, ...]
