"""The organisation's signing key and its certificate: made, read from PEM or PKCS#12, shown, used.

A key is known by its fingerprint, the SHA-256 of its SubjectPublicKeyInfo (RFC 5280, 4.1), which outlives a renewed certificate:
`openssl x509 -in KEY.pem -pubkey -noout | openssl pkey -pubin -outform DER | sha256sum`.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeAlias

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    pkcs12,
)
from cryptography.x509.oid import NameOID, ObjectIdentifier

PrivateKey: TypeAlias = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
LIFETIME = timedelta(days=3653)
_LONGEST_NAME = 64  # octets of a common name: RFC 5280, appendix A.1, says characters, the library octets
_DOCUMENT_SIGNING = ObjectIdentifier("1.3.6.1.5.5.7.3.36")  # RFC 9336


class KeyUnusableError(Exception):
    """A file is no key to sign with; the message says why, for people."""


@dataclass(frozen=True)
class SigningKey:
    """`chain` are the certificates above `certificate`, up to a self-signed one, or none."""

    private: PrivateKey
    certificate: x509.Certificate
    chain: tuple[x509.Certificate, ...] = ()

    @property
    def fingerprint(self) -> str:
        return fingerprint(self.certificate)

    @property
    def name(self) -> str:
        return owner(self.certificate)

    def sign(self, data: bytes) -> bytes:
        """ECDSA (DER, deterministic as in RFC 6979) or RSA PKCS#1 v1.5, over SHA-256."""
        if isinstance(self.private, ec.EllipticCurvePrivateKey):
            return self.private.sign(data, ec.ECDSA(hashes.SHA256(), deterministic_signing=True))
        return self.private.sign(data, padding.PKCS1v15(), hashes.SHA256())

    def pem(self) -> bytes:
        """The private key (PKCS#8) and its certificates: the key file."""
        private = self.private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        return private + b"".join(one.public_bytes(Encoding.PEM) for one in (self.certificate, *self.chain))


def make(name: str, at: datetime) -> SigningKey:
    """A new P-256 key with a self-signed certificate in the name of `name`, valid for ten years from `at`."""
    private = ec.generate_private_key(ec.SECP256R1())
    shown = "".join(c for c in name if c.isprintable()).encode("utf-8", "ignore")[:_LONGEST_NAME].decode("utf-8", "ignore")
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, shown.strip() or "Hauberk")])
    usage = x509.KeyUsage(True, True, False, False, False, False, False, False, False)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(at - timedelta(days=1))
        .not_valid_after(at + LIFETIME)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.ExtendedKeyUsage([_DOCUMENT_SIGNING]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(private.public_key()), critical=False)
        .sign(private, hashes.SHA256())
    )
    return SigningKey(private, certificate)


def read(data: bytes, password: bytes | None = None) -> SigningKey:
    """A key file: PEM with the private key and its certificate, or PKCS#12. Raises `KeyUnusableError`."""
    private, certificates = _from_pem(data, password) if b"-----BEGIN" in data else _from_pkcs12(data, password)
    if isinstance(private, rsa.RSAPrivateKey):
        if private.key_size < 2048:
            raise KeyUnusableError(f"an RSA key of {private.key_size} bits is too short to sign with (2048 at least)")
    elif not isinstance(private, ec.EllipticCurvePrivateKey) or not isinstance(private.curve, ec.SECP256R1 | ec.SECP384R1):
        raise KeyUnusableError("a signing key is ECDSA on P-256 or P-384, or RSA")
    own = _spki(private.public_key())
    certificate = next((one for one in certificates if _spki_of(one) == own), None)
    if certificate is None:
        raise KeyUnusableError("there is no certificate that belongs to the private key")
    return SigningKey(private, certificate, _chain(certificate, certificates))


def fingerprint(certificate: x509.Certificate) -> str:
    """64 hex digits."""
    return spki_fingerprint(_spki_of(certificate))


def spki_fingerprint(spki: bytes) -> str:
    return hashlib.sha256(spki).hexdigest()


def grouped(digits: str) -> str:
    """A fingerprint as people compare it: `ab12cd34 ...` in eights."""
    return " ".join(digits[at : at + 8] for at in range(0, len(digits), 8))


def owner(certificate: x509.Certificate) -> str:
    """Whom the certificate names: common name and organisation, or the whole subject."""
    try:
        named = [
            str(attribute.value) for kind in (NameOID.COMMON_NAME, NameOID.ORGANIZATION_NAME)
            for attribute in certificate.subject.get_attributes_for_oid(kind)
        ]  # fmt: skip
        return ", ".join(dict.fromkeys(named)) or certificate.subject.rfc4514_string() or "nobody"
    except ValueError:
        return "nobody (the name cannot be read)"


def signature_holds(public: object, signature: bytes, data: bytes, algorithm: hashes.HashAlgorithm | None = None) -> bool:
    """Whether the key made the signature over `data` (ECDSA or RSA PKCS#1 v1.5; over SHA-256 if nothing else is said)."""
    algorithm = algorithm or hashes.SHA256()
    try:
        match public:
            case ec.EllipticCurvePublicKey():
                public.verify(signature, data, ec.ECDSA(algorithm))
            case rsa.RSAPublicKey() if public.key_size >= 2048:
                public.verify(signature, data, padding.PKCS1v15(), algorithm)
            case _:
                return False
    except (InvalidSignature, UnsupportedAlgorithm, ValueError):
        return False
    return True


def issued(issuer: x509.Certificate, certificate: x509.Certificate) -> bool:
    """Whether the one certificate signed the other."""
    try:
        certificate.verify_directly_issued_by(issuer)
    except (InvalidSignature, UnsupportedAlgorithm, TypeError, ValueError):
        return False
    return True


def _from_pem(data: bytes, password: bytes | None) -> tuple[object, list[x509.Certificate]]:
    try:
        return load_pem_private_key(data, password), x509.load_pem_x509_certificates(data)
    except TypeError:
        raise KeyUnusableError("the key is encrypted and no password is given, or the other way round") from None
    except (ValueError, UnsupportedAlgorithm) as error:
        raise KeyUnusableError(f"this is no PEM file with a private key and its certificate: {error}") from None


def _from_pkcs12(data: bytes, password: bytes | None) -> tuple[object, list[x509.Certificate]]:
    try:
        private, certificate, others = pkcs12.load_key_and_certificates(data, password)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise KeyUnusableError(f"this is no PEM or PKCS#12 file, or the password is wrong: {error}") from None
    return private, ([certificate] if certificate else []) + list(others)


def _chain(certificate: x509.Certificate, certificates: list[x509.Certificate]) -> tuple[x509.Certificate, ...]:
    """Up to the self-signed one, or nothing: what nobody vouches for could be changed unseen."""
    found: list[x509.Certificate] = []
    last = certificate
    while not issued(last, last):
        above = next((one for one in certificates if one != last and one not in found and issued(one, last)), None)
        if above is None:
            return ()
        found.append(above)
        last = above
    return tuple(found)


def _spki_of(certificate: x509.Certificate) -> bytes:
    return certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _spki(public: ec.EllipticCurvePublicKey | rsa.RSAPublicKey) -> bytes:
    return public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
