"""Mark certificates: the evidence that a logo belongs to a domain (BIMI group's VMC and CMC requirements; RFC 9399 for the logotype)."""

import warnings
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.x509 import ObjectIdentifier

from hauberk.protocols.malformed import Malformed, visible

BRAND_INDICATOR = ObjectIdentifier("1.3.6.1.5.5.7.3.31")  # id-kp-BrandIndicatorforMessageIdentification
LOGOTYPE = ObjectIdentifier("1.3.6.1.5.5.7.1.12")
MARK_TYPE = ObjectIdentifier("1.3.6.1.4.1.53087.1.13")

_BEGIN = b"-----BEGIN CERTIFICATE-----"
_MOST_CERTIFICATES = 8


@dataclass(frozen=True, slots=True)
class MarkCertificate:
    """The leaf of a mark certificate file; times in UTC. `mark_type` is the subject's (`Registered Mark`, ...), empty if not stated."""

    names: tuple[str, ...]
    not_before: datetime
    not_after: datetime
    has_usage: bool
    has_logotype: bool
    mark_type: str = ""
    issuer: str = ""


def parse(pem: bytes) -> MarkCertificate | Malformed:
    """The first certificate that is no authority's in a PEM file. Signatures and the chain are not verified."""
    shown = pem[:80].decode("utf-8", "backslashreplace")
    if _BEGIN not in pem:
        return Malformed(shown, 0, "there is no PEM certificate in the file", 1)
    if pem.count(_BEGIN) > _MOST_CERTIFICATES:
        return Malformed(shown, 0, f"there are more than {_MOST_CERTIFICATES} certificates in the file", 1)
    with warnings.catch_warnings():  # the library warns of what it will one day refuse; that is no matter of the scan
        warnings.simplefilter("ignore")
        try:
            return _read(_leaf(x509.load_pem_x509_certificates(pem)))
        except Exception as error:  # hostile DER fails in ways that the library does not list
            return Malformed(shown, 0, f"the certificate cannot be read: {visible(str(error))[:200]}", 1)


def _leaf(chain: list[x509.Certificate]) -> x509.Certificate:
    for certificate in chain:
        constraints = [one.value for one in certificate.extensions if isinstance(one.value, x509.BasicConstraints)]
        if not any(one.ca for one in constraints):
            return certificate
    return chain[0]


def _read(leaf: x509.Certificate) -> MarkCertificate:
    names: tuple[str, ...] = ()
    usage = False
    for extension in leaf.extensions:
        match extension.value:
            case x509.SubjectAlternativeName() as alternative:
                names = tuple(name.lower() for name in alternative.get_values_for_type(x509.DNSName))
            case x509.ExtendedKeyUsage() as purposes:
                usage = BRAND_INDICATOR in purposes
            case _:
                pass
    mark_types = [str(one.value) for one in leaf.subject.get_attributes_for_oid(MARK_TYPE)]
    return MarkCertificate(
        names,
        leaf.not_valid_before_utc,
        leaf.not_valid_after_utc,
        usage,
        any(extension.oid == LOGOTYPE for extension in leaf.extensions),
        mark_types[0] if mark_types else "",
        leaf.issuer.rfc4514_string(),
    )
