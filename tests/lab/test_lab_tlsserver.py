"""The simulated TLS server, seen by what reads real ones."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hauberk.lab.casebook import Case, Smtp, observe
from hauberk.lab.casetls import TlsServer, handshake, server_certificate
from hauberk.lab.tlsserver import MODERN_GROUPS, TlsServerSpec, respond
from hauberk.model.transport import Ending
from hauberk.protocols.tls.completeness import FlightState, FlightWatch
from hauberk.protocols.tls.flight import read_flight, read_ssl2
from hauberk.protocols.tls.groups import GROUPS
from hauberk.protocols.tls.hello import ClientHello, Ssl2Hello, latest_hello, modern_hello, render
from hauberk.protocols.tls.registry import TLS12, TLS13, suites_by_name
from hauberk.protocols.tls.schemes import ALL

LEAF = (b"leaf", b"issuer")
RSA = server_certificate("rsa2048", LEAF)
RECORDS = "example.com. MX 10 mx.example.com.\nmx.example.com. A 192.0.2.10\n"


def numbers(*names: str) -> tuple[int, ...]:
    return tuple(suites_by_name()[name].number for name in names)


def test_a_flight_of_tls_1_2_is_whole_and_says_what_the_spec_says() -> None:
    spec = TlsServerSpec((RSA,), stapling=True, client_certificate=True)
    octets = respond(spec, render(modern_hello(numbers("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"), "mx.example.com", (24, 29), ALL)))
    seen = read_flight(octets)
    assert (seen.version, seen.group, seen.chain, seen.scheme) == (TLS12, 29, LEAF, 0x0804)
    assert seen.done and seen.stapled and seen.certificate_request
    assert FlightWatch().feed(octets) is FlightState.WHOLE


def test_a_hello_of_tls_1_3_is_answered_with_a_retry() -> None:
    octets = respond(TlsServerSpec((RSA,)), render(latest_hello(numbers("TLS_AES_128_GCM_SHA256"), "", tuple(GROUPS))))
    seen = read_flight(octets)
    assert seen.retry and (seen.version, seen.group) == (TLS13, 0x11EC)
    assert FlightWatch().feed(octets) is FlightState.WHOLE


@pytest.mark.parametrize(("preference", "chosen"), (("server", "AES_256_GCM_SHA384"), ("client", "AES_128_GCM_SHA256")))
def test_the_order_is_the_servers_or_the_clients(preference: str, chosen: str) -> None:
    hello = modern_hello(numbers("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"), "", (29,), ALL)
    seen = read_flight(respond(TlsServerSpec((RSA,), preference=preference), render(hello)))
    assert seen.suite == suites_by_name()[f"TLS_ECDHE_RSA_WITH_{chosen}"].number


def test_an_ecdsa_key_needs_its_curve_in_the_hello() -> None:
    spec = TlsServerSpec((server_certificate("ec384", LEAF),))
    offered = numbers("TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256")
    assert read_flight(respond(spec, render(modern_hello(offered, "", (29,), ALL)))).alert == 40
    assert read_flight(respond(spec, render(modern_hello(offered, "", (29, 24), ALL)))).group == 29


def test_an_sslv2_server_lists_what_both_have() -> None:
    spec = TlsServerSpec((RSA,), versions=("SSLv2",), suites=("SSL_CK_RC4_128_WITH_MD5", "SSL_CK_DES_64_CBC_WITH_MD5"))
    seen = read_ssl2(respond(spec, render(Ssl2Hello((0x010080, 0x0700C0)))))
    assert seen.kinds == (0x010080,) and seen.chain == LEAF[:1]


@given(st.binary(max_size=300))
def test_any_octets_get_an_alert(data: bytes) -> None:
    assert read_flight(respond(TlsServerSpec((RSA,)), data)).alert is not None


def test_a_server_may_close_without_a_word() -> None:
    assert respond(TlsServerSpec((RSA,), silent=True), render(ClientHello(0x0300, (1,)))) == b""


@pytest.mark.parametrize(
    ("spec", "version"),
    (
        (TlsServerSpec((RSA,)), "TLSv1.3"),
        (TlsServerSpec((RSA,), versions=("TLSv1.2",)), "TLSv1.2"),
        (TlsServerSpec((RSA,), versions=("TLSv1",), suites=("TLS_RSA_WITH_AES_128_CBC_SHA",)), "TLSv1"),
        (TlsServerSpec((RSA,), versions=("SSLv3",), suites=("TLS_RSA_WITH_AES_128_CBC_SHA",)), ""),
    ),
)
def test_the_handshake_with_it_is_what_a_client_would_see(spec: TlsServerSpec, version: str) -> None:
    seen = handshake(spec, "mx.example.com")
    assert seen.version == version and seen.completed is bool(version)
    assert seen.chain == (LEAF if version else ())


def test_a_case_can_have_a_server_that_sends_us_away() -> None:
    case = Case("x", "pass", records=RECORDS, depth="standard", smtp=(Smtp("mx.example.com", tls_server=TlsServer(refuses_after=3)),))
    flights = [exchange.flight for exchange in observe(case).tls]
    assert sorted(flight.refusal[:3] for flight in flights if flight) == ["", "", "421", "421"]


@pytest.mark.parametrize(("preset", "refusal"), (("starttls-454", "454"), ("closes-after-starttls", ""), ("handshake-fails", "")))
def test_presets_answer_hellos_in_their_way(preset: str, refusal: str) -> None:
    tape = observe(Case("x", "pass", records=RECORDS, depth="standard", smtp=(Smtp("mx.example.com", preset=preset),)))
    assert {exchange.flight.refusal[:3] for exchange in tape.tls if exchange.flight} == {refusal}


def test_a_case_without_a_server_has_a_modern_one() -> None:
    tape = observe(Case("x", "pass", records=RECORDS, depth="standard"))
    assert {exchange.flight.ending for exchange in tape.tls if exchange.flight} == {Ending.QUIT}
    assert any(read_flight(exchange.flight.received).group == 0x11EC for exchange in tape.tls if exchange.flight)
    assert MODERN_GROUPS[0] == GROUPS[0x11EC]


def test_a_wrong_name_in_a_case_is_noticed() -> None:
    with pytest.raises(ValueError, match="AES_512"):
        TlsServer(suites=("TLS_AES_512",))
