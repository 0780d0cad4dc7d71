"""The probe at standard depth against simulated servers: what it says must be what the server was made of."""

import pytest
from hypothesis import given, settings

from hauberk.lab.tlsserver import MODERN_GROUPS, MODERN_SUITES, TlsServerSpec
from hauberk.protocols.tls.grade import Grade
from hauberk.protocols.tls.groups import GROUPS, POST_QUANTUM, modp
from hauberk.protocols.tls.probe import probe_endpoint
from hauberk.protocols.tls.registry import VERSIONS
from hauberk.protocols.tls.schemes import SHA1, SHA224
from hauberk.protocols.walk import replay
from protocols.simulated_tls import (
    BELOW_13,
    ECDSA,
    ENDPOINT,
    FULL,
    MODERN,
    OLD,
    RSA,
    STANDARD,
    Server,
    accepted,
    look,
    signs,
    specs,
    usable,
)


@given(specs())
@settings(max_examples=150, deadline=None)
def test_standard_depth_finds_out_what_the_server_is(spec: TlsServerSpec) -> None:
    facts, connections = look(spec)
    assert connections <= 19 and facts.connections == connections
    assert facts.partial == ""
    for version in VERSIONS.values():
        assert facts.accepted(version) is (version in accepted(spec)), version
    every = {one.grade for version in accepted(spec) for one in usable(spec, version)}
    for grade in (Grade.INSUFFICIENT, Grade.PHASE_OUT):
        assert facts.accepts_grade(grade) is (grade in every), grade
    for grade in (Grade.GOOD, Grade.SUFFICIENT):
        assert facts.accepts_grade(grade) in (None, grade in every), grade
    for fact in facts.suites:
        assert fact.suite in {one.name for one in usable(spec, fact.version)}


@given(specs())
@settings(max_examples=150, deadline=None)
def test_standard_depth_finds_out_groups_hashes_and_extensions(spec: TlsServerSpec) -> None:
    facts, _ = look(spec)
    have = accepted(spec)
    below = [version for version in BELOW_13 if version in have]
    assert facts.post_quantum is ("TLSv1.3" in have and any(GROUPS[number] in spec.groups for number in POST_QUANTUM))
    if "TLSv1.3" in have:
        small = next(fact for fact in facts.groups if fact.group == "ffdhe2048")
        assert small.accepted is ("ffdhe2048" in spec.groups)
    assert facts.finite_exchange is any(one.finite for version in below for one in usable(spec, version))
    assert {fact.bits for fact in facts.dh} == ({spec.prime.bit_length()} if facts.finite_exchange else set())
    if "TLSv1.2" in have:
        assert facts.accepts_sha1 is signs(spec, SHA1)
        assert facts.accepts_sha224 is signs(spec, SHA224)
    modern = [version for version in below if version != "SSLv3"]
    assert facts.compression is (spec.compression if modern else False if not below else None)
    assert facts.extended_master_secret is (spec.master_secret if modern else None)
    assert facts.secure_renegotiation is (spec.renegotiation if modern else None)


@given(specs())
@settings(max_examples=100, deadline=None)
def test_the_one_whose_order_decides_is_found_out(spec: TlsServerSpec) -> None:
    facts, _ = look(spec)
    grades = {one.grade for one in usable(spec, "TLSv1.2")}
    if len({grade in (Grade.GOOD, Grade.SUFFICIENT) for grade in grades}) == 2:
        assert facts.server_preference is (spec.preference == "server")
        assert spec.preference == "server" or not facts.order


@given(specs())
@settings(max_examples=50, deadline=None)
def test_a_tape_of_the_probe_gives_the_same_facts(spec: TlsServerSpec) -> None:
    for options in (STANDARD, FULL):
        server = Server(spec)
        facts = replay(probe_endpoint(ENDPOINT, None, options), server.reply)
        assert replay(probe_endpoint(ENDPOINT, None, options), server.tape.__getitem__) == facts


@pytest.mark.parametrize(
    ("spec", "most"),
    (
        (MODERN, 11),
        (TlsServerSpec((RSA,), versions=("TLSv1.3",)), 7),
        (TlsServerSpec((RSA, ECDSA)), 11),
        (OLD, 19),
    ),
)
def test_few_connections_are_enough(spec: TlsServerSpec, most: int) -> None:
    assert look(spec)[1] <= most


CBC = tuple(f"TLS_{exchange}_WITH_AES_{bits}_CBC_SHA" for exchange in ("ECDHE_RSA", "RSA") for bits in (256, 128))
GCM = tuple(
    f"TLS_{exchange}_WITH_AES_{bits}" for exchange in ("ECDHE_RSA", "DHE_RSA", "RSA") for bits in ("256_GCM_SHA384", "128_GCM_SHA256")
)
CURVES_OF_MOST = ("x25519", "secp256r1", "secp384r1")
# Microsoft's servers close the connection to say no.
TYPICAL = {
    "an Exchange server of 2010": TlsServerSpec(
        (RSA,), ("SSLv3", "TLSv1"), (*CBC, "TLS_RSA_WITH_RC4_128_SHA"), CURVES_OF_MOST, prime=modp(1024), silent=True
    ),
    "an Exchange server of 2016": TlsServerSpec(
        (RSA,), ("TLSv1", "TLSv1.1", "TLSv1.2"), (*GCM, *CBC, "TLS_RSA_WITH_3DES_EDE_CBC_SHA"), CURVES_OF_MOST, silent=True
    ),
    "an Exchange server of 2019": TlsServerSpec((RSA,), ("TLSv1.2",), (*GCM[:4], *CBC[:2]), CURVES_OF_MOST, silent=True),
    "a Windows server of 2022": TlsServerSpec(
        (RSA,), ("TLSv1.2", "TLSv1.3"), (*MODERN_SUITES[:3], *GCM[:4], *CBC[:2]), CURVES_OF_MOST, silent=True
    ),
    "Postfix out of the box": TlsServerSpec(
        (RSA,), ("TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"), (*MODERN_SUITES[:3], *GCM, *CBC), CURVES_OF_MOST, preference="client"
    ),
}


@pytest.mark.parametrize("name", TYPICAL)
def test_typical_servers_are_known_within_the_budget(name: str) -> None:
    facts, connections = look(TYPICAL[name])
    whole, most = look(TYPICAL[name], FULL)
    assert connections <= 19 and facts.partial == "" and most <= 45 and whole.listed
    assert [(fact.version, fact.accepted) for fact in facts.versions] == [
        (version, version in accepted(TYPICAL[name])) for version in VERSIONS.values()
    ]
    for grade in (Grade.PHASE_OUT, Grade.INSUFFICIENT):
        assert facts.accepts_grade(grade) is whole.accepts_grade(grade) is not None


def test_the_groups_of_a_modern_server_are_good() -> None:
    facts, _ = look(MODERN)
    assert {fact.group for fact in facts.groups if fact.accepted} == {MODERN_GROUPS[0], "x25519"}
    assert facts.worst_group_grade is Grade.GOOD
