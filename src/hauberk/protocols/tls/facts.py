"""What the probe found out about one endpoint's TLS.

Every `bool | None` is None where it was not found out: not asked at this depth, not answered, or the server stopped talking to us. Versions
are spelt as in `TlsHandshake` (`SSLv2`, `SSLv3`, `TLSv1`, `TLSv1.1`, `TLSv1.2`, `TLSv1.3`), suites, groups and signature schemes by their
IANA names.
"""

from dataclasses import dataclass

from hauberk.model.transport import Endpoint
from hauberk.protocols.tls.grade import Grade, worst

LEGACY_VERSIONS = ("SSLv2", "SSLv3", "TLSv1", "TLSv1.1")


@dataclass(frozen=True, slots=True)
class VersionFact:
    """`evidence` words what decided it: `chose TLS_RSA_WITH_AES_128_CBC_SHA`, `alert protocol_version`, `closed twice`."""

    version: str
    accepted: bool | None
    evidence: str = ""


@dataclass(frozen=True, slots=True)
class SuiteFact:
    """One suite the server chose. `key` is the kind of certificate it showed with it (`rsa`, `ecdsa`, `dsa`, `ed25519`), empty if none was
    seen; `why` says in a few words what is wrong with the suite, empty when nothing is."""

    version: str
    suite: str
    grade: Grade
    key: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True)
class GradeFact:
    """Whether any suite of this grade is accepted in any version; True comes with such suites in `TlsFacts.suites`."""

    grade: Grade
    accepted: bool | None


@dataclass(frozen=True, slots=True)
class GroupFact:
    """A key exchange group: `accepted` under `version`. Finite-field groups of TLS 1.2 and older stand in `TlsFacts.dh`."""

    version: str
    group: str
    grade: Grade
    accepted: bool | None = True
    why: str = ""


@dataclass(frozen=True, slots=True)
class DhFact:
    """The prime of a finite-field exchange in TLS 1.2 or older. `group` names a known prime (`ffdhe2048`, `modp2048`), else is empty."""

    version: str
    suite: str
    bits: int
    group: str
    grade: Grade
    why: str = ""


@dataclass(frozen=True, slots=True)
class SchemeFact:
    """A signature scheme of the key exchange, by its IANA name (`rsa_pkcs1_sha1`, `ecdsa_secp256r1_sha256`, `ecdsa_sha1`)."""

    version: str
    scheme: str
    grade: Grade
    accepted: bool | None = True


@dataclass(frozen=True, slots=True)
class ChainFact:
    """A certificate chain as DER, leaf first, with the kind of its leaf's key (`rsa`, `ecdsa`, `dsa`, `ed25519`, `ed448`, `unknown`)."""

    key: str
    chain: tuple[bytes, ...]
    version: str = ""


@dataclass(frozen=True, slots=True)
class OrderFact:
    """The server, offered both, chose a suite of a worse grade than `instead_of`, a suite that it accepts as well."""

    version: str
    chosen: str
    instead_of: str


@dataclass(frozen=True, slots=True)
class TlsFacts:
    """All that was found out about one endpoint.

    `depth` is `standard` or `full`. `partial` says why the probe ended before its end (the server's own refusal line, say), and is empty
    when it is complete. `connections` counts those of the probe with the one of the real handshake. `starttls` is false where the session
    showed no TLS to look into; nothing else is known then. `suites` names every suite seen chosen (full depth: every one accepted);
    `suite_grades` is the answer a verdict wants. `listed` says that suites, groups and schemes are the full lists.

    `weak_curves`: curves that TLS 1.3 dropped are taken; `finite_exchange`: finite-field suites are, in TLS 1.2 or older (see `dh`).
    `server_preference`: the server's order decides, not the client's. `order` holds the wrong choices seen. `compression`,
    `encrypt_then_mac`, `heartbeat`: the server takes it. `secure_renegotiation` is RFC 5746, `client_renegotiation` that a client may begin
    one (None unless tried, which full depth does). `early_data` is 0-RTT: a ticket allows it (None where no ticket came).
    `fallback_protected` is TLS_FALLBACK_SCSV honoured. `without_name`/`unknown_name`: a hello without SNI / with a foreign name comes
    through; `name_matters`: the leaf differs with and without the name. `client_certificate`: the server asks for one. `odd` lists
    misbehaviour seen (`does not tolerate unknown extensions`).
    """

    endpoint: Endpoint
    depth: str = "standard"
    partial: str = ""
    connections: int = 0
    starttls: bool = True
    listed: bool = False
    versions: tuple[VersionFact, ...] = ()
    suites: tuple[SuiteFact, ...] = ()
    suite_grades: tuple[GradeFact, ...] = ()
    groups: tuple[GroupFact, ...] = ()
    dh: tuple[DhFact, ...] = ()
    schemes: tuple[SchemeFact, ...] = ()
    chains: tuple[ChainFact, ...] = ()
    server_preference: bool | None = None
    order: tuple[OrderFact, ...] = ()
    post_quantum: bool | None = None
    weak_curves: bool | None = None
    finite_exchange: bool | None = None
    compression: bool | None = None
    secure_renegotiation: bool | None = None
    client_renegotiation: bool | None = None
    extended_master_secret: bool | None = None
    encrypt_then_mac: bool | None = None
    fallback_protected: bool | None = None
    heartbeat: bool | None = None
    early_data: bool | None = None
    ocsp_stapling: bool | None = None
    resumption: bool | None = None
    without_name: bool | None = None
    unknown_name: bool | None = None
    name_matters: bool | None = None
    client_certificate: bool | None = None
    odd: tuple[str, ...] = ()

    def accepted(self, version: str) -> bool | None:
        """Whether the server takes this version."""
        return next((fact.accepted for fact in self.versions if fact.version == version), None)

    @property
    def accepted_versions(self) -> tuple[str, ...]:
        return tuple(fact.version for fact in self.versions if fact.accepted)

    @property
    def unknown_versions(self) -> tuple[str, ...]:
        return tuple(fact.version for fact in self.versions if fact.accepted is None)

    def suites_of(self, grade: Grade) -> tuple[SuiteFact, ...]:
        return tuple(fact for fact in self.suites if fact.grade is grade)

    def accepts_grade(self, grade: Grade) -> bool | None:
        """Whether some suite of this grade is accepted."""
        return next((fact.accepted for fact in self.suite_grades if fact.grade is grade), None)

    @property
    def worst_suite_grade(self) -> Grade | None:
        """The worst grade known to be accepted; a worse one may be unknown (`accepts_grade`)."""
        return worst(fact.grade for fact in self.suite_grades if fact.accepted)

    @property
    def worst_group_grade(self) -> Grade | None:
        """The worst of curves, post-quantum groups and finite fields that are accepted."""
        groups = [fact.grade for fact in self.groups if fact.accepted]
        return worst(groups + [fact.grade for fact in self.dh])

    def accepts_scheme(self, scheme: str) -> bool | None:
        """Whether the key exchange of TLS 1.2 is signed so when the client wants it."""
        return next((fact.accepted for fact in self.schemes if fact.scheme == scheme and fact.version == "TLSv1.2"), None)

    @property
    def accepts_sha1(self) -> bool | None:
        """Whether the server signs its key exchange with SHA-1 (any key) on demand. None when not found out for any key it has."""
        seen = [fact.accepted for fact in self.schemes if fact.scheme in SHA1_SCHEMES]
        return True if True in seen else None if None in seen or not seen else False

    @property
    def accepts_sha224(self) -> bool | None:
        """As `accepts_sha1`, for SHA-224."""
        seen = [fact.accepted for fact in self.schemes if fact.scheme in SHA224_SCHEMES]
        return True if True in seen else None if None in seen or not seen else False


SHA1_SCHEMES = ("rsa_pkcs1_sha1", "ecdsa_sha1", "dsa_sha1", "rsa_pkcs1_md5")
SHA224_SCHEMES = ("rsa_pkcs1_sha224", "ecdsa_sha224", "dsa_sha224")
