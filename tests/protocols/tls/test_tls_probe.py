"""The probe against simulated servers: what it says must be what the server was made of."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hauberk.lab.pki import CertificateSpec, Pki
from hauberk.lab.tlsserver import MODERN_GROUPS, MODERN_SCHEMES, MODERN_SUITES, ServerCertificate, TlsServerSpec, respond
from hauberk.model.dns import NoAnswer, Silence
from hauberk.model.observation import ScanOptions
from hauberk.model.transport import Ending, Endpoint, Flight, Hello
from hauberk.protocols.ffdhe import named_prime
from hauberk.protocols.tls.facts import TlsFacts
from hauberk.protocols.tls.full import MOST_CONNECTIONS
from hauberk.protocols.tls.grade import Grade
from hauberk.protocols.tls.groups import CURVES, GROUPS, POST_QUANTUM, WEAK_CURVES, groups_of, modp
from hauberk.protocols.tls.probe import probe_endpoint
from hauberk.protocols.tls.registry import VERSIONS, Suite, suites_by_name
from hauberk.protocols.tls.schemes import SCHEMES, SHA1, SHA224, scheme_key
from hauberk.protocols.walk import Ask, Reply, replay

ENDPOINT = Endpoint("mx.example.com", "192.0.2.10")
STANDARD, FULL = ScanOptions(depth="standard"), ScanOptions(depth="full")
NUMBERS = {name: number for number, name in VERSIONS.items()}
BELOW_13 = ("TLSv1.2", "TLSv1.1", "TLSv1", "SSLv3")


@cache
def certificate(key: str) -> ServerCertificate:
    kind = {"rsa": "rsa2048", "ecdsa": "ec256"}[key]
    return ServerCertificate(key, Pki(datetime(2026, 11, 21, tzinfo=UTC)).issue(CertificateSpec(("mx.example.com",), key=kind)).chain)


RSA, ECDSA = certificate("rsa"), certificate("ecdsa")
MODERN = TlsServerSpec((RSA,))
OLD = TlsServerSpec(
    (RSA, ECDSA),
    versions=("SSLv2", "SSLv3", "TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"),
    suites=tuple(name for name, one in suites_by_name().items() if one.exchange != "PSK"),
    groups=tuple(GROUPS.values()),
    schemes=tuple(SCHEMES.values()),
    prime=modp(1024),
)


class Server:
    """Answers hellos out of a description and remembers them."""

    def __init__(self, spec: TlsServerSpec, refuses_after: int = 1000, drops_after: int = 1000) -> None:
        self.spec = spec
        self.refuses_after = refuses_after
        self.drops_after = drops_after
        self.tape: dict[Ask, Reply] = {}

    def reply(self, ask: Ask) -> Reply:
        assert isinstance(ask, Hello) and ask not in self.tape
        if len(self.tape) >= self.refuses_after:
            flight = Flight(b"", Ending.QUIT, "421 4.7.0 too many connections")
        elif len(self.tape) >= self.drops_after:
            flight = Flight(b"", Ending.CLOSED)
        else:
            received = respond(self.spec, ask.octets)
            flight = Flight(received, Ending.QUIT if received else Ending.CLOSED)
        self.tape[ask] = flight
        return flight


def look(spec: TlsServerSpec, options: ScanOptions = STANDARD) -> tuple[TlsFacts, int]:
    server = Server(spec)
    facts = replay(probe_endpoint(ENDPOINT, None, options), server.reply)
    return facts, len(server.tape)


def usable(spec: TlsServerSpec, version: str) -> Iterator[Suite]:
    """The suites a client could get in this version, if it offered everything."""
    if version not in spec.versions:
        return
    keys = {one.key for one in spec.certificates}
    groups = {number for number, name in GROUPS.items() if name in spec.groups}
    for name in spec.suites:
        one = suites_by_name()[name]
        if not one.fits(NUMBERS[version]) or (one.authentication and one.authentication not in keys and version != "SSLv2"):
            continue
        if version == "TLSv1.3" and not groups - {*WEAK_CURVES, 26, 27, 28}:
            continue
        if one.elliptic and not groups & {*CURVES}:
            continue
        yield one


def signs(spec: TlsServerSpec, numbers: tuple[int, ...]) -> bool:
    """Whether some suite of TLS 1.2 can be had with one of these schemes."""
    kinds = {scheme_key(number) for number in numbers if SCHEMES[number] in spec.schemes}
    return any(one.authentication in kinds for one in usable(spec, "TLSv1.2") if one.exchange in ("ECDHE", "DHE"))


def accepted(spec: TlsServerSpec) -> list[str]:
    """An SSLv2 server says hello even when no cipher kind is left."""
    return [version for version in VERSIONS.values() if any(usable(spec, version)) or (version == "SSLv2" and version in spec.versions)]


def flags(count: int) -> st.SearchStrategy[tuple[bool, ...]]:
    return st.tuples(*[st.booleans()] * count)


POOL = [name for name, one in suites_by_name().items() if one.exchange != "PSK"]


@st.composite
def specs(draw: st.DrawFn) -> TlsServerSpec:
    versions = draw(st.lists(st.sampled_from(list(VERSIONS.values())), min_size=1, unique=True))
    suites = draw(st.lists(st.sampled_from(POOL), max_size=25, unique=True)) + draw(st.lists(st.sampled_from(MODERN_SUITES), unique=True))
    groups = [*draw(st.lists(st.sampled_from(list(GROUPS.values())), max_size=12, unique=True)), "secp256r1"]
    schemes = draw(st.lists(st.sampled_from([SCHEMES[number] for number in (*SHA1, *SHA224)]), unique=True))
    master_secret, renegotiation, compression, stapling, wants = draw(flags(5))
    return TlsServerSpec(
        draw(st.sampled_from([(RSA,), (ECDSA,), (RSA, ECDSA)])),
        versions=tuple(versions),
        suites=tuple(dict.fromkeys(suites)),
        groups=tuple(dict.fromkeys(groups)),
        schemes=(*MODERN_SCHEMES, *schemes),
        preference=draw(st.sampled_from(("server", "client"))),
        prime=draw(st.sampled_from((named_prime(2048), named_prime(3072), modp(1024), (1 << 512) - 569))),
        master_secret=master_secret,
        renegotiation=renegotiation,
        compression=compression,
        stapling=stapling,
        client_certificate=wants,
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
    if elliptic and elliptic != {"ecdsa"} and newest != "SSLv3":  # an ECDSA key's own curve stands in every hello, and may hide the others
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
        (TlsServerSpec((RSA,), versions=("TLSv1.3",)), 5),
        (TlsServerSpec((RSA, ECDSA)), 11),
        (OLD, 19),
    ),
)
def test_few_connections_are_enough(spec: TlsServerSpec, most: int) -> None:
    assert look(spec)[1] <= most


@given(specs(), st.integers(0, 18))
@settings(max_examples=100, deadline=None)
def test_a_server_that_sends_us_away_is_partly_known_and_never_wrong(spec: TlsServerSpec, after: int) -> None:
    server = Server(spec, refuses_after=after)
    facts = replay(probe_endpoint(ENDPOINT, None, STANDARD), server.reply)
    assert facts.partial == "" or "421 4.7.0 too many connections" in facts.partial
    assert len(server.tape) <= after + 2
    for version in VERSIONS.values():
        assert facts.accepted(version) in (None, version in accepted(spec)), version
    every = {one.grade for version in accepted(spec) for one in usable(spec, version)}
    for grade in Grade:
        assert facts.accepts_grade(grade) in (None, grade in every), grade


@given(specs(), st.integers(0, 18))
@settings(max_examples=100, deadline=None)
def test_a_server_that_closes_every_connection_after_a_while_is_not_taken_to_say_no(spec: TlsServerSpec, after: int) -> None:
    server = Server(spec, drops_after=after)
    facts = replay(probe_endpoint(ENDPOINT, None, STANDARD), server.reply)
    for version in VERSIONS.values():
        assert facts.accepted(version) in (None, version in accepted(spec)), version
    every = {one.grade for version in accepted(spec) for one in usable(spec, version)}
    for grade in Grade:
        assert facts.accepts_grade(grade) in (None, grade in every), grade


@pytest.mark.parametrize("spec", (MODERN, TlsServerSpec((RSA,), versions=("TLSv1", "TLSv1.1", "TLSv1.2"))))
def test_a_server_that_closes_to_say_no_is_understood(spec: TlsServerSpec) -> None:
    loud, _ = look(spec)
    silent, connections = look(TlsServerSpec(spec.certificates, spec.versions, silent=True))
    assert connections <= 19
    assert silent.partial == ""
    assert [(fact.version, fact.accepted) for fact in silent.versions] == [(fact.version, fact.accepted) for fact in loud.versions]
    assert silent.suite_grades == loud.suite_grades


def test_a_server_that_bears_only_small_hellos_is_asked_in_small_ones() -> None:
    spec = TlsServerSpec((RSA,), versions=("TLSv1", "TLSv1.2"), suites=(*MODERN_SUITES, "TLS_RSA_WITH_AES_128_CBC_SHA"), most_suites=100)
    facts, connections = look(spec)
    assert connections <= 19
    assert facts.accepted("TLSv1") and facts.accepted("TLSv1.1") is False
    assert facts.accepts_grade(Grade.INSUFFICIENT)


@pytest.mark.parametrize(
    "lost", (NoAnswer(Silence.TIMEOUT, "no connection within 10 s"), Flight(b"", Ending.RESET), Flight(b"", Ending.TIMEOUT))
)
@pytest.mark.parametrize("number", range(11))
def test_one_lost_connection_changes_nothing(number: int, lost: Reply) -> None:
    server = Server(MODERN)
    asked: list[Ask] = []

    def answer(ask: Ask) -> Reply:
        asked.append(ask)
        return lost if len(asked) == number + 1 else server.reply(ask)

    facts = replay(probe_endpoint(ENDPOINT, None, STANDARD), answer)
    assert replace(facts, connections=0) == replace(look(MODERN)[0], connections=0)
    assert len(asked) <= 13


def test_a_server_that_is_silent_on_long_hellos_is_asked_in_short_ones() -> None:
    spec = TlsServerSpec((RSA,), suites=(*MODERN_SUITES, "TLS_RSA_WITH_AES_128_CBC_SHA"), most_suites=100)

    def answer(ask: Ask) -> Reply:
        assert isinstance(ask, Hello)
        received = respond(spec, ask.octets)
        return Flight(received, Ending.QUIT if received else Ending.TIMEOUT)

    facts = replay(probe_endpoint(ENDPOINT, None, STANDARD), answer)
    assert facts.accepts_grade(Grade.INSUFFICIENT) and facts.partial == ""


def test_a_server_that_knows_another_name_is_asked_without_one() -> None:
    facts, _ = look(TlsServerSpec((RSA,), names=("",)))
    assert facts.accepted("TLSv1.2") and facts.accepted("TLSv1.3")
    assert facts.odd == ("refuses a hello that names the host (SNI)",)


@pytest.mark.parametrize(
    "reply",
    (
        NoAnswer(Silence.REFUSED, "connection refused"),
        Flight(b"", Ending.QUIT, "454 4.7.0 TLS not available"),
        Flight(b"", Ending.TIMEOUT),
        Flight(b"", Ending.RESET),
        Flight(b"250 what?\r\n", Ending.GARBLED),
        Flight(b"\x16\x03\x03\x00", Ending.TOO_MUCH),
    ),
)
def test_nothing_is_known_of_a_server_that_never_answers_in_tls(reply: Reply) -> None:
    asked: list[Ask] = []

    def answer(ask: Ask) -> Reply:
        asked.append(ask)
        return reply

    facts = replay(probe_endpoint(ENDPOINT, None, STANDARD), answer)
    assert len(asked) <= 19
    assert {fact.accepted for fact in facts.versions} == {None}
    assert {fact.accepted for fact in facts.suite_grades} == {None}
    assert not facts.suites and facts.server_preference is None and facts.compression is None


@pytest.mark.parametrize(("options", "most"), ((STANDARD, 19), (FULL, 400)))
@given(flights=st.lists(st.binary(max_size=120), min_size=1), ending=st.sampled_from(list(Ending)))
@settings(deadline=None)
def test_hostile_flights_end_the_probe_within_its_budget(options: ScanOptions, most: int, flights: list[bytes], ending: Ending) -> None:
    asked: list[Ask] = []

    def answer(ask: Ask) -> Reply:
        asked.append(ask)
        return Flight(flights[len(asked) % len(flights)], ending)

    replay(probe_endpoint(ENDPOINT, None, options), answer)
    assert len(asked) <= most


@given(specs(), st.data())
@settings(max_examples=100, deadline=None)
def test_flights_cut_and_changed_anywhere_never_break_the_probe(spec: TlsServerSpec, data: st.DataObject) -> None:
    asked: list[Ask] = []

    def answer(ask: Ask) -> Reply:
        assert isinstance(ask, Hello)
        asked.append(ask)
        flight = bytearray(respond(spec, ask.octets))
        if flight and data.draw(st.booleans()):
            flight[data.draw(st.integers(0, len(flight) - 1))] = data.draw(st.integers(0, 255))
        return Flight(bytes(flight[: data.draw(st.integers(0, len(flight)))]), Ending.CLOSED)

    replay(probe_endpoint(ENDPOINT, None, STANDARD), answer)
    assert len(asked) <= 19


def test_the_groups_of_a_modern_server_are_good() -> None:
    facts, _ = look(MODERN)
    assert {fact.group for fact in facts.groups if fact.accepted} == {MODERN_GROUPS[0], "x25519"}
    assert facts.worst_group_grade is Grade.GOOD
