"""The sealed part of a TLS 1.3 flight, with OpenSSL as the server that we read."""

import ssl
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hauberk.lab.pki import CertificateSpec, Issued, Pki
from hauberk.protocols.tls.completeness import FlightState, FlightWatch
from hauberk.protocols.tls.hello import latest_hello, parse, render, revealing_hello
from hauberk.protocols.tls.schemes import SOUND, scheme_key, scheme_name
from hauberk.protocols.tls.sealed import Sealing, read_answer, servers_sealing

SUITES = (0x1302, 0x1303, 0x1301)
RSA_SCHEMES = tuple(number for number in SOUND if scheme_key(number) == "rsa")
EC_SCHEMES = tuple(number for number in SOUND if scheme_key(number) == "ecdsa")


@pytest.fixture(scope="module")
def chains() -> dict[str, Issued]:
    pki = Pki(datetime(2026, 11, 21, tzinfo=UTC))
    return {key: pki.issue(CertificateSpec(names=("mx.example.com",), key=key)) for key in ("ec256", "rsa2048")}


@pytest.fixture
def server(chains: dict[str, Issued], tmp_path: Path) -> ssl.SSLContext:
    """TLS 1.3 alone, with a certificate of each kind."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    for key, issued in chains.items():
        path = tmp_path / f"{key}.pem"
        path.write_bytes(issued.key_pem + issued.chain_pem)
        context.load_cert_chain(path)
    return context


def said(context: ssl.SSLContext, hello: bytes) -> bytes:
    """What the server sends when it hears the hello."""
    heard, sent = ssl.MemoryBIO(), ssl.MemoryBIO()
    connection = context.wrap_bio(heard, sent, server_side=True)
    heard.write(hello)
    with pytest.raises(ssl.SSLError):  # it wants to read on, or turns us away
        connection.do_handshake()
    return sent.read()


@pytest.mark.parametrize("suite", SUITES)
@pytest.mark.parametrize(("key", "schemes"), [("ec256", EC_SCHEMES), ("rsa2048", RSA_SCHEMES)])
def test_each_kind_of_certificate_is_seen_under_every_suite(
    server: ssl.SSLContext, chains: dict[str, Issued], suite: int, key: str, schemes: tuple[int, ...]
) -> None:
    hello = render(revealing_hello((suite,), "mx.example.com", schemes))
    octets = said(server, hello)
    seen = read_answer(hello, octets)
    assert (seen.version, seen.suite, seen.group, seen.chain, seen.done) == (0x0304, suite, 29, chains[key].chain, True)
    assert seen.scheme in schemes
    assert (seen.stapled, seen.certificate_request, seen.alert) == (False, False, None)


def test_the_scheme_offered_is_the_one_that_signs(server: ssl.SSLContext) -> None:
    for number in (0x0804, 0x0805, 0x0806, 0x0403):
        hello = render(revealing_hello(SUITES, "", (number,)))
        assert scheme_name(read_answer(hello, said(server, hello)).scheme or 0) == scheme_name(number)
    refused = render(revealing_hello(SUITES, "", (0x0807,)))
    assert read_answer(refused, said(server, refused)).alert == 40


def test_a_client_certificate_asked_for_is_seen(server: ssl.SSLContext) -> None:
    server.verify_mode = ssl.CERT_OPTIONAL
    hello = render(revealing_hello(SUITES, "", SOUND))
    assert read_answer(hello, said(server, hello)).certificate_request


def test_a_server_without_our_group_answers_in_the_clear(server: ssl.SSLContext) -> None:
    server.set_ecdh_curve("secp384r1")
    hello = render(revealing_hello(SUITES, "", SOUND))
    octets = said(server, hello)
    assert read_answer(hello, octets).chain == ()
    assert FlightWatch(hello).feed(octets) is FlightState.WHOLE


def test_the_flight_is_whole_with_its_sealed_end_and_not_before(server: ssl.SSLContext) -> None:
    hello = render(revealing_hello(SUITES, "", SOUND))
    octets = said(server, hello)
    watch = FlightWatch(hello)
    states = [watch.feed(octets[at : at + 1]) for at in range(len(octets))]
    whole = states.index(FlightState.WHOLE)
    assert read_answer(hello, octets[: whole + 1]).done
    assert not read_answer(hello, octets[:whole]).done
    without = render(latest_hello(SUITES, "", (29,)))
    assert FlightWatch(without).feed(said(server, without)) is FlightState.WHOLE


def test_what_does_not_open_is_left_alone(server: ssl.SSLContext) -> None:
    hello = render(revealing_hello(SUITES, "", SOUND))
    octets = bytearray(said(server, hello))
    octets[-1] ^= 1
    assert not read_answer(hello, bytes(octets)).done
    octets[140] ^= 1  # in the hello or behind it: nothing opens any more
    seen = read_answer(hello, bytes(octets))
    assert (seen.chain, seen.scheme) == ((), None)


def test_a_hello_that_carries_our_key_is_known_by_it() -> None:
    hello = revealing_hello(SUITES, "mx.example.com", SOUND)
    assert parse(render(hello)) == hello
    assert b"\x00\x33\x00\x02\x00\x00" in render(latest_hello(SUITES, "", (29,)))


@given(st.binary(max_size=300), st.binary(max_size=300))
def test_no_answer_is_trusted(head: bytes, tail: bytes) -> None:
    hello = render(revealing_hello(SUITES, "", SOUND))
    body = (
        b"\x03\x03" + bytes(32) + b"\x00\x13\x01\x00\x00\x2e\x00\x2b\x00\x02\x03\x04\x00\x33\x00\x24\x00\x1d\x00\x20" + bytes(31) + b"\x09"
    )
    message = b"\x02" + len(body).to_bytes(3) + body
    record = b"\x16\x03\x03" + len(message).to_bytes(2) + message
    sealed = b"\x17\x03\x03" + len(tail).to_bytes(2) + tail
    for octets in (head, record + head, record + sealed, record[: len(head)] + tail):
        read_answer(hello, octets)
        FlightWatch(hello).feed(octets)


@given(st.binary(max_size=400), st.sampled_from(SUITES))
def test_what_is_sealed_opens_again(content: bytes, suite: int) -> None:
    one, other = (servers_sealing(suite, bytes(32), b"both hellos") for _ in range(2))
    assert isinstance(one, Sealing)
    assert isinstance(other, Sealing)
    for _ in range(3):
        record = one.seal(22, content)
        assert other.unseal(record[5:]) == (22, content)
