"""OpenSSL itself answers the hellos, in memory: the probe must find out what it was configured to take.

The standard library's OpenSSL lists its suites by number, so that the lists can be compared; the one inside pyOpenSSL is newer and
knows post-quantum groups.
"""

import ssl
import warnings
from base64 import encodebytes
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import pytest
from OpenSSL import SSL

from hauberk.lab.pki import CertificateSpec, Pki
from hauberk.model.observation import ScanOptions
from hauberk.model.transport import Ending, Endpoint, Flight, Hello
from hauberk.protocols.ffdhe import named_prime
from hauberk.protocols.tls.facts import TlsFacts
from hauberk.protocols.tls.grade import Grade
from hauberk.protocols.tls.probe import probe_endpoint
from hauberk.protocols.tls.registry import TLS10, TLS11, TLS12, TLS13, VERSIONS, suite, suites_by_name
from hauberk.protocols.walk import NOT_ASKED, Ask, Reply, replay

ENDPOINT = Endpoint("mx.example.com", "192.0.2.10")
NUMBERS = {name: number for number, name in VERSIONS.items()}
LIMITS = {TLS10: ssl.TLSVersion.TLSv1, TLS11: ssl.TLSVersion.TLSv1_1, TLS12: ssl.TLSVersion.TLSv1_2, TLS13: ssl.TLSVersion.TLSv1_3}


@dataclass(frozen=True)
class Config:
    """`oldest` to `newest` are taken; `finite` says that the server has parameters for finite fields."""

    ciphers: str
    keys: tuple[str, ...] = ("rsa2048",)
    oldest: int = TLS12
    newest: int = TLS13
    finite: bool = False
    preference: bool = True


CONFIGS = {
    "modern": Config("ECDHE+AESGCM:ECDHE+CHACHA20"),
    "modern, two keys": Config("ECDHE+AESGCM:ECDHE+CHACHA20", ("rsa2048", "ec256")),
    "only TLS 1.3": Config("ECDHE+AESGCM", oldest=TLS13),
    "only TLS 1.3, two keys": Config("ECDHE+AESGCM", ("rsa2048", "ec256"), oldest=TLS13),
    "only TLS 1.2, ECDSA": Config("ECDHE+AESGCM:ECDHE+AES", ("ec256",), newest=TLS12),
    "curve P-384": Config("ECDHE+AESGCM:ECDHE+AES", ("ec384",), newest=TLS12),
    "everything": Config("ALL:COMPLEMENTOFALL:@SECLEVEL=0", ("rsa2048", "ec256"), TLS10, finite=True),
    "everything, the client's order": Config("ALL:COMPLEMENTOFALL:@SECLEVEL=0", ("rsa2048",), TLS10, finite=True, preference=False),
    "old": Config("AES:!aNULL:@SECLEVEL=0", oldest=TLS10, newest=TLS11),
    "no elliptic curves": Config("kRSA:kDHE:!PSK:@SECLEVEL=0", newest=TLS12, finite=True),
    "only RSA key exchange": Config("kRSA+AES:@SECLEVEL=0", newest=TLS12),
    "only anonymous": Config("aNULL:@SECLEVEL=0", newest=TLS12, finite=True),
}


@cache
def pem(folder: Path, key: str) -> Path:
    issued = Pki(datetime.now(UTC)).issue(CertificateSpec((ENDPOINT.host,), key=key))
    file = folder / f"{key}.pem"
    file.write_bytes(issued.key_pem + issued.chain_pem)
    return file


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("openssl")
    parameters = b"\x30\x82\x01\x08\x02\x82\x01\x01\x00" + named_prime(2048).to_bytes(256) + b"\x02\x01\x02"  # SEQUENCE of prime and 2
    (made / "dh.pem").write_text(f"-----BEGIN DH PARAMETERS-----\n{encodebytes(parameters).decode()}-----END DH PARAMETERS-----\n")
    return made


def context(config: Config, folder: Path) -> ssl.SSLContext:
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.set_ciphers(config.ciphers)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # that the versions are old is the point
        made.minimum_version, made.maximum_version = LIMITS[config.oldest], LIMITS[config.newest]
    for key in config.keys:
        made.load_cert_chain(pem(folder, key))
    if config.finite:
        made.load_dh_params(str(folder / "dh.pem"))
    if not config.preference:
        made.options &= ~ssl.OP_CIPHER_SERVER_PREFERENCE
    return made


def answer(made: ssl.SSLContext, ask: Ask) -> Reply:
    assert isinstance(ask, Hello)
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    server = made.wrap_bio(incoming, outgoing, server_side=True)
    incoming.write(ask.octets)
    incoming.write_eof()
    with suppress(ssl.SSLError):
        server.do_handshake()
    received = outgoing.read()
    return Flight(received, Ending.QUIT if received else Ending.CLOSED)


def probed(config: Config, folder: Path, depth: str) -> tuple[TlsFacts, int]:
    made = context(config, folder)
    asked: list[Ask] = []

    def reply(ask: Ask) -> Reply:
        if not isinstance(ask, Hello):
            return NOT_ASKED
        asked.append(ask)
        return answer(made, ask)

    return replay(probe_endpoint(ENDPOINT, None, ScanOptions(depth=depth)), reply), len(asked)


def configured(config: Config, folder: Path, version: int) -> set[str]:
    """The suites that OpenSSL says it has and that the keys allow."""
    if not config.oldest <= version <= config.newest:
        return set()
    held = [suite(int(one["id"]) & 0xFFFF) for one in context(config, folder).get_ciphers()]
    keys = {"rsa" if key.startswith("rsa") else "ecdsa" for key in config.keys}
    return {
        one.name
        for one in held
        if one.fits(version)
        and one.exchange != "PSK"
        and (not one.authentication or one.authentication in keys)
        and (config.finite or not one.finite)
    }


@pytest.mark.parametrize("name", CONFIGS)
def test_full_depth_names_what_openssl_takes(folder: Path, name: str) -> None:
    config = CONFIGS[name]
    facts, _ = probed(config, folder, "full")
    assert facts.listed, facts.partial
    for version, number in NUMBERS.items():
        expected = configured(config, folder, number)
        assert {fact.suite for fact in facts.suites if fact.version == version} == expected, version
        assert facts.accepted(version) is bool(expected), version
    grades = {suites_by_name()[fact.suite].grade for fact in facts.suites}
    for grade in Grade:
        assert facts.accepts_grade(grade) is (grade in grades), grade


@pytest.mark.parametrize("name", CONFIGS)
def test_standard_depth_agrees_with_full_depth(folder: Path, name: str) -> None:
    config = CONFIGS[name]
    whole, _ = probed(config, folder, "full")
    facts, connections = probed(config, folder, "standard")
    assert connections <= 19 and not facts.partial
    assert [(fact.version, fact.accepted) for fact in facts.versions] == [(fact.version, fact.accepted) for fact in whole.versions]
    for grade in (Grade.PHASE_OUT, Grade.INSUFFICIENT):
        assert facts.accepts_grade(grade) is whole.accepts_grade(grade)
    assert (facts.accepts_sha1, facts.accepts_sha224) == (whole.accepts_sha1, whole.accepts_sha224)
    assert (facts.weak_curves, facts.finite_exchange) == (whole.weak_curves, whole.finite_exchange)
    assert facts.post_quantum is whole.post_quantum is False
    assert {fact.bits for fact in facts.dh} == {fact.bits for fact in whole.dh}
    assert facts.worst_group_grade is whole.worst_group_grade
    assert {fact.key for fact in facts.chains} == {fact.key for fact in whole.chains}


@pytest.mark.parametrize(("name", "preference"), (("everything", True), ("everything, the client's order", False)))
def test_the_preference_of_openssl_is_seen(folder: Path, name: str, preference: bool) -> None:
    for depth in ("standard", "full"):
        assert probed(CONFIGS[name], folder, depth)[0].server_preference is preference


def test_what_openssl_always_does(folder: Path) -> None:
    facts, connections = probed(CONFIGS["modern"], folder, "full")
    assert connections <= 37
    assert facts.secure_renegotiation and facts.extended_master_secret and facts.fallback_protected
    assert facts.compression is False and facts.client_certificate is False
    assert {fact.group for fact in facts.groups if fact.version == "TLSv1.3" and fact.accepted} >= {"x25519", "secp256r1"}
    assert {fact.group for fact in facts.groups if fact.version == "TLSv1.2"} >= {"secp256r1"}
    assert not facts.odd


def test_post_quantum_groups_of_a_newer_openssl_are_found(folder: Path) -> None:
    made = SSL.Context(SSL.TLS_METHOD)
    made.use_certificate_chain_file(str(pem(folder, "ec256")))
    made.use_privatekey_file(str(pem(folder, "ec256")))

    def reply(ask: Ask) -> Reply:
        if not isinstance(ask, Hello):
            return NOT_ASKED
        server = SSL.Connection(made, None)
        server.set_accept_state()
        server.bio_write(ask.octets)
        with suppress(SSL.Error):
            server.do_handshake()
        try:
            return Flight(server.bio_read(65_536), Ending.QUIT)
        except SSL.WantReadError:
            return Flight(b"", Ending.CLOSED)

    facts = replay(probe_endpoint(ENDPOINT, None, ScanOptions(depth="full")), reply)
    assert facts.post_quantum and facts.listed
    assert {"X25519MLKEM768", "SecP256r1MLKEM768", "x25519"} <= {fact.group for fact in facts.groups if fact.accepted}
    assert facts.accepted("TLSv1.3") and facts.accepted("TLSv1.2") and facts.accepted("TLSv1.1") is False
    standard = replay(probe_endpoint(ENDPOINT, None, ScanOptions(depth="standard")), reply)
    assert standard.post_quantum and not standard.partial


@pytest.mark.parametrize("depth", ["standard", "full"])
def test_the_sealed_certificates_of_tls_13_are_seen(folder: Path, depth: str) -> None:
    facts, _ = probed(CONFIGS["only TLS 1.3, two keys"], folder, depth)
    assert {(fact.key, fact.version) for fact in facts.chains} == {("rsa", "TLSv1.3"), ("ecdsa", "TLSv1.3")}
    assert (facts.ocsp_stapling, facts.client_certificate) == (False, False)
    named = {fact.scheme for fact in facts.schemes if fact.version == "TLSv1.3"}
    assert named >= {"ecdsa_secp256r1_sha256"}
    if depth == "full":
        assert named == {"ecdsa_secp256r1_sha256", "rsa_pss_rsae_sha256", "rsa_pss_rsae_sha384", "rsa_pss_rsae_sha512"}
