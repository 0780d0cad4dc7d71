"""S/MIME certificates and encryption (RFC 8551): enveloped data with AES-256 for recipients with RSA keys.

cryptography envelops for RSA keys only. A certificate with a key on an elliptic curve is refused with these words, never passed over.
"""

import contextlib
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.hazmat.primitives.serialization.pkcs7 import PKCS7EnvelopeBuilder, PKCS7Options
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from hauberk.system.gateway.openpgp import BadKey

_LONGEST_PATH: Final = 6
_LEAST_BITS: Final = 2048


@dataclass(frozen=True, slots=True)
class SmimeCertificate:
    """`addresses` in lower case: of the subject alternative names and the subject. `others` stood in the same file: issuers, perhaps."""

    certificate: x509.Certificate
    others: tuple[x509.Certificate, ...]
    fingerprint: str
    addresses: tuple[str, ...]
    expires: datetime


def read_certificate(octets: bytes) -> SmimeCertificate:
    """The first certificate of a PEM file (or the DER one), with the others in it; raises `BadKey`, for private keys as well."""
    if b"PRIVATE KEY-----" in octets:
        raise BadKey("there is a private key in it; only the certificate is wanted here")
    try:
        found = x509.load_pem_x509_certificates(octets) if b"-----BEGIN" in octets else [x509.load_der_x509_certificate(octets)]
        addresses = _addresses(found[0])
    except (ValueError, x509.DuplicateExtension) as error:
        raise BadKey("no X.509 certificate") from error
    return SmimeCertificate(found[0], tuple(found[1:]), found[0].fingerprint(SHA256()).hex(), addresses, found[0].not_valid_after_utc)


def _addresses(certificate: x509.Certificate) -> tuple[str, ...]:
    found: list[str] = []
    with contextlib.suppress(x509.ExtensionNotFound):
        found += certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value.get_values_for_type(x509.RFC822Name)
    found += [str(one.value) for one in certificate.subject.get_attributes_for_oid(NameOID.EMAIL_ADDRESS)]
    return tuple(dict.fromkeys(address.lower() for address in found))


def usable(one: SmimeCertificate, at: datetime, authorities: tuple[x509.Certificate, ...]) -> SmimeCertificate:
    """The certificate, if it may be encrypted to at this time; raises `BadKey`. Without authorities the import was the act of trust."""
    certificate = one.certificate
    if certificate.not_valid_before_utc > at:
        raise BadKey(f"the certificate is valid from {certificate.not_valid_before_utc:%Y-%m-%d} on only")
    if certificate.not_valid_after_utc <= at:
        raise BadKey(f"the certificate expired on {certificate.not_valid_after_utc:%Y-%m-%d}")
    key = certificate.public_key()
    if not isinstance(key, RSAPublicKey):
        raise BadKey("the certificate has no RSA key; S/MIME encryption to keys on elliptic curves is not possible here")
    if key.key_size < _LEAST_BITS:
        raise BadKey(f"the certificate's key has {key.key_size} bits, {_LEAST_BITS} are wanted")
    _check_usage(certificate)
    if authorities and not _believed(certificate, one.others, authorities, at):
        raise BadKey("the certificate comes from none of the authorities that are believed")
    return one


def _check_usage(certificate: x509.Certificate) -> None:
    """RFC 8551, 4.4.2 and 4.4.4."""
    try:
        if not certificate.extensions.get_extension_for_class(x509.KeyUsage).value.key_encipherment:
            raise BadKey("the certificate is not for encryption")
    except x509.ExtensionNotFound:
        pass
    try:
        uses = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return
    if ExtendedKeyUsageOID.EMAIL_PROTECTION not in uses and ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE not in uses:
        raise BadKey("the certificate is not for mail")


def _believed(
    certificate: x509.Certificate, others: tuple[x509.Certificate, ...], authorities: tuple[x509.Certificate, ...], at: datetime
) -> bool:
    """Whether a chain of signatures leads to an authority, each link valid at this time and its issuer an authority by its constraints."""
    current = certificate
    for _ in range(_LONGEST_PATH):
        if any(_issued(current, authority, at) for authority in authorities):
            return True
        following = next((other for other in others if other != current and _issued(current, other, at)), None)
        if following is None:
            return False
        current = following
    return False


def _issued(certificate: x509.Certificate, issuer: x509.Certificate, at: datetime) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
        constraints = issuer.extensions.get_extension_for_class(x509.BasicConstraints).value
    except (ValueError, TypeError, InvalidSignature, x509.ExtensionNotFound):
        return False
    return constraints.ca and issuer.not_valid_before_utc <= at < issuer.not_valid_after_utc


def enveloped(octets: bytes, certificates: tuple[SmimeCertificate, ...]) -> bytes:
    """Enveloped data (DER) that the key of each certificate (made sure of with `usable` before) opens."""
    builder = PKCS7EnvelopeBuilder().set_data(octets).set_content_encryption_algorithm(AES256)
    for one in certificates:
        builder = builder.add_recipient(one.certificate)
    return builder.encrypt(Encoding.DER, [PKCS7Options.Binary])


_ENVELOPED: Final = bytes.fromhex("06092a864886f70d010703")  # id-envelopedData (RFC 5652, 6.1)
_AUTHENTICATED: Final = bytes.fromhex("060b2a864886f70d0109100117")  # id-ct-authEnvelopedData (RFC 5083, 2.1)


def is_enveloped(der: bytes) -> bool:
    """Whether this is CMS content of an encrypted kind: a sequence whose first element names the kind (RFC 5652, 3)."""
    if der[:1] != b"\x30" or len(der) < 20:
        return False
    after = 2 + (der[1] & 0x7F if der[1] & 0x80 else 0)
    return der[after:].startswith((_ENVELOPED, _AUTHENTICATED))
