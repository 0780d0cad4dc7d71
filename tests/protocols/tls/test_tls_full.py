"""The probe at full depth against simulated servers: everything named."""

from dataclasses import replace

import pytest
from hypothesis import given, settings

from hauberk.lab.tlsserver import TlsServerSpec
from hauberk.protocols.tls.full import MOST_CONNECTIONS
from hauberk.protocols.tls.grade import Grade
from hauberk.protocols.tls.groups import CURVES, GROUPS, POST_QUANTUM, groups_of
from hauberk.protocols.tls.registry import VERSIONS
from hauberk.protocols.tls.schemes import SCHEMES, scheme_key
from protocols.simulated_tls import (
    BELOW_13,
    ECDSA,
    FULL,
    MODERN,
    OLD,
    RSA,
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
