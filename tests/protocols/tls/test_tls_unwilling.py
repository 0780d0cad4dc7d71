"""The probe against servers that close, stay silent, send us away or send nonsense."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hauberk.lab.tlsserver import MODERN_SUITES, TlsServerSpec, respond
from hauberk.model.dns import NoAnswer, Silence
from hauberk.model.observation import ScanOptions
from hauberk.model.transport import Ending, Flight, Hello, SmtpSession, TlsHandshake
from hauberk.protocols.tls.grade import Grade
from hauberk.protocols.tls.probe import probe_endpoint
from hauberk.protocols.tls.registry import VERSIONS
from hauberk.protocols.walk import Ask, Reply, replay
from protocols.simulated_tls import ENDPOINT, FULL, MODERN, OLD, RSA, STANDARD, Server, accepted, look, specs, usable


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


def test_a_server_that_turns_us_away_in_between_is_not_called_odd() -> None:
    server = Server(MODERN)
    replies: list[Reply] = [Flight(b"", Ending.CLOSED), Flight(b"", Ending.CLOSED)]
    asked: list[Ask] = []

    def answer(ask: Ask) -> Reply:
        asked.append(ask)
        if len(asked) <= 2:
            return replies[len(asked) - 1]
        return server.reply(ask) if len(asked) <= 4 else Flight(b"", Ending.QUIT, "421 4.7.0 too many connections")

    facts = replay(probe_endpoint(ENDPOINT, None, STANDARD), answer)
    assert facts.odd == () and "421" in facts.partial
    assert facts.accepted("TLSv1.3") and facts.accepted("TLSv1.2")


def test_silence_and_then_a_closed_connection_are_no_answer() -> None:
    server = Server(OLD)
    asked: list[Ask] = []

    def answer(ask: Ask) -> Reply:
        asked.append(ask)
        if isinstance(ask, Hello) and ask.purpose.startswith("SSLv3"):
            return Flight(b"", Ending.CLOSED if "again" in ask.purpose else Ending.TIMEOUT)
        return server.reply(ask)

    facts = replay(probe_endpoint(ENDPOINT, None, STANDARD), answer)
    assert facts.accepted("SSLv3") is None and facts.accepted("TLSv1") is True


@pytest.mark.parametrize("options", (STANDARD, FULL))
def test_a_server_that_knows_tls_1_3_but_no_retry_is_not_taken_to_lack_groups(options: ScanOptions) -> None:
    """The real handshake came about with TLS 1.3; hellos without key share are refused."""
    tls = TlsHandshake(True, "mx.example.com", "TLSv1.3", "TLS_AES_256_GCM_SHA384", "x25519", RSA.chain)
    session = SmtpSession((), Ending.QUIT, tls=tls)
    server = Server(replace(MODERN, versions=("TLSv1.2",)))
    facts = replay(probe_endpoint(ENDPOINT, session, options), server.reply)
    assert facts.accepted("TLSv1.3") and facts.accepted("TLSv1.2")
    assert facts.post_quantum is None and facts.accepts_grade(Grade.INSUFFICIENT) is None
    assert [fact.group for fact in facts.groups if fact.accepted and fact.version == "TLSv1.3"] == ["x25519"]
    assert facts.connections == len(server.tape) + 1
