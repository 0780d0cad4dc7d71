"""One certificate, read out of its DER (RFC 5280, 4)."""

import hashlib
import warnings
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import lru_cache

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa

from hauberk.protocols.malformed import Malformed, visible

LONGEST_NAME = 300  # characters shown of a subject or issuer
MOST_NAMES = 500  # subject alternative names read of one certificate


class Strength(StrEnum):
    """How strong a public key is: NCSC-NL 2025-05, in the three steps of the catalogue."""

    GOOD = "good"  # RSA of 3072 bits and more, curves of 256 bits and more
    SUFFICIENT = "sufficient"  # RSA of 2048 to 3071 bits
    INSUFFICIENT = "insufficient"
    UNKNOWN = "unknown"  # a kind of key this program does not know


@dataclass(frozen=True, slots=True)
class Certificate:
    """What a certificate says of itself.

    `subject` and `issuer` are RFC 4514 strings with every character that does not print made visible; `dns_names` are the DNS names of
    the subject alternative name, lower case, as printable strings; the dates are UTC. `key_kind` is `RSA`, `EC`, `Ed25519`, `Ed448`,
    `DSA` or the object identifier of something else; `key_bits` is 0 and `key_curve` empty where they mean nothing. `signature` is the
    name of the signature algorithm, `signature_hash` its hash (`sha256`), empty where it has none of its own. `serial`, `sha256` (of the
    whole certificate) and `spki_sha256` (of the public key) are lower-case hex.
    """

    subject: str
    issuer: str
    common_name: str
    dns_names: tuple[str, ...]
    not_before: datetime
    not_after: datetime
    key_kind: str
    key_bits: int
    key_curve: str
    signature: str
    signature_hash: str
    serial: str
    sha256: str
    spki_sha256: str
    is_ca: bool
    self_issued: bool

    @property
    def key(self) -> str:
        """The key in two words: `RSA 2048`, `EC secp256r1`, `Ed25519`."""
        return f"{self.key_kind} {self.key_curve or self.key_bits or ''}".strip()


@lru_cache(maxsize=1024)
def load(der: bytes) -> x509.Certificate | Malformed:
    """The library's view of a certificate; its fields are read late and may still raise."""
    with warnings.catch_warnings():  # the library warns of what it will one day refuse; that is no matter of the scan
        warnings.simplefilter("ignore")
        try:
            return x509.load_der_x509_certificate(der)
        except Exception as error:  # hostile DER fails in ways that the library does not list
            return _malformed(der, f"not a certificate: {visible(str(error))[:200]}")


@lru_cache(maxsize=1024)
def describe(der: bytes) -> Certificate | Malformed:
    """What the certificate says, or why it cannot be read. Never raises."""
    loaded = load(der)
    if isinstance(loaded, Malformed):
        return loaded
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return _read(loaded, der)
        except Exception as error:  # fields are parsed on first use, with errors of many classes
            return _malformed(der, f"a certificate with a broken field: {visible(str(error))[:200]}")


@lru_cache(maxsize=1024)
def spki(der: bytes) -> bytes | Malformed:
    """The SubjectPublicKeyInfo (DER) as it stands in the certificate, whatever its algorithm; the rest need not be readable."""
    try:
        fields = _inside(_inside(der, 0x30), 0x30)
        if fields[:1] == b"\xa0":  # the version is optional
            _, fields = _element(fields)
        for _ in range(5):  # serial, signature algorithm, issuer, validity, subject
            _, fields = _element(fields)
        key, _ = _element(fields)
    except ValueError as error:
        return _malformed(der, f"no public key found: {error}")
    return key if key[:1] == b"\x30" else _malformed(der, "no public key found where it should stand")


def key_strength(certificate: Certificate) -> Strength:
    """The strength of the certificate's own key."""
    match certificate.key_kind:
        case "RSA":
            return _by_bits(certificate.key_bits, 2048, 3072)
        case "EC":
            return _by_bits(certificate.key_bits, 256, 256)
        case "Ed25519" | "Ed448":
            return Strength.GOOD
        case "DSA":
            return Strength.INSUFFICIENT  # RFC 9325, 4.2.1: nobody negotiates it any more
        case _:
            return Strength.UNKNOWN


def _by_bits(bits: int, sufficient: int, good: int) -> Strength:
    if bits >= good:
        return Strength.GOOD
    return Strength.SUFFICIENT if bits >= sufficient else Strength.INSUFFICIENT


def _read(loaded: x509.Certificate, der: bytes) -> Certificate:
    kind, bits, curve = _key(loaded)
    key = spki(der)
    return Certificate(
        subject=_shown(loaded.subject),
        issuer=_shown(loaded.issuer),
        common_name=_common_name(loaded.subject),
        dns_names=_dns_names(loaded),
        not_before=loaded.not_valid_before_utc,
        not_after=loaded.not_valid_after_utc,
        key_kind=kind,
        key_bits=bits,
        key_curve=curve,
        signature=_signature_name(loaded),
        signature_hash=signature_hash(loaded),
        serial=f"{loaded.serial_number:x}",
        sha256=hashlib.sha256(der).hexdigest(),
        spki_sha256=hashlib.sha256(b"" if isinstance(key, Malformed) else key).hexdigest(),
        is_ca=is_ca(loaded),
        self_issued=loaded.subject == loaded.issuer,
    )


def is_ca(loaded: x509.Certificate) -> bool:
    try:
        return loaded.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        return False


def signature_hash(loaded: x509.Certificate) -> str:
    """The hash of the signature, lower case; empty for schemes without one and for algorithms that are not known."""
    try:
        algorithm = loaded.signature_hash_algorithm
    except Exception:  # UnsupportedAlgorithm, ValueError: the object identifier is still shown
        return ""
    return algorithm.name.lower() if algorithm else ""


def _signature_name(loaded: x509.Certificate) -> str:
    oid = loaded.signature_algorithm_oid
    known = getattr(oid, "_name", "")
    return known if isinstance(known, str) and known and known != "Unknown OID" else oid.dotted_string


def _key(loaded: x509.Certificate) -> tuple[str, int, str]:
    try:
        key = loaded.public_key()
    except Exception:  # an unknown algorithm or a damaged key: the rest of the certificate can still be told
        return loaded.public_key_algorithm_oid.dotted_string, 0, ""
    match key:
        case rsa.RSAPublicKey():
            return "RSA", key.key_size, ""
        case ec.EllipticCurvePublicKey():
            return "EC", key.key_size, key.curve.name
        case ed25519.Ed25519PublicKey():
            return "Ed25519", 256, ""
        case ed448.Ed448PublicKey():
            return "Ed448", 456, ""
        case dsa.DSAPublicKey():
            return "DSA", key.key_size, ""
        case _:
            return loaded.public_key_algorithm_oid.dotted_string, 0, ""


def _dns_names(loaded: x509.Certificate) -> tuple[str, ...]:
    try:
        names = loaded.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return ()
    return tuple(visible(name)[:LONGEST_NAME].lower() for name in names.get_values_for_type(x509.DNSName)[:MOST_NAMES])


def _common_name(name: x509.Name) -> str:
    attributes = name.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
    value = attributes[-1].value if attributes else ""
    return visible(value if isinstance(value, str) else value.decode("utf-8", "backslashreplace"))[:LONGEST_NAME]


def _shown(name: x509.Name) -> str:
    return visible(name.rfc4514_string())[:LONGEST_NAME]


def _malformed(der: bytes, reason: str) -> Malformed:
    return Malformed(der[:64].hex(), 0, reason, min(len(der), 64) * 2)


def _inside(octets: bytes, tag: int) -> bytes:
    """The contents of the DER element at the start, which must have this tag."""
    if octets[:1] != bytes((tag,)):
        raise ValueError("not the structure of a certificate")
    element, _ = _element(octets)
    return element[_header(octets)[0] :]


def _element(octets: bytes) -> tuple[bytes, bytes]:
    """The first DER element with its header, and what follows it."""
    header, length = _header(octets)
    if header + length > len(octets):
        raise ValueError("it ends in the middle")
    return octets[: header + length], octets[header + length :]


def _header(octets: bytes) -> tuple[int, int]:
    """Octets of tag and length, and the length they give."""
    if len(octets) < 2:
        raise ValueError("it ends in the middle")
    first = octets[1]
    if first < 0x80:
        return 2, first
    more = first & 0x7F
    if not 1 <= more <= 4 or len(octets) < 2 + more:
        raise ValueError("a length that no certificate has")
    return 2 + more, int.from_bytes(octets[2 : 2 + more], "big")
