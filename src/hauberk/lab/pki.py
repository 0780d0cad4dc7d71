"""A certificate authority for the lab: trusted, unknown and self-signed chains with the extensions of the web's public ones."""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from ipaddress import ip_address
from typing import Literal, TypeAlias

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa, utils
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

Key: TypeAlias = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey
KeyKind: TypeAlias = Literal["ec256", "ec384", "rsa1024", "rsa2048", "rsa3072", "rsa4096", "ed25519"]
Issuer: TypeAlias = Literal["trusted", "unknown", "self"]

_DOMAIN_VALIDATED = x509.ObjectIdentifier("2.23.140.1.2.1")
_LIFETIME = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class CertificateSpec:
    """What a certificate is to be like.

    `key` is a `KeyKind`; `issuer` is `trusted`, `unknown` (a root that nobody trusts) or `self`; `days_left` counts from the time of
    the PKI, negative when expired; `signature` is `sha256`, `sha384` or `sha1`; `chain` is `full`, or `leaf-only` to leave the
    intermediate out.
    """

    names: tuple[str, ...]
    key: str = "ec256"
    issuer: str = "trusted"
    days_left: int = 60
    signature: str = "sha256"
    chain: str = "full"


@dataclass(frozen=True, slots=True)
class Issued:
    """A leaf with its key; `chain` is DER, leaf first, as the server sends it."""

    chain: tuple[bytes, ...]
    key_pem: bytes
    chain_pem: bytes

    @property
    def leaf(self) -> x509.Certificate:
        return x509.load_der_x509_certificate(self.chain[0])


@dataclass(frozen=True, slots=True)
class _Authority:
    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate


class Pki:
    """Two roots, one of them trusted, each with an intermediate; everything is dated around `at` (aware, UTC)."""

    def __init__(self, at: datetime) -> None:
        self.at = at.replace(microsecond=0)
        self._roots: dict[str, _Authority] = {}
        self._intermediates: dict[str, _Authority] = {}
        for issuer, title in (("trusted", "Hauberk Lab"), ("unknown", "Nobody Knows")):
            root = self._authority(f"{title} Root", None)
            self._roots[issuer] = root
            self._intermediates[issuer] = self._authority(f"{title} Intermediate", root)

    @property
    def anchor(self) -> bytes:
        """The trusted root, DER."""
        return self._roots["trusted"].certificate.public_bytes(Encoding.DER)

    @property
    def anchor_pem(self) -> bytes:
        return self._roots["trusted"].certificate.public_bytes(Encoding.PEM)

    def issue(self, spec: CertificateSpec) -> Issued:
        """A new certificate. Elliptic-curve keys are new each time; there is one RSA key a size in a process, for speed."""
        key = _new_key(spec.key)
        authority = self._intermediates.get(spec.issuer)
        subject = _name(spec.names[0] if spec.names and len(spec.names[0]) <= 64 else "hauberk-lab")
        issuer_name = authority.certificate.subject if authority else subject
        issuer_key: Key = authority.key if authority else key
        until = self.at + timedelta(days=spec.days_left)
        since = min(self.at - timedelta(days=1), until - _LIFETIME)
        builder = x509.CertificateBuilder(issuer_name, subject, key.public_key(), x509.random_serial_number(), since, until)
        builder = _with_leaf_extensions(builder, spec, key, issuer_key)
        leaf = _sha1_signed(builder, issuer_key) if spec.signature == "sha1" else _signed(builder, issuer_key, spec.signature)
        sent = [leaf] if authority is None or spec.chain == "leaf-only" else [leaf, authority.certificate.public_bytes(Encoding.DER)]
        key_pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        chain_pem = b"".join(x509.load_der_x509_certificate(der).public_bytes(Encoding.PEM) for der in sent)
        return Issued(tuple(sent), key_pem, chain_pem)

    def _authority(self, title: str, parent: _Authority | None) -> _Authority:
        key = ec.generate_private_key(ec.SECP256R1())
        subject = _name(title)
        issuer_name = parent.certificate.subject if parent else subject
        issuer_key = parent.key if parent else key
        since, until = self.at - timedelta(days=2000), self.at + timedelta(days=3000)
        builder = (
            x509.CertificateBuilder(issuer_name, subject, key.public_key(), x509.random_serial_number(), since, until)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0 if parent else None), critical=True)
            .add_extension(_key_usage(authority=True, encipherment=False), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        )
        if parent:
            builder = builder.add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False
            ).add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        return _Authority(key, builder.sign(issuer_key, hashes.SHA256()))


def _with_leaf_extensions(builder: x509.CertificateBuilder, spec: CertificateSpec, key: Key, issuer_key: Key) -> x509.CertificateBuilder:
    """What the Baseline Requirements of the CA/Browser Forum (7.1.2.7) ask of a leaf."""
    builder = (
        builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(authority=False, encipherment=isinstance(key, rsa.RSAPrivateKey)), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.CertificatePolicies([x509.PolicyInformation(_DOMAIN_VALIDATED, None)]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False)
    )
    if not spec.names:
        return builder
    return builder.add_extension(x509.SubjectAlternativeName([_general_name(name) for name in spec.names]), critical=False)


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _key_usage(*, authority: bool, encipherment: bool) -> x509.KeyUsage:
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


def _new_key(kind: str) -> Key:
    if kind.startswith("rsa"):
        return rsa_key(int(kind.removeprefix("rsa")))
    if kind == "ed25519":
        return ed25519.Ed25519PrivateKey.generate()
    return ec.generate_private_key({"ec256": ec.SECP256R1(), "ec384": ec.SECP384R1()}[kind])


@cache
def rsa_key(bits: int) -> rsa.RSAPrivateKey:
    """The one RSA key of a size in this process."""
    return rsa.generate_private_key(65537, bits)


def _signed(builder: x509.CertificateBuilder, key: Key, signature: str) -> bytes:
    algorithm = None if isinstance(key, ed25519.Ed25519PrivateKey) else {"sha256": hashes.SHA256(), "sha384": hashes.SHA384()}[signature]
    return builder.sign(key, algorithm).public_bytes(Encoding.DER)


# AlgorithmIdentifiers as DER: what the library writes, and what SHA-1 is called (RFC 3279, 2.2).
_RSA_SHA256, _RSA_SHA1 = bytes.fromhex("300d06092a864886f70d01010b0500"), bytes.fromhex("300d06092a864886f70d0101050500")
_ECDSA_SHA256, _ECDSA_SHA1 = bytes.fromhex("300a06082a8648ce3d040302"), bytes.fromhex("300906072a8648ce3d0401")


def _sha1_signed(builder: x509.CertificateBuilder, key: Key) -> bytes:
    """The certificate with a SHA-1 signature, which the library no longer makes: its own is taken out and replaced."""
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return _signed(builder, key, "sha256")
    signed = builder.sign(key, hashes.SHA256())
    old, new = (_RSA_SHA256, _RSA_SHA1) if isinstance(key, rsa.RSAPrivateKey) else (_ECDSA_SHA256, _ECDSA_SHA1)
    body = _contents(signed.tbs_certificate_bytes).replace(old, new, 1)
    to_sign = _der(0x30, body)
    # RFC 3279 asks for SHA-1 here; nothing is protected by it.
    digest = hashlib.sha1(to_sign, usedforsecurity=False).digest()
    signature = _pkcs1_sha1(digest, key) if isinstance(key, rsa.RSAPrivateKey) else _ecdsa_sha1(digest, key)
    return _der(0x30, to_sign + new + _der(0x03, b"\0" + signature))


def _pkcs1_sha1(digest: bytes, key: rsa.RSAPrivateKey) -> bytes:
    """RSASSA-PKCS1-v1_5 (RFC 8017, 8.2.1) by hand."""
    numbers = key.private_numbers()
    length = key.key_size // 8
    info = bytes.fromhex("3021300906052b0e03021a05000414") + digest
    padded = b"\0\1" + b"\xff" * (length - len(info) - 3) + b"\0" + info
    return pow(int.from_bytes(padded), numbers.d, numbers.public_numbers.n).to_bytes(length)


def _ecdsa_sha1(digest: bytes, key: ec.EllipticCurvePrivateKey) -> bytes:
    """ECDSA signs the number that the digest is, so leading zeros make a SHA-1 digest pass for a longer one."""
    return key.sign(bytes(12) + digest, ec.ECDSA(utils.Prehashed(hashes.SHA256())))


def _contents(der: bytes) -> bytes:
    return der[2 + (der[1] & 0x7F if der[1] & 0x80 else 0) :]


def _der(tag: int, contents: bytes) -> bytes:
    length = len(contents)
    if length < 128:
        return bytes((tag, length)) + contents
    octets = length.to_bytes((length.bit_length() + 7) // 8)
    return bytes((tag, 0x80 | len(octets))) + octets + contents
