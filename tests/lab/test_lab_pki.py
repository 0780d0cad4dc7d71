"""The lab's certificates verify, or do not, exactly as their specification says."""

import hashlib
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

from hauberk.lab.pki import CertificateSpec, Issued, Pki

AT = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def pki() -> Pki:
    return Pki(AT)


def verify(pki: Pki, issued: Issued, name: str) -> None:
    store = Store([x509.load_der_x509_certificate(pki.anchor)])
    verifier = PolicyBuilder().store(store).time(AT).build_server_verifier(x509.DNSName(name))
    verifier.verify(issued.leaf, [x509.load_der_x509_certificate(der) for der in issued.chain[1:]])


@pytest.mark.parametrize("key", ["ec256", "ec384", "rsa2048", "rsa3072", "rsa4096"])
@pytest.mark.parametrize("signature", ["sha256", "sha384"])
def test_a_trusted_certificate_verifies_as_on_the_web(pki: Pki, key: str, signature: str) -> None:
    issued = pki.issue(CertificateSpec(("mx.example.com", "*.example.org"), key=key, signature=signature))
    assert len(issued.chain) == 2
    verify(pki, issued, "mx.example.com")
    verify(pki, issued, "a.example.org")
    with pytest.raises(VerificationError):
        verify(pki, issued, "mx.example.net")


@pytest.mark.parametrize(
    "spec",
    [
        CertificateSpec(("mx.example.com",), issuer="unknown"),
        CertificateSpec(("mx.example.com",), issuer="self"),
        CertificateSpec(("mx.example.com",), days_left=-3),
        CertificateSpec(("mx.example.com",), chain="leaf-only"),
        CertificateSpec(("mx.example.com",), signature="sha1"),
        CertificateSpec(()),
    ],
)
def test_each_fault_spoils_verification(pki: Pki, spec: CertificateSpec) -> None:
    with pytest.raises(VerificationError):
        verify(pki, pki.issue(spec), "mx.example.com")


def test_days_left_counts_from_the_time_of_the_pki(pki: Pki) -> None:
    assert pki.issue(CertificateSpec(("a.test",), days_left=12)).leaf.not_valid_after_utc == AT + timedelta(days=12)
    expired = pki.issue(CertificateSpec(("a.test",), days_left=-3)).leaf
    assert expired.not_valid_before_utc < expired.not_valid_after_utc == AT - timedelta(days=3)


@pytest.mark.parametrize("issuer", ["trusted", "self"])
@pytest.mark.parametrize("key", ["ec256", "rsa2048"])
def test_a_sha1_signature_is_real(pki: Pki, issuer: str, key: str) -> None:
    issued = pki.issue(CertificateSpec(("a.test",), key=key, issuer=issuer, signature="sha1"))
    leaf = issued.leaf
    assert leaf.signature_hash_algorithm and leaf.signature_hash_algorithm.name == "sha1"
    digest = hashlib.sha1(leaf.tbs_certificate_bytes).digest()
    public = leaf.public_key() if issuer == "self" else x509.load_der_x509_certificate(issued.chain[1]).public_key()
    if isinstance(public, rsa.RSAPublicKey):
        numbers = public.public_numbers()
        assert pow(int.from_bytes(leaf.signature), numbers.e, numbers.n).to_bytes(256).endswith(digest)
    else:
        assert isinstance(public, ec.EllipticCurvePublicKey)
        public.verify(leaf.signature, bytes(12) + digest, ec.ECDSA(Prehashed(hashes.SHA256())))


def test_kinds_of_keys(pki: Pki) -> None:
    small = pki.issue(CertificateSpec(("a.test",), key="rsa1024")).leaf.public_key()
    assert isinstance(small, rsa.RSAPublicKey) and small.key_size == 1024
    assert isinstance(pki.issue(CertificateSpec(("a.test",), key="ed25519")).leaf.public_key(), ed25519.Ed25519PublicKey)


def test_elliptic_keys_are_new_each_time(pki: Pki) -> None:
    spec = CertificateSpec(("a.test",))
    assert pki.issue(spec).leaf.public_key() != pki.issue(spec).leaf.public_key()
