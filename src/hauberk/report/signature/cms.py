"""Signed data of the Cryptographic Message Syntax (RFC 5652), read and verified as signatures on PDFs and time stamps use it.

Narrow on purpose: one signer, named by issuer and serial number, whose certificate is inside and bound by the signed attribute of
RFC 5035. Nothing that carries meaning is outside what is signed or compared, so that no octet of it can be changed unseen.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from hauberk.report.signature import der
from hauberk.report.signature.der import Element, NotDer
from hauberk.report.signature.flaw import Flaw
from hauberk.report.signature.key import issued, signature_holds

DATA = der.oid("1.2.840.113549.1.7.1")
TIME_STAMP_INFO = der.oid("1.2.840.113549.1.9.16.1.4")
TIME_STAMP_TOKEN = der.oid("1.2.840.113549.1.9.16.2.14")
SIGNED_DATA = der.oid("1.2.840.113549.1.7.2")
CONTENT_TYPE = der.oid("1.2.840.113549.1.9.3")
MESSAGE_DIGEST = der.oid("1.2.840.113549.1.9.4")
_SIGNING_CERTIFICATE = der.oid("1.2.840.113549.1.9.16.2.12")
SIGNING_CERTIFICATE_2 = der.oid("1.2.840.113549.1.9.16.2.47")
DIGESTS: dict[bytes, hashes.HashAlgorithm] = {
    der.oid("2.16.840.1.101.3.4.2.1"): hashes.SHA256(),
    der.oid("2.16.840.1.101.3.4.2.2"): hashes.SHA384(),
    der.oid("2.16.840.1.101.3.4.2.3"): hashes.SHA512(),
}
_SIGNATURES: dict[bytes, str] = {
    der.oid("1.2.840.10045.4.3.2"): "sha256",
    der.oid("1.2.840.10045.4.3.3"): "sha384",
    der.oid("1.2.840.10045.4.3.4"): "sha512",
    der.oid("1.2.840.113549.1.1.1"): "",
    der.oid("1.2.840.113549.1.1.11"): "sha256",
    der.oid("1.2.840.113549.1.1.12"): "sha384",
    der.oid("1.2.840.113549.1.1.13"): "sha512",
}
_MOST_CERTIFICATES = 20
_MISSING = Element(der.NULL, b"", b"")


@dataclass(frozen=True)
class Signed:
    """What a verified signature says: `content` (inside or beside it) was signed by the owner of `certificate`.

    `others` came along; `token` is a time stamp over `signature`, still to be verified.
    """

    certificate: x509.Certificate
    others: tuple[x509.Certificate, ...]
    content: bytes
    signature: bytes
    token: bytes | None


@dataclass(frozen=True, slots=True)
class _Signer:
    """SignerInfo, in its order."""

    version: Element
    sid: Element
    digest: Element
    attributes: Element
    algorithm: Element
    signature: Element
    token: bytes | None


def verify(data: bytes, content_type: bytes, detached: Iterable[bytes] | None = None) -> Signed | Flaw:
    """Verify DER signed data over the content inside, or over `detached`, the pieces of it. `Flaw` says what does not hold."""
    try:
        return _verified(data, content_type, detached)
    except NotDer as error:
        return Flaw("the signature", str(error))


def _verified(data: bytes, content_type: bytes, detached: Iterable[bytes] | None) -> Signed | Flaw:
    version, digests, inside, certificates, signers = _signed_data(data)
    content = _content(inside, content_type, detached)
    signer = _signer(signers)
    if version.content != (b"\x01" if content_type == DATA else b"\x03") or signer.version.content != b"\x01":
        raise NotDer("the version is not that of a signature like this")
    if [_algorithm(one) for one in digests.must_be(der.SET).parts()] != [_algorithm(signer.digest)]:
        raise NotDer("the digest algorithms do not agree")
    algorithm = DIGESTS.get(_algorithm(signer.digest))
    if algorithm is None:
        raise NotDer("the digest algorithm is not one of SHA-256, SHA-384, SHA-512")
    certificate, others = _owner(certificates, signer.sid)
    values = _attributes(signer.attributes)
    if values.get(CONTENT_TYPE, _MISSING).content != content_type:
        raise NotDer("the signed attributes are for another type of content")
    if values.get(MESSAGE_DIGEST, _MISSING).content != _digest(algorithm, content if detached is None else detached):
        return Flaw("the content", "it is not what was signed: something was changed")
    _bind(values, certificate)
    over = der.write(der.SET, signer.attributes.content)  # RFC 5652, 5.4: signed as a SET, whatever the tag in place
    named_digest = _SIGNATURES.get(_algorithm(signer.algorithm))
    if named_digest is None or (named_digest and named_digest != algorithm.name):
        raise NotDer("the signature algorithm is not ECDSA or RSA over the digest that is named")
    if not signature_holds(certificate.public_key(), signer.signature.content, over, algorithm):
        return Flaw("the signature", "it does not fit the key in its certificate")
    if content_type == DATA and not all(any(issued(above, one) for above in (*others, one)) for one in others):
        return Flaw("the signature", "it carries a certificate that no other in it vouches for")
    return Signed(certificate, others, content, signer.signature.content, signer.token)


def _signed_data(data: bytes) -> tuple[Element, Element, Element, Element, Element]:
    outer = der.read(data).must_be(der.SEQUENCE).parts()
    if len(outer) != 2 or outer[0].must_be(der.OID).content != SIGNED_DATA:
        raise NotDer("this is no signed data")
    parts = outer[1].must_be(0xA0).only().must_be(der.SEQUENCE).parts()
    if len(parts) != 5:
        raise NotDer("signed data with certificates and without revocation lists has five parts")
    version, digests, inside, certificates, signers = parts
    return version.must_be(der.INTEGER), digests, inside.must_be(der.SEQUENCE), certificates.must_be(0xA0), signers.must_be(der.SET)


def _content(inside: Element, content_type: bytes, detached: Iterable[bytes] | None) -> bytes:
    parts = inside.parts()
    if not parts or parts[0].must_be(der.OID).content != content_type:
        raise NotDer("the content is of another type")
    if detached is not None:
        if len(parts) != 1:
            raise NotDer("the content should be beside the signature, not in it")
        return b""
    if len(parts) != 2:
        raise NotDer("there is no content in the signature")
    return parts[1].must_be(0xA0).only().must_be(der.OCTETS).content


def _signer(signers: Element) -> _Signer:
    parts = signers.only().must_be(der.SEQUENCE).parts()
    if len(parts) not in (6, 7):
        raise NotDer("a signer has six parts, and a seventh for a time stamp")
    version, sid, digest, attributes, algorithm, signature = parts[:6]
    token = _token(parts[6]) if len(parts) == 7 else None
    attributes.must_be(0xA0)
    return _Signer(
        version.must_be(der.INTEGER), sid.must_be(der.SEQUENCE), digest, attributes, algorithm, signature.must_be(der.OCTETS), token
    )


def _token(unsigned: Element) -> bytes:
    kind, values = _pair(unsigned.must_be(0xA1).only().must_be(der.SEQUENCE))
    if kind.must_be(der.OID).content != TIME_STAMP_TOKEN:
        raise NotDer("there is an unsigned attribute that is no time stamp")
    return values.must_be(der.SET).only().encoded


def _pair(element: Element) -> tuple[Element, Element]:
    parts = element.parts()
    if len(parts) != 2:
        raise NotDer(f"two elements were expected, not {len(parts)}")
    return parts[0], parts[1]


def _algorithm(identifier: Element) -> bytes:
    """The object identifier of an AlgorithmIdentifier, whose parameters are absent or NULL."""
    parts = identifier.must_be(der.SEQUENCE).parts()
    if not 1 <= len(parts) <= 2 or (len(parts) == 2 and parts[1].encoded != b"\x05\x00"):
        raise NotDer("an algorithm has parameters that are not expected")
    return parts[0].must_be(der.OID).content


def _owner(certificates: Element, sid: Element) -> tuple[x509.Certificate, tuple[x509.Certificate, ...]]:
    encoded = [one.must_be(der.SEQUENCE).encoded for one in certificates.parts()]
    if len(encoded) > _MOST_CERTIFICATES or len(set(encoded)) < len(encoded):
        raise NotDer(f"there are more than {_MOST_CERTIFICATES} certificates, or one twice")
    issuer, serial = _pair(sid)
    found: list[x509.Certificate] = []
    others: list[x509.Certificate] = []
    for one in encoded:
        try:
            certificate = x509.load_der_x509_certificate(one)
            certificate.public_key()
            own = certificate.issuer.public_bytes() == issuer.encoded and der.write_integer(certificate.serial_number) == serial.encoded
        except Exception as error:  # the library raises many kinds for what is no certificate
            raise NotDer(f"a certificate cannot be read: {error}") from None
        (found if own else others).append(certificate)
    if len(found) != 1:
        raise NotDer("the signer's certificate is not there")
    return found[0], tuple(others)


def _attributes(attributes: Element) -> dict[bytes, Element]:
    found: dict[bytes, Element] = {}
    for attribute in attributes.parts():
        kind, values = _pair(attribute.must_be(der.SEQUENCE))
        if kind.content in found:
            raise NotDer("a signed attribute is there twice")
        found[kind.content] = values.must_be(der.SET).only()
    return found


def _bind(values: dict[bytes, Element], certificate: x509.Certificate) -> None:
    """RFC 5035: the signed attributes name the certificate by its hash, so that it cannot be exchanged."""
    encoded = certificate.public_bytes(Encoding.DER)
    if SIGNING_CERTIFICATE_2 in values:
        ids = values[SIGNING_CERTIFICATE_2].parts()[0].parts()[0].parts()
        algorithm = DIGESTS.get(_algorithm(ids[0])) if ids[0].tag == der.SEQUENCE else hashes.SHA256()
        named = ids[1] if ids[0].tag == der.SEQUENCE and len(ids) > 1 else ids[0]
        wanted = _digest(algorithm, encoded) if algorithm else b""
    elif _SIGNING_CERTIFICATE in values:  # the older form that time-stamp authorities still use, with SHA-1 only
        named = values[_SIGNING_CERTIFICATE].parts()[0].parts()[0].parts()[0]
        wanted = hashlib.sha1(encoded, usedforsecurity=False).digest()
    else:
        raise NotDer("the signed attributes do not name the certificate")
    if named.must_be(der.OCTETS).content != wanted:
        raise NotDer("the signed attributes name another certificate")


def _digest(algorithm: hashes.HashAlgorithm, content: Iterable[bytes] | bytes) -> bytes:
    state = hashes.Hash(algorithm)
    for piece in (content,) if isinstance(content, bytes) else content:
        state.update(piece)
    return state.finalize()
