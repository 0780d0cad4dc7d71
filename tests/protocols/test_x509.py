from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509 as library
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import ExtendedKeyUsageOID
from hypothesis import given, settings
from hypothesis import strategies as st

from hauberk.lab.pki import CertificateSpec, Pki
from hauberk.protocols import x509
from hauberk.protocols.malformed import Malformed
from hauberk.protocols.x509 import Strength, Trust

AT = datetime(2026, 11, 21, 12, tzinfo=UTC)
HOST = "mx.example.com"
PKI = Pki(AT)
GOOD = PKI.issue(CertificateSpec((HOST,)))
Extension = tuple[library.ExtensionType, bool]


def reason(spec: CertificateSpec, *, at: datetime = AT, anchors: tuple[bytes, ...] = (PKI.anchor,), name: str = HOST) -> Trust:
    return x509.verify(PKI.issue(spec).chain, name, at, anchors).reason


def sign(
    subject: str,
    issuer: str,
    key: ec.EllipticCurvePrivateKey,
    issuer_key: ec.EllipticCurvePrivateKey,
    *extensions: Extension,
    days: int = 30,
) -> bytes:
    def name(text: str) -> library.Name:
        return library.Name([library.NameAttribute(library.NameOID.COMMON_NAME, text)])

    since, until = AT - timedelta(days=100), AT + timedelta(days=days)
    builder = library.CertificateBuilder(name(issuer), name(subject), key.public_key(), library.random_serial_number(), since, until)
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical)
    return builder.sign(issuer_key, hashes.SHA256()).public_bytes(Encoding.DER)


def new_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


KEYS = (new_key(), new_key(), new_key())
CA: Extension = (library.BasicConstraints(True, None), True)
SAN: Extension = (library.SubjectAlternativeName([library.DNSName(HOST)]), False)


def private_chain(
    *intermediate: Extension, leaf: tuple[Extension, ...] = (SAN,), days: int = 30, root: tuple[Extension, ...] = (CA,)
) -> Trust:
    """The verdict on leaf <- intermediate <- root of a private authority that keeps to no profile."""
    top = sign("root", "root", KEYS[0], KEYS[0], *root)
    middle = sign("middle", "root", KEYS[1], KEYS[0], *intermediate, days=days)
    bottom = sign("leaf", "middle", KEYS[2], KEYS[1], *leaf)
    return x509.verify((bottom, middle), HOST, AT, (top,)).reason


def test_a_sound_chain_is_trusted_from_the_leaf_to_the_anchor() -> None:
    verdict = x509.verify(GOOD.chain, HOST, AT, (PKI.anchor,))
    assert verdict.trusted
    assert verdict.path == (*GOOD.chain, PKI.anchor)
    assert verdict.remark == ""


def test_each_reason_is_told_apart() -> None:
    assert reason(CertificateSpec((HOST,), days_left=-3)) == Trust.EXPIRED
    assert reason(CertificateSpec((HOST,)), at=AT - timedelta(days=100)) == Trust.NOT_YET_VALID
    assert reason(CertificateSpec(("mx.example.net",))) == Trust.WRONG_NAME
    assert reason(CertificateSpec((HOST,), issuer="self")) == Trust.SELF_SIGNED
    assert reason(CertificateSpec((HOST,), issuer="unknown")) == Trust.UNKNOWN_ISSUER
    assert reason(CertificateSpec((HOST,), chain="leaf-only")) == Trust.INCOMPLETE_CHAIN
    assert reason(CertificateSpec((HOST,), signature="sha1")) == Trust.WEAK_SIGNATURE
    assert reason(CertificateSpec((HOST,), signature="sha1", key="rsa2048")) == Trust.WEAK_SIGNATURE
    assert x509.verify((), HOST, AT, (PKI.anchor,)).reason == Trust.MALFORMED
    assert x509.verify((b"0",), HOST, AT, (PKI.anchor,)).reason == Trust.MALFORMED


def test_several_faults_are_all_told() -> None:
    expired = PKI.issue(CertificateSpec(("other.example",), issuer="self", days_left=-1))
    faults = {fault.reason for fault in x509.verify(expired.chain, HOST, AT, ()).faults}
    assert faults == {Trust.SELF_SIGNED, Trust.WRONG_NAME, Trust.EXPIRED}


def test_the_order_and_surplus_of_the_chain_do_not_matter() -> None:
    surplus = PKI.issue(CertificateSpec((HOST,), issuer="unknown")).chain[1]
    chain = (GOOD.chain[0], surplus, b"rubbish", PKI.anchor, GOOD.chain[1])
    assert x509.verify(chain, HOST, AT, (PKI.anchor,)).trusted


def test_a_self_signed_leaf_that_is_an_anchor_is_trusted() -> None:
    own = PKI.issue(CertificateSpec((HOST,), issuer="self")).chain
    assert x509.verify(own, HOST, AT, own).trusted


def test_a_private_authority_without_profile_is_trusted_with_a_remark() -> None:
    top = sign("root", "root", KEYS[0], KEYS[0], CA)
    verdict = x509.verify((sign("leaf", "root", KEYS[1], KEYS[0], SAN),), HOST, AT, (top,))
    assert verdict.trusted
    assert verdict.remark


@pytest.mark.parametrize(
    "extensions",
    [
        (),
        ((library.BasicConstraints(False, None), True),),
        (CA, (library.KeyUsage(True, False, False, False, False, False, False, False, False), True)),
        (CA, (library.NameConstraints([library.DNSName("example.net")], None), True)),
        (CA, (library.NameConstraints(None, [library.DNSName("example.com")]), True)),
        (CA, (library.UnrecognizedExtension(library.ObjectIdentifier("1.2.3.4"), b"\x05\x00"), True)),
    ],
)
def test_an_intermediate_that_may_not_issue_is_not_trusted(extensions: tuple[Extension, ...]) -> None:
    assert private_chain(*extensions) == Trust.NOT_PERMITTED


def test_path_length_is_counted_from_the_anchor() -> None:
    assert private_chain(CA, root=((library.BasicConstraints(True, 0), True),)) == Trust.NOT_PERMITTED
    assert private_chain(CA, root=((library.BasicConstraints(True, 1), True),)) == Trust.TRUSTED


def test_names_within_the_constraints_are_trusted() -> None:
    assert private_chain(CA, (library.NameConstraints([library.DNSName("example.com")], None), True)) == Trust.TRUSTED


def test_a_leaf_for_clients_only_is_not_for_servers() -> None:
    usage: Extension = (library.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), False)
    assert private_chain(CA, leaf=(SAN, usage)) == Trust.NOT_PERMITTED


def test_an_expired_intermediate_is_expired() -> None:
    assert private_chain(CA, days=-1) == Trust.EXPIRED


def test_the_better_of_two_paths_counts() -> None:
    top = sign("root", "root", KEYS[0], KEYS[0], CA)
    stale, fresh = (sign("middle", "root", KEYS[1], KEYS[0], CA, days=days) for days in (-5, 50))
    leaf = sign("leaf", "middle", KEYS[2], KEYS[1], SAN)
    assert x509.verify((leaf, stale, fresh), HOST, AT, (top,)).trusted


def test_a_forged_issuer_is_not_trusted() -> None:
    top = sign("root", "root", KEYS[0], KEYS[0], CA)
    forged = sign("leaf", "root", KEYS[1], KEYS[2], SAN)
    assert x509.verify((forged,), HOST, AT, (top,)).reason == Trust.UNKNOWN_ISSUER


@pytest.mark.parametrize("kind", ["rsa", "pss", "ed25519", "ed448"])
def test_every_kind_of_signature_is_verified(kind: str) -> None:
    key: rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey | ed448.Ed448PrivateKey
    match kind:
        case "ed25519":
            key = ed25519.Ed25519PrivateKey.generate()
        case "ed448":
            key = ed448.Ed448PrivateKey.generate()
        case _:
            key = rsa.generate_private_key(65537, 2048)
    name = library.Name([library.NameAttribute(library.NameOID.COMMON_NAME, HOST)])
    since, until = AT - timedelta(days=1), AT + timedelta(days=1)
    builder = library.CertificateBuilder(name, name, key.public_key(), 1, since, until)
    pss = padding.PSS(padding.MGF1(hashes.SHA256()), 32) if kind == "pss" else None
    algorithm = hashes.SHA256() if isinstance(key, rsa.RSAPrivateKey) else None
    own = builder.sign(key, algorithm, rsa_padding=pss).public_bytes(Encoding.DER)
    verdict = x509.verify((own,), HOST, AT, ())
    assert verdict.reason == Trust.SELF_SIGNED


def test_names_are_compared_without_case_and_string_type() -> None:
    top = sign("Root  CA", "Root  CA", KEYS[0], KEYS[0], CA)
    assert x509.verify((sign("leaf", " root ca ", KEYS[1], KEYS[0], SAN),), HOST, AT, (top,)).trusted


def test_many_certificates_of_one_name_and_key_end_soon() -> None:
    twins = tuple(sign("twin", "twin", KEYS[0], KEYS[0], CA, SAN) for _ in range(12))
    assert x509.verify(twins, HOST, AT, (PKI.anchor,)).reason == Trust.SELF_SIGNED


def test_the_common_name_does_not_count() -> None:
    assert private_chain(CA, leaf=()) == Trust.WRONG_NAME


@pytest.mark.parametrize(
    ("pattern", "name", "wanted"),
    [
        ("mx.example.com", "MX.example.com.", True),
        ("*.example.com", "mx.example.com", True),
        ("*.example.com", "a.mx.example.com", False),
        ("*.example.com", "example.com", False),
        ("m*.example.com", "mx.example.com", False),
        ("mx.*.com", "mx.example.com", False),
        ("*.*.com", "mx.example.com", False),
        ("*.com", "example.com", False),
        ("*", "example", False),
        ("", "", False),
    ],
)
def test_wildcards_stand_for_the_whole_leftmost_label_only(pattern: str, name: str, wanted: bool) -> None:
    assert x509.matches(pattern, name) is wanted


def test_a_certificate_is_described() -> None:
    read = x509.describe(GOOD.chain[0])
    assert not isinstance(read, Malformed)
    assert (read.subject, read.dns_names, read.key, read.signature_hash, read.is_ca) == (
        "CN=mx.example.com",
        (HOST,),
        "EC secp256r1",
        "sha256",
        False,
    )
    assert read.not_after == AT + timedelta(days=60)


def test_a_hostile_name_is_made_visible() -> None:
    read = x509.describe(sign("a\nb\u202e\x1b[31m", "root", KEYS[0], KEYS[1]))
    assert not isinstance(read, Malformed)
    assert read.subject == "CN=a\\u{a}b\\u{202e}\\u{1b}[31m"


@pytest.mark.parametrize(
    ("key", "strength"),
    [
        ("ec256", Strength.GOOD),
        ("ec384", Strength.GOOD),
        ("ed25519", Strength.GOOD),
        ("rsa3072", Strength.GOOD),
        ("rsa2048", Strength.SUFFICIENT),
        ("rsa1024", Strength.INSUFFICIENT),
    ],
)
def test_keys_have_a_strength(key: str, strength: Strength) -> None:
    read = x509.describe(PKI.issue(CertificateSpec((HOST,), key=key)).chain[0])
    assert not isinstance(read, Malformed)
    assert x509.key_strength(read) is strength


def test_the_public_key_is_the_librarys() -> None:
    for key in ("ec256", "rsa2048", "ed25519"):
        issued = PKI.issue(CertificateSpec((HOST,), key=key))
        wanted = issued.leaf.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        assert x509.spki(issued.chain[0]) == wanted


@given(st.binary(max_size=200))
def test_no_octets_raise(octets: bytes) -> None:
    assert isinstance(x509.describe(octets), Malformed)
    x509.spki(octets)
    assert not x509.verify((octets, octets), HOST, AT, (octets,)).trusted


@settings(max_examples=300)
@given(st.integers(0, len(GOOD.chain[0]) - 1), st.integers(0, 255), st.integers(0, 3))
def test_no_damaged_certificate_raises_or_is_trusted(position: int, octet: int, cut: int) -> None:
    good = GOOD.chain[0]
    damaged = good[:position] + bytes((octet,)) + good[position + 1 : len(good) - cut]
    x509.describe(damaged)
    x509.spki(damaged)
    assert x509.verify((damaged, GOOD.chain[1]), HOST, AT, (PKI.anchor,)).trusted is (damaged == good)
