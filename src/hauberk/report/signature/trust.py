"""Whose keys a verifier trusts: keys and certificates in PEM, given by hand. There is no list of authorities behind it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key

from hauberk.report.signature.key import KeyUnusableError, fingerprint, issued, spki_fingerprint

_BLOCK = re.compile(rb"-----BEGIN ([A-Z ]+)-----.*?-----END \1-----", re.DOTALL)
_LONGEST_CHAIN = 6


@dataclass(frozen=True)
class Trusted:
    """`keys` are public keys by fingerprint; `issuers` are the certificates among what was given, which may have issued the signer's."""

    keys: Mapping[str, object] = field(default_factory=dict[str, object])
    issuers: tuple[x509.Certificate, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.keys)

    def __add__(self, other: "Trusted") -> "Trusted":
        return Trusted({**self.keys, **other.keys}, self.issuers + other.issuers)

    def knows(self, certificate: x509.Certificate, others: tuple[x509.Certificate, ...] = ()) -> bool:
        """Whether the key is trusted itself, or its certificate was issued, perhaps through `others`, by an authority that is."""
        last = certificate
        for _ in range(_LONGEST_CHAIN):
            if fingerprint(last) in self.keys or any(_may_issue(one) and issued(one, last) for one in self.issuers):
                return True
            above = next((one for one in others if one != last and _may_issue(one) and issued(one, last)), None)
            if above is None:
                return False
            last = above
        return False


def read(data: bytes) -> Trusted:
    """The public keys and certificates in a PEM file; private keys are passed over. Raises `KeyUnusableError`."""
    keys: dict[str, object] = {}
    issuers: list[x509.Certificate] = []
    for match in _BLOCK.finditer(data):
        try:
            if match[1] == b"CERTIFICATE":
                certificate = x509.load_pem_x509_certificate(match[0])
                keys[fingerprint(certificate)] = certificate.public_key()
                issuers.append(certificate)
            elif match[1] == b"PUBLIC KEY":
                public = load_pem_public_key(match[0])
                keys[spki_fingerprint(public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))] = public
        except (ValueError, UnsupportedAlgorithm) as error:
            raise KeyUnusableError(f"a key or certificate in it cannot be read: {error}") from None
    if not keys:
        raise KeyUnusableError("there is no public key or certificate in it (PEM)")
    return Trusted(keys, tuple(issuers))


def _may_issue(certificate: x509.Certificate) -> bool:
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except (x509.ExtensionNotFound, ValueError):
        return False
