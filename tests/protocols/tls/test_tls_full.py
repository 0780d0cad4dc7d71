"""The probe at full depth against simulated servers: everything named."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from msgspec import UNSET, UnsetType

from hauberk.lab.tlsserver import TlsServerSpec
from hauberk.model.observation import ScanOptions
from hauberk.model.transport import Ending, SmtpSession, TlsHandshake, Trial, TrialMatter
from hauberk.protocols.tls.full import MOST_CONNECTIONS
from hauberk.protocols.tls.grade import Grade
from hauberk.protocols.tls.groups import CURVES, GROUPS, POST_QUANTUM, groups_of
from hauberk.protocols.tls.probe import probe_endpoint
from hauberk.protocols.tls.registry import VERSIONS
from hauberk.protocols.tls.schemes import SCHEMES, scheme_key
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
    specs,
    usable,
)


@given(specs())
@settings(max_examples=100, deadline=None)
def test_full_depth_names_everything(spec: TlsServerSpec) -> None:
    facts, connections = look(spec, FULL)
    assert facts.listed and facts.connections == connections
    for version in VERSIONS.values():
        assert facts.accepted(version) is (version in accepted(spec)), version
        named = {fact.suite for fact in facts.suites if fact.version == version}
        assert named == {one.name for one in usable(spec, version)}, version
    every = {one.grade for version in accepted(spec) for one in usable(spec, version)}
    for grade in Grade:
        assert facts.accepts_grade(grade) is (grade in every), grade
    if "TLSv1.3" in accepted(spec):
        named = {fact.group for fact in facts.groups if fact.version == "TLSv1.3" and fact.accepted}
        assert named == {GROUPS[number] for number in groups_of(0x0304)} & set(spec.groups)
        assert all(fact.accepted is not None for fact in facts.groups)
    assert facts.post_quantum is ("TLSv1.3" in accepted(spec) and any(GROUPS[number] in spec.groups for number in POST_QUANTUM))


@given(specs())
@settings(max_examples=100, deadline=None)
def test_full_depth_names_curves_and_signature_schemes(spec: TlsServerSpec) -> None:
    facts, _ = look(spec, FULL)
    newest = next((version for version in BELOW_13 if version in accepted(spec)), "")
    elliptic = {one.authentication for one in usable(spec, newest) if one.elliptic}
    if elliptic - {"", "ecdsa"} and newest != "SSLv3":  # an ECDSA key's own curve stands in every hello, and may hide the others
        named = {fact.group for fact in facts.groups if fact.version == newest and fact.accepted}
        assert named == {GROUPS[number] for number in CURVES} & set(spec.groups)
    if newest == "TLSv1.2":
        keys = {one.authentication for one in usable(spec, newest) if one.signed}
        named = {fact.scheme for fact in facts.schemes if fact.accepted}
        assert named == {name for number, name in SCHEMES.items() if name in spec.schemes and scheme_key(number) in keys}


@pytest.mark.parametrize(
    ("spec", "most"),
    ((MODERN, 34), (TlsServerSpec((RSA,), versions=("TLSv1.3",)), 16), (TlsServerSpec((RSA, ECDSA)), 37)),
)
def test_full_depth_needs_few_connections_on_modern_servers(spec: TlsServerSpec, most: int) -> None:
    assert look(spec, FULL)[1] <= most


def test_full_depth_needs_about_one_connection_a_suite_on_a_server_that_takes_all() -> None:
    facts, connections = look(replace(OLD, suites=OLD.suites[::3]), FULL)
    assert facts.listed
    assert connections <= len([fact for fact in facts.suites if fact.version != "SSLv2"]) + 50


def test_full_depth_has_a_budget_and_says_so() -> None:
    facts, connections = look(OLD, FULL)
    assert connections == MOST_CONNECTIONS
    assert not facts.listed and "400 connections are used up" in facts.partial


def test_full_depth_tells_what_the_name_in_the_hello_does() -> None:
    facts, _ = look(TlsServerSpec((RSA,), names=("mx.example.com",)), FULL)
    assert (facts.without_name, facts.unknown_name) == (False, False)
    facts, _ = look(MODERN, FULL)
    assert (facts.without_name, facts.unknown_name, facts.name_matters) == (True, True, False)


@pytest.mark.parametrize("protected", (True, False))
def test_full_depth_tells_whether_stepping_back_is_stopped(protected: bool) -> None:
    assert look(TlsServerSpec((RSA,), fallback_protected=protected), FULL)[0].fallback_protected is protected


@pytest.mark.parametrize("taken", (True, False, UNSET))
def test_full_depth_asks_for_one_renegotiation_where_tls_1_2_is_spoken(taken: bool | UnsetType) -> None:
    server = Server(MODERN, renegotiating=taken)
    facts = replay(probe_endpoint(ENDPOINT, None, FULL), server.reply)
    assert facts.client_renegotiation is (None if taken is UNSET else taken)
    assert [ask for ask in server.tape if isinstance(ask, Trial)] == [Trial(ENDPOINT, TrialMatter.RENEGOTIATION)]
    assert facts.connections == len(server.tape)


@pytest.mark.parametrize(
    ("server", "options"),
    (
        (Server(TlsServerSpec((RSA,), versions=("TLSv1.3",))), FULL),
        (Server(TlsServerSpec((RSA,), versions=("SSLv3",))), FULL),
        (Server(MODERN, refuses_after=4), FULL),
        (Server(MODERN), STANDARD),
    ),
    ids=("TLS 1.3 alone", "SSLv3 alone", "sends us away", "standard depth"),
)
def test_nobody_else_is_asked_for_a_renegotiation(server: Server, options: ScanOptions) -> None:
    assert replay(probe_endpoint(ENDPOINT, None, options), server.reply).client_renegotiation is None
    assert not any(isinstance(ask, Trial) for ask in server.tape)


@pytest.mark.parametrize(("allowed", "on"), ((16_384, True), (0, False), (UNSET, None)))
def test_early_data_is_what_the_ticket_allows(allowed: int | UnsetType, on: bool | None) -> None:
    shaken = TlsHandshake(True, version="TLSv1.3", suite="TLS_AES_128_GCM_SHA256", group="x25519", max_early_data=allowed)
    session = SmtpSession((), Ending.QUIT, tls=shaken)
    assert replay(probe_endpoint(ENDPOINT, session, STANDARD), Server(MODERN).reply).early_data is on


def test_there_is_no_early_data_before_tls_1_3() -> None:
    assert look(TlsServerSpec((RSA,), versions=("TLSv1.2",)))[0].early_data is False
    assert look(MODERN)[0].early_data is None


def test_the_leaf_that_ssl_2_shows_is_no_chain_of_its_own() -> None:
    assert len(RSA.chain) > 1
    assert {fact.chain for fact in look(OLD, FULL)[0].chains} == {RSA.chain, ECDSA.chain}
    (alone,) = look(replace(OLD, versions=("SSLv2",)), FULL)[0].chains
    assert (alone.version, alone.chain) == ("SSLv2", RSA.chain[:1])
