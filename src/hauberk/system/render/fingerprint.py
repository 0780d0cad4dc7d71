"""How certificates and public keys are named: by digests."""

import hashlib

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat


def public_key(certificate: bytes) -> bytes:
    """The public key (DER, SPKI) of the first certificate in PEM. Raises `ValueError`."""
    return x509.load_pem_x509_certificate(certificate).public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def public_key_fingerprint(certificate: bytes) -> str:
    """As Postfix compares it: it survives a renewal with the same key (postconf(5), smtpd_tls_fingerprint_digest)."""
    return ":".join(f"{octet:02X}" for octet in hashlib.sha256(public_key(certificate)).digest())
