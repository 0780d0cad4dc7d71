import pytest
from hypothesis import given
from hypothesis import strategies as st

from hauberk.protocols.tls.grade import Grade, worst
from hauberk.protocols.tls.groups import GROUPS, group_grade, modp, prime_grade
from hauberk.protocols.tls.registry import SSL2, TLS10, TLS12, TLS13, suite, suites, suites_by_name, worst_first
from hauberk.protocols.tls.schemes import SCHEMES, scheme_grade, scheme_key, scheme_name

GRADES = {
    "TLS_AES_256_GCM_SHA384": (Grade.GOOD, ""),
    "TLS_AES_128_GCM_SHA256": (Grade.SUFFICIENT, ""),
    "TLS_AES_128_CCM_8_SHA256": (Grade.INSUFFICIENT, "a tag of 64 bits"),
    "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256": (Grade.SUFFICIENT, ""),
    "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256": (Grade.SUFFICIENT, ""),
    "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384": (Grade.PHASE_OUT, "CBC mode"),
    "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA": (Grade.PHASE_OUT, "CBC mode"),
    "TLS_DHE_RSA_WITH_AES_256_GCM_SHA384": (Grade.PHASE_OUT, "key exchange over a finite field"),
    "TLS_ECDHE_RSA_WITH_ARIA_128_GCM_SHA256": (Grade.PHASE_OUT, "ARIA"),
    "TLS_RSA_WITH_AES_256_GCM_SHA384": (Grade.INSUFFICIENT, "RSA key exchange without forward secrecy"),
    "TLS_ECDH_RSA_WITH_AES_256_GCM_SHA384": (Grade.INSUFFICIENT, "static Diffie-Hellman without forward secrecy"),
    "TLS_DHE_DSS_WITH_AES_256_GCM_SHA384": (Grade.INSUFFICIENT, "DSA signature"),
    "TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA": (Grade.INSUFFICIENT, "3DES, blocks of 64 bits"),
    "TLS_ECDHE_RSA_WITH_RC4_128_SHA": (Grade.INSUFFICIENT, "RC4"),
    "TLS_RSA_EXPORT_WITH_RC4_40_MD5": (Grade.INSUFFICIENT, "export grade, 40 to 56 bits"),
    "TLS_ECDH_anon_WITH_AES_256_CBC_SHA": (Grade.INSUFFICIENT, "no authentication of the server"),
    "TLS_ECDHE_RSA_WITH_NULL_SHA": (Grade.INSUFFICIENT, "no encryption"),
    "TLS_SHA256_SHA256": (Grade.INSUFFICIENT, "no encryption"),
    "SSL_CK_RC4_128_WITH_MD5": (Grade.INSUFFICIENT, "RC4"),
}


@pytest.mark.parametrize("name", GRADES)
def test_a_suite_has_its_grade_and_reason(name: str) -> None:
    one = suites_by_name()[name]
    assert (one.grade, one.why) == GRADES[name]
    assert one.source


def test_every_suite_of_insufficient_or_phase_out_grade_says_why_and_where_it_is_written() -> None:
    for one in suites().values():
        assert bool(one.why) is (one.grade in (Grade.PHASE_OUT, Grade.INSUFFICIENT)), one
        assert one.source, one


def test_names_are_taken_apart() -> None:
    one = suites_by_name()["TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256"]
    assert (one.exchange, one.authentication, one.elliptic, one.first) == ("ECDHE", "ecdsa", True, TLS12)
    anonymous = suites_by_name()["TLS_DH_anon_WITH_AES_128_CBC_SHA"]
    assert (anonymous.exchange, anonymous.authentication, anonymous.finite, anonymous.signed) == ("DHE", "", True, False)
    static = suites_by_name()["TLS_DH_RSA_WITH_AES_128_CBC_SHA"]
    assert (static.exchange, static.authentication, static.finite) == ("DH", "rsa", False)
    assert suites_by_name()["TLS_RSA_EXPORT_WITH_RC4_40_MD5"].authentication == "rsa"


def test_suites_exist_in_their_versions_only() -> None:
    assert {one.number >> 8 for one in worst_first(TLS13)} == {0x13, 0xC0, 0x00}
    assert all(one.number > 0xFFFF for one in worst_first(SSL2))
    assert not any("GCM" in one.name or one.name.endswith("SHA256") for one in worst_first(TLS10))


def test_the_worst_suites_come_first() -> None:
    offered = worst_first(TLS12)
    assert [one.grade.rank for one in offered] == sorted((one.grade.rank for one in offered), reverse=True)
    assert "NULL" in offered[0].name and "GCM" in offered[-1].name


@given(st.integers(0, 0xFFFFFF))
def test_every_number_has_a_suite(number: int) -> None:
    one = suite(number)
    assert one.name and one.number == number


def test_groups_have_their_grades() -> None:
    named = {name: group_grade(number)[0] for number, name in GROUPS.items()}
    assert named["X25519MLKEM768"] is named["x25519"] is named["secp384r1"] is Grade.GOOD
    assert named["ffdhe2048"] is named["secp192r1"] is named["sect571r1"] is Grade.INSUFFICIENT
    assert named["ffdhe3072"] is named["secp224r1"] is Grade.PHASE_OUT


def test_primes_are_known_by_their_bits() -> None:
    assert prime_grade(modp(2048))[:2] == ("modp2048", Grade.INSUFFICIENT)
    assert prime_grade((1 << 1023) + 1)[:2] == ("", Grade.INSUFFICIENT)


@pytest.mark.parametrize(
    ("bits", "end"),
    (
        (768, "A63A3620FFFFFFFFFFFFFFFF"),  # RFC 2409, 6.1
        (1024, "49286651ECE65381FFFFFFFFFFFFFFFF"),  # RFC 2409, 6.2
        (1536, "670C354E4ABC9804F1746C08CA237327FFFFFFFFFFFFFFFF"),  # RFC 3526, 2
        (2048, "15728E5A8AACAA68FFFFFFFFFFFFFFFF"),  # RFC 3526, 3
        (3072, "4B82D120A93AD2CAFFFFFFFFFFFFFFFF"),  # RFC 3526, 4
        (4096, "4DF435C934063199FFFFFFFFFFFFFFFF"),  # RFC 3526, 5
    ),
)
def test_the_primes_of_the_modp_groups_are_those_of_the_rfcs(bits: int, end: str) -> None:
    written = f"{modp(bits):X}"
    assert written.startswith("FFFFFFFFFFFFFFFFC90FDAA22168C234") and written.endswith(end)
    assert pow(2, modp(bits) - 1, modp(bits)) == 1


def test_schemes_are_graded_by_their_hash() -> None:
    grades = {name: scheme_grade(number) for number, name in SCHEMES.items()}
    assert grades["rsa_pkcs1_sha1"] is grades["ecdsa_md5"] is Grade.INSUFFICIENT
    assert grades["ecdsa_sha224"] is Grade.PHASE_OUT
    assert grades["rsa_pkcs1_sha256"] is Grade.SUFFICIENT
    assert grades["ed25519"] is grades["rsa_pss_rsae_sha256"] is Grade.GOOD
    assert scheme_key(0x0403) == "ecdsa" and scheme_key(0x0807) == "ed25519" and scheme_key(0xABCD) == ""
    assert scheme_name(0xABCD) == "0xABCD"


def test_the_worst_grade_wins() -> None:
    assert worst((Grade.GOOD, Grade.PHASE_OUT, Grade.SUFFICIENT)) is Grade.PHASE_OUT
    assert worst(()) is None
