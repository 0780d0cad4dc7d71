"""Time stamps (RFC 3161): the question, what an authority answered, and the verification of a token."""

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import ExtendedKeyUsageOID

from hauberk.report.signature import cms, der
from hauberk.report.signature.der import NotDer
from hauberk.report.signature.flaw import Flaw

LARGEST = 64 * 1024  # octets of an answer
_SHA256 = der.oid("2.16.840.1.101.3.4.2.1")


@dataclass(frozen=True)
class TimeStamp:
    """`at` is when the authority saw the digest; `certificate` is the authority's, `others` came along."""

    at: datetime
    certificate: x509.Certificate
    others: tuple[x509.Certificate, ...]


def request(digest: bytes) -> bytes:
    """A TimeStampReq over a SHA-256 digest, asking for the certificates."""
    imprint = der.write(der.SEQUENCE, der.write(der.SEQUENCE, der.write(der.OID, _SHA256)), der.write(der.OCTETS, digest))
    return der.write(der.SEQUENCE, der.write_integer(1), imprint, der.write_integer(secrets.randbits(63)), b"\x01\x01\xff")


def token_of(response: bytes, digest: bytes) -> bytes | Flaw:
    """The token in a TimeStampResp, verified to be over `digest`."""
    try:
        parts = der.read(response).must_be(der.SEQUENCE).parts()
        status = parts[0].must_be(der.SEQUENCE).parts()[0].must_be(der.INTEGER).content if parts else b""
        if status not in (b"\x00", b"\x01") or len(parts) != 2:
            return Flaw("the answer", f"the authority refused (status {int.from_bytes(status)})")
    except (NotDer, IndexError) as error:
        return Flaw("the answer", f"it is no answer of a time-stamp authority: {error}")
    token = parts[1].encoded
    verified = verify(token, digest)
    return verified if isinstance(verified, Flaw) else token


def verify(token: bytes, digest: bytes) -> TimeStamp | Flaw:
    """Verify a token over a SHA-256 digest; whether the authority is to be trusted is another question."""
    signed = cms.verify(token, cms.TIME_STAMP_INFO)
    if isinstance(signed, Flaw):
        return Flaw("the time stamp", f"{signed.where}: {signed.reason}")
    try:
        at = _moment(signed.content, digest)
    except (NotDer, ValueError) as error:
        return Flaw("the time stamp", str(error))
    if not _may_stamp(signed.certificate):
        return Flaw("the time stamp", "its certificate is not for time stamps")
    if not signed.certificate.not_valid_before_utc <= at <= signed.certificate.not_valid_after_utc:
        return Flaw("the time stamp", "its certificate was not valid at the time it names")
    return TimeStamp(at, signed.certificate, signed.others)


def _moment(info: bytes, digest: bytes) -> datetime:
    parts = der.read(info).must_be(der.SEQUENCE).parts()
    if len(parts) < 5:
        raise NotDer("it is cut short")
    imprint = parts[2].must_be(der.SEQUENCE).parts()
    if len(imprint) != 2 or imprint[0].parts()[0].content != _SHA256 or imprint[1].must_be(der.OCTETS).content != digest:
        raise NotDer("it is for something else")
    text = parts[4].must_be(der.TIME).content.decode("ascii")
    whole, _, _ = text.removesuffix("Z").partition(".")
    if not text.endswith("Z"):
        raise NotDer("its time is not in UTC")
    return datetime.strptime(whole, "%Y%m%d%H%M%S").replace(tzinfo=UTC)


def _may_stamp(certificate: x509.Certificate) -> bool:
    try:
        usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    except (x509.ExtensionNotFound, ValueError):
        return False
    return usage.critical and list(usage.value) == [ExtendedKeyUsageOID.TIME_STAMPING]  # RFC 3161, 2.3


def digest_of(signature: bytes) -> bytes:
    """What a time stamp on a signature is over (RFC 3161, appendix A)."""
    state = hashes.Hash(hashes.SHA256())
    state.update(signature)
    return state.finalize()
