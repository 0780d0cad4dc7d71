"""Mark certificates: usage, logotype, names and dates."""

from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID
from hypothesis import given
from hypothesis import strategies as st

from hauberk.protocols.bimi.mark import BRAND_INDICATOR, LOGOTYPE, MARK_TYPE, MarkCertificate, parse
from hauberk.protocols.malformed import Malformed

NOW = datetime(2026, 11, 21, tzinfo=UTC)
KEY = ec.generate_private_key(ec.SECP256R1())


def certificate(*extensions: x509.ExtensionType, name: str = "Example") -> bytes:
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name), x509.NameAttribute(MARK_TYPE, "Registered Mark")])
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(KEY.public_key()).serial_number(7)
    builder = builder.not_valid_before(NOW).not_valid_after(NOW + timedelta(days=90))
    for extension in extensions:
        builder = builder.add_extension(extension, critical=False)
    return builder.sign(KEY, hashes.SHA256()).public_bytes(Encoding.PEM)


AUTHORITY = certificate(x509.BasicConstraints(True, None), name="Root")


def test_the_leaf_of_the_file_is_read() -> None:
    leaf = certificate(
        x509.SubjectAlternativeName([x509.DNSName("default._bimi.Example.com")]),
        x509.ExtendedKeyUsage([BRAND_INDICATOR]),
        x509.UnrecognizedExtension(LOGOTYPE, b"\x30\x00"),
    )
    parsed = parse(AUTHORITY + leaf)
    assert isinstance(parsed, MarkCertificate)
    assert parsed.names == ("default._bimi.example.com",)
    assert (parsed.has_usage, parsed.has_logotype, parsed.mark_type) == (True, True, "Registered Mark")
    assert parsed.not_after == NOW + timedelta(days=90)


def test_a_certificate_for_a_web_server_has_neither_usage_nor_logotype() -> None:
    parsed = parse(certificate(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])))
    assert isinstance(parsed, MarkCertificate)
    assert (parsed.has_usage, parsed.has_logotype, parsed.names) == (False, False, ())


def test_files_that_hold_no_certificate_are_malformed() -> None:
    damaged = AUTHORITY.replace(b"M", b"A", 5)
    for pem in (b"", b"\x30\x82", b"-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----", damaged, AUTHORITY * 9):
        assert isinstance(parse(pem), Malformed)


@given(st.binary(), st.integers(30, len(AUTHORITY) - 1))
def test_parsing_never_raises(noise: bytes, at: int) -> None:
    for pem in (noise, AUTHORITY[:at] + noise + AUTHORITY[at + len(noise) :]):
        assert isinstance(parse(pem), (MarkCertificate, Malformed))
