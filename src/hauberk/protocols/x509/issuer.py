"""Did one certificate issue another: by name and by signature, dates and constraints aside (RFC 5280, 6.1.3, a)."""

from collections.abc import Callable
from functools import lru_cache
from operator import attrgetter
from typing import TypeAlias, cast

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.hazmat.primitives.serialization import load_der_public_key
from cryptography.x509.oid import SignatureAlgorithmOID

from hauberk.protocols.malformed import Malformed
from hauberk.protocols.x509.certificate import load

Name: TypeAlias = tuple[tuple[str, str], ...]
"""Attribute types and values, so that case, spaces and string types make no difference (RFC 5280, 7.1)."""


def names_issuer(child: bytes, issuer: bytes) -> bool:
    """The issuer that the child names is the subject of the other (DER). Never raises."""
    named = issuer_of(child)
    return named is not None and named == subject_of(issuer)


@lru_cache(maxsize=1024)
def subject_of(der: bytes) -> Name | None:
    """Whom a certificate is about; None when that cannot be read."""
    return _comparable(der, attrgetter("subject"))


@lru_cache(maxsize=1024)
def issuer_of(der: bytes) -> Name | None:
    """Whom a certificate names as its issuer; None when that cannot be read."""
    return _comparable(der, attrgetter("issuer"))


def _comparable(der: bytes, which: Callable[[x509.Certificate], x509.Name]) -> Name | None:
    loaded = load(der)
    if isinstance(loaded, Malformed):
        return None
    try:
        return tuple((attribute.oid.dotted_string, _folded(attribute.value)) for attribute in which(loaded))
    except Exception:  # a name that cannot be read is nobody's
        return None


def _folded(value: str | bytes) -> str:
    return " ".join(value.casefold().split()) if isinstance(value, str) else value.hex()


@lru_cache(maxsize=4096)
def issued_by(child: bytes, issuer: bytes) -> bool:
    """The child (DER) names the issuer and bears its signature. Never raises."""
    below, above = load(child), load(issuer)
    if isinstance(below, Malformed) or isinstance(above, Malformed) or not names_issuer(child, issuer):
        return False
    try:
        _check_signature(below, above.public_key())
    except Exception:  # a wrong signature, unknown algorithms, damaged keys
        return False
    return True


@lru_cache(maxsize=1024)
def signed_by(child: bytes, key: bytes) -> bool:
    """The child (DER) bears a signature by this key (SubjectPublicKeyInfo, DER), whatever the issuer is called. Never raises."""
    loaded = load(child)
    if isinstance(loaded, Malformed):
        return False
    try:
        _check_signature(loaded, cast(CertificatePublicKeyTypes, load_der_public_key(key)))
    except Exception:  # a wrong signature, something that is no key
        return False
    return True


def _check_signature(child: x509.Certificate, key: CertificatePublicKeyTypes) -> None:
    """Raises when the signature is not by this key. The library's own check refuses SHA-1; here such a chain is called weak, not broken."""
    signature, signed = child.signature, child.tbs_certificate_bytes
    algorithm = child.signature_hash_algorithm
    match key:
        case rsa.RSAPublicKey() if algorithm:
            pss = child.signature_algorithm_parameters if child.signature_algorithm_oid == SignatureAlgorithmOID.RSASSA_PSS else None
            key.verify(signature, signed, pss if isinstance(pss, padding.PSS) else padding.PKCS1v15(), algorithm)
        case ec.EllipticCurvePublicKey() if algorithm:
            key.verify(signature, signed, ec.ECDSA(algorithm))
        case ed25519.Ed25519PublicKey() | ed448.Ed448PublicKey() if algorithm is None:
            key.verify(signature, signed)
        case _:
            raise ValueError("key and signature are not of one kind, or of a kind that is not known here")
