"""Detached signed data (RFC 5652) as CAdES and PAdES want it: the writer to the reader in `cms`."""

import hashlib

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from hauberk.report.signature import cms, der
from hauberk.report.signature.der import NULL, OCTETS, OID, SEQUENCE, SET, write, write_integer
from hauberk.report.signature.key import SigningKey

_SHA256 = write(SEQUENCE, write(OID, der.oid("2.16.840.1.101.3.4.2.1")))
_ECDSA = write(SEQUENCE, write(OID, der.oid("1.2.840.10045.4.3.2")))
_RSA = write(SEQUENCE, write(OID, der.oid("1.2.840.113549.1.1.1")), write(NULL))


def signed_attributes(digest: bytes, key: SigningKey) -> bytes:
    """The content octets of the attributes: type, digest of the content, the certificate's hash (RFC 5035)."""
    named = write(
        SEQUENCE, write(SEQUENCE, write(SEQUENCE, write(OCTETS, hashlib.sha256(key.certificate.public_bytes(Encoding.DER)).digest())))
    )
    return b"".join(
        sorted(  # DER sorts a SET OF by its octets
            (
                _attribute(cms.CONTENT_TYPE, write(OID, cms.DATA)),
                _attribute(cms.MESSAGE_DIGEST, write(OCTETS, digest)),
                _attribute(cms.SIGNING_CERTIFICATE_2, named),
            )
        )
    )


def signed_data(attributes: bytes, signature: bytes, key: SigningKey, token: bytes | None = None) -> bytes:
    """The whole: `attributes` signed as a SET, and a time stamp over the signature."""
    issuer = write(SEQUENCE, key.certificate.issuer.public_bytes(), write_integer(key.certificate.serial_number))
    algorithm = _ECDSA if isinstance(key.private, ec.EllipticCurvePrivateKey) else _RSA
    unsigned = write(0xA1, _attribute(cms.TIME_STAMP_TOKEN, token)) if token else b""
    signer = write(SEQUENCE, write_integer(1), issuer, _SHA256, write(0xA0, attributes), algorithm, write(OCTETS, signature), unsigned)
    certificates = sorted(one.public_bytes(Encoding.DER) for one in (key.certificate, *key.chain))
    parts = (
        write_integer(1),
        write(SET, _SHA256),
        write(SEQUENCE, write(OID, cms.DATA)),
        write(0xA0, *certificates),
        write(SET, signer),
    )
    return write(SEQUENCE, write(OID, cms.SIGNED_DATA), write(0xA0, write(SEQUENCE, *parts)))


def _attribute(kind: bytes, value: bytes) -> bytes:
    return write(SEQUENCE, write(OID, kind), write(SET, value))
