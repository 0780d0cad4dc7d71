"""What the checks of TLS say of facts, whichever way a probe came by them."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from hauberk.checks.tls import cipher_order, cipher_suites, groups, key_exchange_hash, no_legacy_versions, post_quantum, sound_handshake
from hauberk.model.transport import Endpoint
from hauberk.model.verdict import Finding, Verdict
from hauberk.protocols.tls.facts import DhFact, GradeFact, GroupFact, OrderFact, SchemeFact, SuiteFact, TlsFacts, VersionFact
from hauberk.protocols.tls.grade import Grade

ENDPOINT = Endpoint("mx.example.com", "192.0.2.10")
VERSIONS = ("SSLv2", "SSLv3", "TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3")
MODERN = TlsFacts(
    ENDPOINT,
    connections=18,
    versions=tuple(VersionFact(version, version in ("TLSv1.2", "TLSv1.3")) for version in VERSIONS),
    suites=(SuiteFact("TLSv1.3", "TLS_AES_256_GCM_SHA384", Grade.GOOD),),
    suite_grades=tuple(GradeFact(grade, grade in (Grade.GOOD, Grade.SUFFICIENT)) for grade in Grade),
    groups=(GroupFact("TLSv1.3", "X25519MLKEM768", Grade.GOOD), GroupFact("TLSv1.3", "x25519", Grade.GOOD)),
    schemes=(SchemeFact("TLSv1.2", "rsa_pkcs1_sha1", Grade.INSUFFICIENT, False), SchemeFact("TLSv1.2", "rsa_pkcs1_sha256", Grade.GOOD)),
    server_preference=True,
    post_quantum=True,
    weak_curves=False,
    finite_exchange=False,
    compression=False,
    secure_renegotiation=True,
    extended_master_secret=True,
    early_data=False,
)
NOTHING = TlsFacts(
    ENDPOINT, partial="421 4.7.0 Error: too many connections from 198.51.100.7", versions=tuple(VersionFact(v, None) for v in VERSIONS)
)
TLS13_ONLY = replace(
    MODERN,
    versions=tuple(VersionFact(version, version == "TLSv1.3") for version in VERSIONS),
    schemes=(),
    compression=None,
    secure_renegotiation=None,
    extended_master_secret=None,
)
Judge = Callable[[TlsFacts], Iterator[Finding]]
EVERY: tuple[Judge, ...] = (
    no_legacy_versions.judge_facts,
    cipher_suites.judge_facts,
    cipher_order.judge_facts,
    groups.judge_facts,
    key_exchange_hash.judge_facts,
    sound_handshake.judge_facts,
    post_quantum.judge_facts,
)


def accepting(*versions: str) -> TlsFacts:
    return replace(MODERN, versions=tuple(VersionFact(one, one in versions, "chose it" if one in versions else "") for one in VERSIONS))


def with_suites(*facts: SuiteFact) -> TlsFacts:
    bad = {fact.grade for fact in facts}
    grades = tuple(GradeFact(grade, grade in bad or grade in (Grade.GOOD, Grade.SUFFICIENT)) for grade in Grade)
    return replace(MODERN, suites=(*MODERN.suites, *facts), suite_grades=grades)


RSA = SuiteFact("TLSv1.2", "TLS_RSA_WITH_AES_128_CBC_SHA", Grade.INSUFFICIENT, "rsa", "RSA key exchange without forward secrecy")
NULL = SuiteFact("TLSv1", "TLS_RSA_WITH_NULL_SHA", Grade.INSUFFICIENT, "rsa", "no encryption")
GCM = SuiteFact("TLSv1.2", "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", Grade.SUFFICIENT, "rsa")
CBC = SuiteFact("TLSv1.2", "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA", Grade.PHASE_OUT, "rsa", "CBC mode")


@pytest.mark.parametrize("judge", EVERY)
def test_a_modern_server_passes(judge: Judge) -> None:
    assert [finding.verdict for finding in judge(MODERN)] == [Verdict.PASS]


@pytest.mark.parametrize("judge", EVERY)
def test_a_server_of_tls_13_alone_fails_nothing(judge: Judge) -> None:
    assert {finding.verdict for finding in judge(TLS13_ONLY)} <= {Verdict.PASS}


@pytest.mark.parametrize("judge", EVERY)
def test_a_probe_that_was_turned_away_knows_nothing_and_says_why(judge: Judge) -> None:
    (finding,) = judge(NOTHING)
    assert finding.verdict is Verdict.UNKNOWN
    assert "421 4.7.0" in finding.message


@pytest.mark.parametrize("judge", EVERY)
def test_what_a_probe_learnt_before_it_was_turned_away_stays_true(judge: Judge) -> None:
    worst = replace(
        with_suites(RSA, CBC),
        partial="421 4.7.0",
        versions=tuple(VersionFact(one, True) for one in VERSIONS),
        dh=(DhFact("TLSv1.2", "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256", 1024, "", Grade.INSUFFICIENT),),
        schemes=(SchemeFact("TLSv1.2", "rsa_pkcs1_sha1", Grade.INSUFFICIENT, True),),
        compression=True,
        order=(OrderFact("TLSv1.2", CBC.suite, "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"),),
    )
    verdicts = [finding.verdict for finding in judge(worst)]
    assert verdicts[0] in (Verdict.FAIL, Verdict.WARN, Verdict.PASS)
    assert verdicts[0] is not Verdict.PASS or judge is post_quantum.judge_facts


@pytest.mark.parametrize(
    ("versions", "says", "code"),
    [
        (("TLSv1", "TLSv1.2"), "TLS 1.0 is accepted: RFC 8996 forbids it.", "legacy-accepted"),
        (("TLSv1", "TLSv1.1", "TLSv1.2"), "TLS 1.0 is accepted: RFC 8996 forbids it; so is TLS 1.1.", "legacy-accepted"),
        (
            ("SSLv3", "TLSv1", "TLSv1.1"),
            "SSL 3.0 is accepted: it is broken (POODLE, RFC 7568); so are TLS 1.0 and TLS 1.1.",
            "ssl-accepted",
        ),
        (("SSLv2", "TLSv1.3"), "SSL 2.0 is accepted", "ssl-accepted"),
    ],
)
def test_the_worst_version_comes_first(versions: tuple[str, ...], says: str, code: str) -> None:
    (finding,) = no_legacy_versions.judge_facts(accepting(*versions))
    assert (finding.verdict, finding.code) == (Verdict.FAIL, code)
    assert says in finding.message


def test_the_worst_suite_comes_first_with_its_reason_and_all_are_listed() -> None:
    (finding,) = cipher_suites.judge_facts(with_suites(RSA, CBC, NULL))
    assert finding.verdict is Verdict.FAIL
    assert "TLS_RSA_WITH_NULL_SHA (no encryption) and 1 more. Phase-out ones" in finding.message
    assert finding.evidence[0].startswith("TLS 1.0, insufficient: TLS_RSA_WITH_NULL_SHA")
    assert finding.evidence[-1] == "TLS 1.3, good: TLS_AES_256_GCM_SHA384"


def test_phase_out_suites_are_a_warning() -> None:
    (finding,) = cipher_suites.judge_facts(with_suites(CBC))
    assert (finding.verdict, finding.code) == (Verdict.WARN, "suites-phase-out")
    unknown = replace(
        with_suites(CBC), suite_grades=(GradeFact(Grade.PHASE_OUT, True), GradeFact(Grade.INSUFFICIENT, None)), partial="421 x"
    )
    (finding,) = cipher_suites.judge_facts(unknown)
    assert finding.verdict is Verdict.WARN
    assert "not known: the probe ended early (421 x)" in finding.message


@pytest.mark.parametrize(
    ("facts", "verdict"),
    [
        (replace(MODERN, server_preference=False), Verdict.PASS),
        (with_suites(CBC), Verdict.PASS),
        (replace(with_suites(CBC), server_preference=False), Verdict.WARN),
        (replace(with_suites(CBC), order=(OrderFact("TLSv1.2", CBC.suite, "TLS_X"),)), Verdict.WARN),
        (replace(with_suites(CBC, GCM), server_preference=None), Verdict.UNKNOWN),
        (
            replace(with_suites(RSA), server_preference=None),
            Verdict.INFO,
        ),
    ],
)
def test_the_order_matters_only_where_something_bad_is_accepted(facts: TlsFacts, verdict: Verdict) -> None:
    assert [finding.verdict for finding in cipher_order.judge_facts(facts)] == [verdict]


@pytest.mark.parametrize(
    ("facts", "verdict", "says"),
    [
        (
            replace(MODERN, dh=(DhFact("TLSv1.2", "S", 3072, "ffdhe3072", Grade.PHASE_OUT, "a finite field"),)),
            Verdict.WARN,
            "3,072 bits, ffdhe3072",
        ),
        (replace(MODERN, dh=(DhFact("TLSv1.2", "S", 2048, "", Grade.INSUFFICIENT),)), Verdict.FAIL, "2,048 bits, a prime of its own"),
        (
            replace(
                MODERN,
                dh=(DhFact("TLSv1.2", "S", 2048, "ffdhe2048", Grade.INSUFFICIENT), DhFact("TLSv1", "S", 512, "", Grade.INSUFFICIENT)),
            ),
            Verdict.FAIL,
            "512 bits",
        ),
        (replace(MODERN, groups=(GroupFact("TLSv1.2", "secp224r1", Grade.PHASE_OUT),)), Verdict.WARN, "secp224r1"),
        (
            replace(MODERN, groups=(GroupFact("TLSv1.2", "secp160r1", Grade.INSUFFICIENT, True, "a weak curve"),)),
            Verdict.FAIL,
            "a weak curve",
        ),
        (
            replace(MODERN, groups=(*MODERN.groups, GroupFact("TLSv1.2", "sect163k1", Grade.INSUFFICIENT, None))),
            Verdict.UNKNOWN,
            "weak groups",
        ),
    ],
)
def test_groups_are_judged_by_the_worst(facts: TlsFacts, verdict: Verdict, says: str) -> None:
    (finding,) = groups.judge_facts(facts)
    assert finding.verdict is verdict
    assert says in finding.message


def test_a_server_without_any_group_has_none_to_judge() -> None:
    assert list(groups.judge_facts(replace(accepting("TLSv1.2"), groups=(), dh=()))) == []


def test_sha1_fails_and_sha224_warns() -> None:
    sha224 = SchemeFact("TLSv1.2", "ecdsa_sha224", Grade.PHASE_OUT, True)
    (finding,) = key_exchange_hash.judge_facts(replace(MODERN, schemes=(*MODERN.schemes, sha224)))
    assert (finding.verdict, finding.code) == (Verdict.WARN, "sha224-key-exchange")
    sha1 = SchemeFact("TLSv1.2", "ecdsa_sha1", Grade.INSUFFICIENT, True)
    (finding,) = key_exchange_hash.judge_facts(replace(MODERN, schemes=(*MODERN.schemes, sha224, sha1)))
    assert (finding.verdict, finding.code) == (Verdict.FAIL, "sha1-key-exchange")
    assert "ecdsa_sha1" in finding.message


@pytest.mark.parametrize(
    ("facts", "verdict", "code"),
    [
        (replace(MODERN, compression=True), Verdict.FAIL, "compression"),
        (replace(MODERN, secure_renegotiation=False), Verdict.FAIL, "insecure-renegotiation"),
        (replace(MODERN, early_data=True), Verdict.FAIL, "early-data"),
        (replace(TLS13_ONLY, early_data=True), Verdict.FAIL, "early-data"),
        (replace(MODERN, extended_master_secret=False), Verdict.WARN, "no-extended-master-secret"),
        (replace(MODERN, client_renegotiation=True), Verdict.WARN, "client-renegotiation"),
        (replace(MODERN, heartbeat=True), Verdict.WARN, "heartbeat"),
        (replace(MODERN, early_data=None, client_renegotiation=None, heartbeat=None), Verdict.PASS, ""),
        (replace(MODERN, compression=None), Verdict.UNKNOWN, "probe-partial"),
    ],
)
def test_each_trait_of_the_handshake(facts: TlsFacts, verdict: Verdict, code: str) -> None:
    (finding,) = sound_handshake.judge_facts(facts)
    assert (finding.verdict, finding.code) == (verdict, code)


def test_everything_wrong_with_a_handshake_is_told_worst_first() -> None:
    facts = replace(
        MODERN, compression=True, secure_renegotiation=False, extended_master_secret=False, odd=("closes on unknown extensions",)
    )
    assert [finding.verdict for finding in sound_handshake.judge_facts(facts)] == [Verdict.FAIL, Verdict.FAIL, Verdict.WARN, Verdict.INFO]


def test_no_post_quantum_is_no_fault() -> None:
    (finding,) = post_quantum.judge_facts(replace(MODERN, post_quantum=False))
    assert finding.verdict is Verdict.INFO
    (finding,) = post_quantum.judge_facts(replace(accepting("TLSv1.2"), post_quantum=None))
    assert finding.verdict is Verdict.INFO
