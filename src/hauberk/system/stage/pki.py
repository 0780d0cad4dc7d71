"""Certificate authorities of a stage: one that the play's internet trusts, and the organisation's own for its two hosts.

Leaves have what the Baseline Requirements of the CA/Browser Forum ask for (7.1.2.7), so that a scan judges them as it would on the
real internet.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_DOMAIN_VALIDATED = x509.ObjectIdentifier("2.23.140.1.2.1")
_SINCE = timedelta(days=30)
_LEAF_DAYS = timedelta(days=60)


@dataclass(frozen=True, slots=True)
class Leaf:
    """A key and what a server sends: PEM, leaf first."""

    certificate: x509.Certificate
    key_pem: bytes
    chain_pem: bytes


class Authority:
    """A root with one intermediate; everything is dated around `at` (aware, UTC)."""

    def __init__(self, title: str, at: datetime) -> None:
        self._at = at.replace(microsecond=0)
        self._root_key = ec.generate_private_key(ec.SECP256R1())
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._root = self._signed_authority(f"{title} Root", self._root_key, None)
        self._issuer = self._signed_authority(f"{title} Intermediate", self._key, self._root)

    @property
    def root_pem(self) -> bytes:
        return self._root.public_bytes(Encoding.PEM)

    def issue(self, *names: str, client: bool = False) -> Leaf:
        """A certificate for DNS names; `client` also lets it prove a client (RFC 5280, 4.2.1.12)."""
        key = ec.generate_private_key(ec.SECP256R1())
        usages = [ExtendedKeyUsageOID.SERVER_AUTH, *([ExtendedKeyUsageOID.CLIENT_AUTH] if client else [])]
        builder = (
            self._dated(_name(names[0]), key.public_key(), self._issuer.subject, self._at + _LEAF_DAYS)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(authority=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage(usages), critical=False)
            .add_extension(x509.CertificatePolicies([x509.PolicyInformation(_DOMAIN_VALIDATED, None)]), critical=False)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False)
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(name) for name in names]), critical=False)
        )
        leaf = builder.sign(self._key, hashes.SHA256())
        chain = b"".join(one.public_bytes(Encoding.PEM) for one in (leaf, self._issuer))
        return Leaf(leaf, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()), chain)

    def _signed_authority(self, title: str, key: ec.EllipticCurvePrivateKey, parent: x509.Certificate | None) -> x509.Certificate:
        subject = _name(title)
        builder = (
            self._dated(subject, key.public_key(), parent.subject if parent else subject, self._at + timedelta(days=3000))
            .add_extension(x509.BasicConstraints(ca=True, path_length=0 if parent else None), critical=True)
            .add_extension(_usage(authority=True), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        )
        if parent:
            builder = builder.add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self._root_key.public_key()), critical=False)
        return builder.sign(self._root_key, hashes.SHA256())

    def _dated(self, subject: x509.Name, key: ec.EllipticCurvePublicKey, issuer: x509.Name, until: datetime) -> x509.CertificateBuilder:
        return x509.CertificateBuilder(issuer, subject, key, x509.random_serial_number(), self._at - _SINCE, until)


def mail_certificate(address: str, at: datetime) -> Leaf:
    """Of a correspondent who signed it himself: an RSA key that S/MIME is encrypted to (RFC 8551, 4.4)."""
    key = rsa.generate_private_key(65537, 2048)
    name, since = _name(address), at.replace(microsecond=0) - _SINCE
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), since, since + _SINCE + _LEAF_DAYS)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(authority=False, encipherment=True), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), critical=False)
        .add_extension(x509.SubjectAlternativeName([x509.RFC822Name(address)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return Leaf(certificate, private, certificate.public_bytes(Encoding.PEM))


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _usage(*, authority: bool, encipherment: bool = False) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=encipherment,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=authority,
        crl_sign=authority,
        encipher_only=False,
        decipher_only=False,
    )
