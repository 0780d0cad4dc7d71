"""A TLS server as a description: what it would answer to a hello, down to the octets, without any cryptography but what TLS 1.3 seals.

It chooses as OpenSSL does: the version first, then a suite that certificate, groups and signature schemes allow, by its own order or the
client's. Signatures are zeros; no handshake could be finished with it.
"""

from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from hauberk.protocols.ffdhe import named_prime
from hauberk.protocols.malformed import Malformed
from hauberk.protocols.tls import flight, hello, sealed
from hauberk.protocols.tls.groups import GOOD_CURVES, GROUPS, WEAK_CURVES
from hauberk.protocols.tls.hello import ClientHello, Ssl2Hello
from hauberk.protocols.tls.octets import listed, vector
from hauberk.protocols.tls.registry import FALLBACK_SCSV, RENEGOTIATION_SCSV, SSL2, TLS12, TLS13, VERSIONS, Suite, suites_by_name
from hauberk.protocols.tls.schemes import SCHEMES, scheme_key, scheme_name

PROTOCOL_VERSION, HANDSHAKE_FAILURE, INAPPROPRIATE_FALLBACK, DECODE_ERROR, UNRECOGNIZED_NAME = 70, 40, 86, 50, 112
MODERN_SUITES = (
    "TLS_AES_256_GCM_SHA384",
    "TLS_CHACHA20_POLY1305_SHA256",
    "TLS_AES_128_GCM_SHA256",
    "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
    "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
    "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
    "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
    "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
    "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
)
MODERN_GROUPS = ("X25519MLKEM768", "x25519", "secp256r1", "secp384r1")
MODERN_SCHEMES = (
    "ecdsa_secp256r1_sha256",
    "ecdsa_secp384r1_sha384",
    "ed25519",
    "rsa_pss_rsae_sha256",
    "rsa_pss_rsae_sha384",
    "rsa_pkcs1_sha256",
    "rsa_pkcs1_sha384",
)
_NUMBERS = {name: number for number, name in VERSIONS.items()}
_GROUP_NUMBERS = {name: number for number, name in GROUPS.items()}
_SCHEME_NUMBERS = {name: number for number, name in SCHEMES.items()}
_PRIVATE = bytes(range(32))  # the server's key for the exchange, no secret either
_ENCRYPTED_EXTENSIONS = 8
_OLD_CURVES = (*GOOD_CURVES, *WEAK_CURVES)


@dataclass(frozen=True, slots=True)
class ServerCertificate:
    """`key` is `rsa`, `ecdsa`, `dsa` or `ed25519`; `curve` is the group of an ECDSA key."""

    key: str
    chain: tuple[bytes, ...]
    curve: str = "secp256r1"


@dataclass(frozen=True, slots=True)
class TlsServerSpec:
    """Names are IANA's, in the server's order. `preference` is `server` or `client`. `prime` is that of TLS 1.2's finite-field suites.

    `silent`: it closes where others send an alert. `most_suites` and `most_octets`: it closes on a hello of more. `names`: to a hello for
    another name, or without one, it sends an alert; empty for none of that.
    """

    certificates: tuple[ServerCertificate, ...]
    versions: tuple[str, ...] = ("TLSv1.2", "TLSv1.3")
    suites: tuple[str, ...] = MODERN_SUITES
    groups: tuple[str, ...] = MODERN_GROUPS
    schemes: tuple[str, ...] = MODERN_SCHEMES
    preference: str = "server"
    prime: int = named_prime(3072)
    master_secret: bool = True
    renegotiation: bool = True
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


def respond(spec: TlsServerSpec, data: bytes) -> bytes:
    """The flight that answers the record(s) with a hello; empty when the server closes without a word."""
    said = hello.parse(data)
    if isinstance(said, Malformed):
        return _alert(spec, DECODE_ERROR)
    if isinstance(said, Ssl2Hello):
        return _ssl2(spec, said)
    if len(said.suites) > spec.most_suites or len(data) > spec.most_octets:
        return b""
    if spec.names and said.server_name not in spec.names:
        return _alert(spec, UNRECOGNIZED_NAME)
    version = _version(spec, said)
    if version is None:
        return _alert(spec, PROTOCOL_VERSION)
    newest = max(_NUMBERS[name] for name in spec.versions)
    if FALLBACK_SCSV in said.suites and spec.fallback_protected and version < newest:
        return _alert(spec, INAPPROPRIATE_FALLBACK)
    choices = [one for one in _ordered(spec, said) if one.fits(version) and _usable(spec, said, one, version)]
    if not choices:
        return _alert(spec, HANDSHAKE_FAILURE)
    if version == TLS13:
        return _sealed_flight(spec, data, said, choices[0]) if said.share else _retry(spec, said, choices[0])
    return _first_flight(spec, said, choices[0], version)


def _alert(spec: TlsServerSpec, description: int) -> bytes:
    return b"" if spec.silent else _record(bytes((2, description)), flight.ALERT)


def _record(payload: bytes, kind: int = flight.HANDSHAKE, version: int = TLS12) -> bytes:
    pieces = [payload[start : start + 16_384] for start in range(0, len(payload), 16_384)]
    return b"".join(bytes((kind,)) + version.to_bytes(2) + vector(piece, 2) for piece in pieces)


def _message(kind: int, body: bytes) -> bytes:
    return bytes((kind,)) + vector(body, 3)


def _version(spec: TlsServerSpec, said: ClientHello) -> int | None:
    have = sorted((_NUMBERS[name] for name in spec.versions if name != "SSLv2"), reverse=True)
    if said.versions:
        return next((version for version in have if version in said.versions), None)
    return next((version for version in have if version <= min(said.version, TLS12)), None)


def _ordered(spec: TlsServerSpec, said: ClientHello) -> list[Suite]:
    """What both have, in the order of the one that decides."""
    mine = [suites_by_name()[name] for name in spec.suites]
    if spec.preference == "server":
        return [one for one in mine if one.number in said.suites]
    by_number = {one.number: one for one in mine}
    return [by_number[number] for number in said.suites if number in by_number]


def _usable(spec: TlsServerSpec, said: ClientHello, one: Suite, version: int) -> bool:
    if version == TLS13:
        return said.key_share and _group(spec, said, version) is not None
    if one.elliptic and _group(spec, said, version) is None:
        return False
    return not one.authentication or _certificate(spec, said, one, version) is not None


def _group(spec: TlsServerSpec, said: ClientHello, version: int) -> int | None:
    mine = [_GROUP_NUMBERS[name] for name in spec.groups]
    if version == TLS13:
        mine = [number for number in mine if number not in WEAK_CURVES and number not in (26, 27, 28)]
    else:
        mine = [number for number in mine if number in _OLD_CURVES]
    theirs = said.groups or (23,)
    first, second = (mine, theirs) if spec.preference == "server" else (theirs, mine)
    return next((number for number in first if number in second), None)


def _certificate(spec: TlsServerSpec, said: ClientHello, one: Suite, version: int) -> tuple[ServerCertificate, int | None] | None:
    """The certificate for the suite, with the signature scheme where the exchange is signed in TLS 1.2."""
    for certificate in spec.certificates:
        if certificate.key != one.authentication and (certificate.key, one.authentication) != ("ed25519", "ecdsa"):
            continue
        if certificate.key == "ecdsa" and said.groups and _GROUP_NUMBERS[certificate.curve] not in said.groups:
            continue
        if version < TLS12 or one.exchange not in ("ECDHE", "DHE"):
            return certificate, None
        scheme = _scheme(spec, said, certificate.key)
        if scheme is not None:
            return certificate, scheme
    return None


def _scheme(spec: TlsServerSpec, said: ClientHello, key: str) -> int | None:
    theirs = said.schemes or (0x0201, 0x0202, 0x0203)
    mine = [_SCHEME_NUMBERS[name] for name in spec.schemes]
    first, second = (mine, theirs) if spec.preference == "server" else (theirs, mine)
    return next((number for number in first if number in second and scheme_key(number) == key), None)


def _retry(spec: TlsServerSpec, said: ClientHello, one: Suite) -> bytes:
    group = _group(spec, said, TLS13) or 0
    held = _extension(flight.SUPPORTED_VERSIONS, listed((TLS13,))) + _extension(flight.KEY_SHARE, listed((group,)))
    body = listed((TLS12,)) + flight.HELLO_RETRY + b"\x00" + listed((one.number,)) + b"\x00" + vector(held, 2)
    return _record(_message(flight.SERVER_HELLO, body))


def _sealed_flight(spec: TlsServerSpec, data: bytes, said: ClientHello, one: Suite) -> bytes:
    """The flight of TLS 1.3 to a client that sends its key: all but the hello sealed, the signature and the end zeros."""
    found = next(((each, number) for each in spec.certificates for number in said.schemes if _signs_13(spec, each, number)), None)
    secret = sealed.shared_with(sealed.public_share(), _PRIVATE)
    if found is None or secret is None:
        return _alert(spec, HANDSHAKE_FAILURE)
    certificate, scheme = found
    share = X25519PrivateKey.from_private_bytes(_PRIVATE).public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    held = _extension(flight.SUPPORTED_VERSIONS, listed((TLS13,)))
    held += _extension(flight.KEY_SHARE, listed((sealed.X25519,)) + vector(share, 2))
    session = vector(data[44 : 44 + data[43]], 1)
    body = listed((TLS12,)) + bytes(range(32)) + session + listed((one.number,)) + b"\x00" + vector(held, 2)
    start = _message(flight.SERVER_HELLO, body)
    sealing = sealed.servers_sealing(one.number, secret, data[5:] + start)
    if sealing is None:
        return _alert(spec, HANDSHAKE_FAILURE)
    stapled = spec.stapling and hello.STATUS_REQUEST in said.signals
    extras = (_extension(hello.STATUS_REQUEST, b"\x01" + vector(bytes(32), 3)) if stapled else b"", *(b"",) * len(certificate.chain))
    chain = b"".join(vector(each, 3) + vector(extra, 2) for each, extra in zip(certificate.chain, extras, strict=False))
    parts = [_message(_ENCRYPTED_EXTENSIONS, vector(b"", 2))]
    if spec.client_certificate:
        parts.append(_message(flight.CERTIFICATE_REQUEST, vector(b"", 1) + vector(b"", 2)))
    parts.append(_message(flight.CERTIFICATE, vector(b"", 1) + vector(chain, 3)))
    parts.append(_message(sealed.CERTIFICATE_VERIFY, listed((scheme,)) + vector(bytes(64), 2)))
    parts.append(_message(sealed.FINISHED, bytes(32)))
    return _record(start) + _record(b"\x01", flight.CHANGE_CIPHER_SPEC) + sealing.seal(flight.HANDSHAKE, b"".join(parts))


def _signs_13(spec: TlsServerSpec, certificate: ServerCertificate, number: int) -> bool:
    """Whether this certificate's key signs so in TLS 1.3, where an ECDSA scheme names the curve (RFC 8446, 4.2.3)."""
    name = scheme_name(number)
    if name not in spec.schemes or scheme_key(number) != certificate.key or name.startswith("rsa_pkcs1"):
        return False
    return certificate.key != "ecdsa" or name.startswith(f"ecdsa_{certificate.curve}_")


def _extension(kind: int, value: bytes = b"") -> bytes:
    return listed((kind,)) + vector(value, 2)


def _first_flight(spec: TlsServerSpec, said: ClientHello, one: Suite, version: int) -> bytes:
    shown = _certificate(spec, said, one, version)
    stapled = spec.stapling and hello.STATUS_REQUEST in said.signals and shown is not None
    parts = [_message(flight.SERVER_HELLO, _server_hello(spec, said, one, version, stapled))]
    scheme = None
    if one.authentication and shown is not None:
        certificate, scheme = shown
        parts.append(_message(flight.CERTIFICATE, vector(b"".join(vector(each, 3) for each in certificate.chain), 3)))
        if stapled:
            parts.append(_message(flight.CERTIFICATE_STATUS, b"\x01" + vector(bytes(32), 3)))
    exchange = _exchange(spec, said, one, version)
    if exchange:
        signature = b"" if not one.authentication else (listed((scheme,)) if scheme is not None else b"") + vector(bytes(64), 2)
        parts.append(_message(flight.SERVER_KEY_EXCHANGE, exchange + signature))
    if spec.client_certificate and one.authentication:
        parts.append(_message(flight.CERTIFICATE_REQUEST, b"\x01\x01" + (b"\x00\x02\x04\x01" if version == TLS12 else b"") + b"\x00\x00"))
    parts.append(_message(flight.SERVER_HELLO_DONE, b""))
    return _record(b"".join(parts), version=version)


def _server_hello(spec: TlsServerSpec, said: ClientHello, one: Suite, version: int, stapled: bool) -> bytes:
    answered = {
        hello.RENEGOTIATION: spec.renegotiation and (hello.RENEGOTIATION in said.signals or RENEGOTIATION_SCSV in said.suites),
        hello.MASTER_SECRET: spec.master_secret and hello.MASTER_SECRET in said.signals,
        hello.ENCRYPT_THEN_MAC: spec.encrypt_then_mac and hello.ENCRYPT_THEN_MAC in said.signals and "_CBC_" in one.name,
        hello.HEARTBEAT: spec.heartbeat and hello.HEARTBEAT in said.signals,
        hello.STATUS_REQUEST: stapled,
    }
    values = {hello.RENEGOTIATION: b"\x00", hello.HEARTBEAT: b"\x01"}
    held = b"".join(_extension(kind, values.get(kind, b"")) for kind, yes in answered.items() if yes)
    compression = 1 if spec.compression and 1 in said.compressions else 0
    start = listed((version,)) + bytes(range(32)) + vector(b"", 1) + listed((one.number,)) + bytes((compression,))
    return start + (vector(held, 2) if held else b"")


def _exchange(spec: TlsServerSpec, said: ClientHello, one: Suite, version: int) -> bytes:
    if one.elliptic:
        return b"\x03" + listed((_group(spec, said, version) or 0,)) + vector(bytes(65), 1)
    if one.finite:
        octets = (spec.prime.bit_length() + 7) // 8
        return vector(spec.prime.to_bytes(octets), 2) + vector(b"\x02", 2) + vector(bytes(octets), 2)
    return b""


def _ssl2(spec: TlsServerSpec, said: Ssl2Hello) -> bytes:
    """SSLv2's SERVER-HELLO with the cipher kinds that both have."""
    if "SSLv2" not in spec.versions:
        return _alert(spec, PROTOCOL_VERSION)
    mine = [suites_by_name()[name].number for name in spec.suites]
    kinds = listed(tuple(kind for kind in said.kinds if kind in mine), 3)
    leaf = next((one.chain[0] for one in spec.certificates if one.key == "rsa"), b"")
    body = b"\x04\x00\x01" + listed((SSL2, len(leaf), len(kinds), 16)) + leaf + kinds + bytes(16)
    return (0x8000 | len(body)).to_bytes(2) + body
