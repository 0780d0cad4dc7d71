"""The `tls_server` of a case: a simulated TLS server behind an endpoint (`lab.tlsserver`), in the words of a table."""

import re
from dataclasses import replace

import msgspec
from msgspec import UNSET

from hauberk.lab.tlsserver import MODERN_GROUPS, MODERN_SCHEMES, MODERN_SUITES, ServerCertificate, TlsServerSpec, respond
from hauberk.model.transport import TlsHandshake
from hauberk.protocols.ffdhe import named_prime
from hauberk.protocols.tls.flight import alert_name, read_flight
from hauberk.protocols.tls.groups import GROUPS, group_name, modp
from hauberk.protocols.tls.hello import SIGNALS, ClientHello, latest_hello, render
from hauberk.protocols.tls.registry import TLS10, TLS12, TLS13, VERSIONS, suite_name, suites, suites_by_name
from hauberk.protocols.tls.schemes import ALL, SCHEMES

_CURVES = {"ec256": "secp256r1", "ec384": "secp384r1"}
_PRIME = re.compile(r"(ffdhe|modp|own)([0-9]{3,5})")


class TlsServer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """As `TlsServerSpec`; names are IANA's. `keys` are kinds of certificate keys, none for the one of `certificate`.

    `dh` is `ffdhe3072`, `modp2048` or `own1024`. After `refuses_after` connections (0: never) the server greets with `refusal`.
    Its tickets let a client send `early_data` octets early.
    """

    versions: tuple[str, ...] = ("TLSv1.2", "TLSv1.3")
    suites: tuple[str, ...] = MODERN_SUITES
    groups: tuple[str, ...] = MODERN_GROUPS
    schemes: tuple[str, ...] = MODERN_SCHEMES
    preference: str = "server"
    dh: str = "ffdhe3072"
    keys: tuple[str, ...] = ()
    master_secret: bool = True
    renegotiation: bool = True
    client_renegotiation: bool = False
    early_data: int = 0
    compression: bool = False
    encrypt_then_mac: bool = True
    heartbeat: bool = False
    fallback_protected: bool = True
    stapling: bool = False
    client_certificate: bool = False
    silent: bool = False
    most_suites: int = 65_535
    most_octets: int = 65_535
    names: tuple[str, ...] = ()
    refuses_after: int = 0
    refusal: str = "421 4.7.0 Error: too many connections from you"

    def __post_init__(self) -> None:
        known = {*VERSIONS.values(), *suites_by_name(), *GROUPS.values(), *SCHEMES.values()}
        strange = [name for name in (*self.versions, *self.suites, *self.groups, *self.schemes) if name not in known]
        if strange or not _PRIME.fullmatch(self.dh) or self.preference not in ("server", "client"):
            raise ValueError(f"no such thing in TLS: {strange or self.dh or self.preference}")

    def spec(self, certificates: tuple[ServerCertificate, ...]) -> TlsServerSpec:
        return TlsServerSpec(
            certificates,
            self.versions,
            self.suites,
            self.groups,
            self.schemes,
            self.preference,
            _prime(self.dh),
            self.master_secret,
            self.renegotiation,
            self.compression,
            self.encrypt_then_mac,
            self.heartbeat,
            self.fallback_protected,
            self.stapling,
            self.client_certificate,
            self.silent,
            self.most_suites,
            self.most_octets,
            self.names,
        )


def server_certificate(key: str, chain: tuple[bytes, ...]) -> ServerCertificate:
    """For a `Pki` key kind (`ec256`, `rsa2048`, `ed25519`)."""
    kind = "rsa" if key.startswith("rsa") else "ecdsa" if key in _CURVES else key
    return ServerCertificate(kind, chain, _CURVES.get(key, "secp256r1"))


def handshake(spec: TlsServerSpec, name: str, early_data: int = 0) -> TlsHandshake:
    """What a client that takes everything with a certificate from TLS 1.0 on would see."""
    every = tuple(one for one in suites().values() if one.number <= 0xFFFF and (one.authentication or not one.exchange))[::-1]
    newest = read_flight(respond(spec, render(latest_hello(tuple(one.number for one in every), name, tuple(GROUPS)))))
    old = tuple(one.number for one in every if one.fits(TLS12) and "NULL" not in one.name)
    seen = newest
    if newest.version != TLS13:
        seen = read_flight(respond(spec, render(ClientHello(TLS12, old, name, tuple(GROUPS), ALL, signals=SIGNALS))))
    if seen.version is None or seen.version < TLS10:
        said = "closed the connection" if seen.alert is None else f"sent the alert {alert_name(seen.alert)}"
        return TlsHandshake(False, name, error=f"the server {said}")
    group = "" if seen.group is None else group_name(seen.group)
    chain = spec.certificates[0].chain if seen.version == TLS13 else seen.chain
    allowed = early_data if seen.version == TLS13 else UNSET
    return TlsHandshake(
        True, name, VERSIONS[seen.version], suite_name(seen.suite or 0), group, chain, resumption=True, max_early_data=allowed
    )


def renegotiated(shaken: TlsHandshake, *, taken: bool) -> TlsHandshake:
    return replace(shaken, renegotiated=taken)


def _prime(text: str) -> int:
    found = _PRIME.fullmatch(text)
    kind, bits = (found[1], int(found[2])) if found else ("own", 1024)
    if kind == "ffdhe":
        return named_prime(bits)
    return modp(bits) if kind == "modp" else (1 << bits) - 159
