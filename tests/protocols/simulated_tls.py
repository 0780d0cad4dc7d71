"""Simulated TLS servers and what the probe must find out about them."""

from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache

from hypothesis import strategies as st
from msgspec import UNSET, UnsetType

from hauberk.lab.pki import CertificateSpec, Pki
from hauberk.lab.tlsserver import MODERN_SCHEMES, MODERN_SUITES, ServerCertificate, TlsServerSpec, respond
from hauberk.model.observation import ScanOptions
from hauberk.model.transport import Ending, Endpoint, Flight, Hello, SmtpSession, TlsHandshake, Trial
from hauberk.protocols.ffdhe import named_prime
from hauberk.protocols.tls.facts import TlsFacts
from hauberk.protocols.tls.groups import CURVES, GROUPS, WEAK_CURVES, modp
from hauberk.protocols.tls.probe import probe_endpoint
from hauberk.protocols.tls.registry import VERSIONS, Suite, suites_by_name
from hauberk.protocols.tls.schemes import SCHEMES, SHA1, SHA224, scheme_key
from hauberk.protocols.walk import Ask, Reply, replay

ENDPOINT = Endpoint("mx.example.com", "192.0.2.10")
STANDARD, FULL = ScanOptions(depth="standard"), ScanOptions(depth="full")
NUMBERS = {name: number for number, name in VERSIONS.items()}
BELOW_13 = ("TLSv1.2", "TLSv1.1", "TLSv1", "SSLv3")


@cache
def certificate(key: str) -> ServerCertificate:
    kind = {"rsa": "rsa2048", "ecdsa": "ec256"}[key]
    return ServerCertificate(key, Pki(datetime(2026, 11, 21, tzinfo=UTC)).issue(CertificateSpec(("mx.example.com",), key=kind)).chain)


RSA, ECDSA = certificate("rsa"), certificate("ecdsa")
MODERN = TlsServerSpec((RSA,))
OLD = TlsServerSpec(
    (RSA, ECDSA),
    versions=("SSLv2", "SSLv3", "TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"),
    suites=tuple(name for name, one in suites_by_name().items() if one.exchange != "PSK"),
    groups=tuple(GROUPS.values()),
    schemes=tuple(SCHEMES.values()),
    prime=modp(1024),
)


class Server:
    """Answers hellos out of a description and remembers them; `renegotiating` is what becomes of the wish for a second handshake."""

    def __init__(
        self, spec: TlsServerSpec, refuses_after: int = 1000, drops_after: int = 1000, renegotiating: bool | UnsetType = UNSET
    ) -> None:
        self.spec = spec
        self.renegotiating = renegotiating
        self.refuses_after = refuses_after
        self.drops_after = drops_after
        self.tape: dict[Ask, Reply] = {}

    def reply(self, ask: Ask) -> Reply:
        assert ask not in self.tape
        if isinstance(ask, Trial):
            session = self.tape[ask] = SmtpSession((), Ending.QUIT, tls=TlsHandshake(True, renegotiated=self.renegotiating))
            return session
        assert isinstance(ask, Hello)
        if len(self.tape) >= self.refuses_after:
            flight = Flight(b"", Ending.QUIT, "421 4.7.0 too many connections")
        elif len(self.tape) >= self.drops_after:
            flight = Flight(b"", Ending.CLOSED)
        else:
            received = respond(self.spec, ask.octets)
            flight = Flight(received, Ending.QUIT if received else Ending.CLOSED)
        self.tape[ask] = flight
        return flight


def look(spec: TlsServerSpec, options: ScanOptions = STANDARD) -> tuple[TlsFacts, int]:
    server = Server(spec)
    facts = replay(probe_endpoint(ENDPOINT, None, options), server.reply)
    return facts, len(server.tape)


def usable(spec: TlsServerSpec, version: str) -> Iterator[Suite]:
    """The suites a client could get in this version, if it offered everything."""
    if version not in spec.versions:
        return
    keys = {one.key for one in spec.certificates}
    groups = {number for number, name in GROUPS.items() if name in spec.groups}
    for name in spec.suites:
        one = suites_by_name()[name]
        if not one.fits(NUMBERS[version]) or (one.authentication and one.authentication not in keys and version != "SSLv2"):
            continue
        if version == "TLSv1.3" and not groups - {*WEAK_CURVES, 26, 27, 28}:
            continue
        if one.elliptic and not groups & {*CURVES}:
            continue
        yield one


def signs(spec: TlsServerSpec, numbers: tuple[int, ...]) -> bool:
    """Whether some suite of TLS 1.2 can be had with one of these schemes."""
    kinds = {scheme_key(number) for number in numbers if SCHEMES[number] in spec.schemes}
    return any(one.authentication in kinds for one in usable(spec, "TLSv1.2") if one.exchange in ("ECDHE", "DHE"))


def accepted(spec: TlsServerSpec) -> list[str]:
    """An SSLv2 server says hello even when no cipher kind is left."""
    return [version for version in VERSIONS.values() if any(usable(spec, version)) or (version == "SSLv2" and version in spec.versions)]


def flags(count: int) -> st.SearchStrategy[tuple[bool, ...]]:
    return st.tuples(*[st.booleans()] * count)


POOL = [name for name, one in suites_by_name().items() if one.exchange != "PSK"]


@st.composite
def specs(draw: st.DrawFn) -> TlsServerSpec:
    versions = draw(st.lists(st.sampled_from(list(VERSIONS.values())), min_size=1, unique=True))
    suites = draw(st.lists(st.sampled_from(POOL), max_size=25, unique=True)) + draw(st.lists(st.sampled_from(MODERN_SUITES), unique=True))
    groups = [*draw(st.lists(st.sampled_from(list(GROUPS.values())), max_size=12, unique=True)), "secp256r1"]
    schemes = draw(st.lists(st.sampled_from([SCHEMES[number] for number in (*SHA1, *SHA224)]), unique=True))
    master_secret, renegotiation, compression, stapling, wants = draw(flags(5))
    return TlsServerSpec(
        draw(st.sampled_from([(RSA,), (ECDSA,), (RSA, ECDSA)])),
        versions=tuple(versions),
        suites=tuple(dict.fromkeys(suites)),
        groups=tuple(dict.fromkeys(groups)),
        schemes=(*MODERN_SCHEMES, *schemes),
        preference=draw(st.sampled_from(("server", "client"))),
        prime=draw(st.sampled_from((named_prime(2048), named_prime(3072), modp(1024), (1 << 512) - 569))),
        master_secret=master_secret,
        renegotiation=renegotiation,
        compression=compression,
        stapling=stapling,
        client_certificate=wants,
    )
