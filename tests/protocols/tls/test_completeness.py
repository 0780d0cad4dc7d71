import ssl
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hauberk.protocols.tls.completeness import FlightState, FlightWatch, flight_complete, flight_state
from world.byte_server import server_context


def vector(data: bytes, width: int) -> bytes:
    return len(data).to_bytes(width) + data


def message(kind: int, body: bytes = b"") -> bytes:
    return bytes([kind]) + vector(body, 3)


def record(payload: bytes, kind: int = 22) -> bytes:
    return bytes([kind]) + b"\x03\x03" + vector(payload, 2)


def hello(extensions: bytes = b"", random: bytes = bytes(32)) -> bytes:
    return message(2, b"\x03\x03" + random + vector(b"", 1) + b"\xc0\x2f\x00" + (vector(extensions, 2) if extensions else b""))


TLS13 = b"\x00\x2b\x00\x02\x03\x04"
RETRY = bytes.fromhex("cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c")
CERTIFICATE = message(11, vector(vector(b"leaf" * 300, 3), 3))
OLD_FLIGHT = record(hello() + CERTIFICATE + message(14))
SSL2 = b"\x80\x0b\x04\x00\x01\x00\x02\x00\x00\x00\x00\x00\x00"
WHOLE = {
    "TLS 1.2 up to ServerHelloDone": OLD_FLIGHT,
    "one message a record": record(hello()) + record(CERTIFICATE) + record(message(12, b"x")) + record(message(14)),
    "ServerHello of TLS 1.3": record(hello(b"\xff\x01\x00\x01\x00" + TLS13)),
    "HelloRetryRequest": record(hello(TLS13, RETRY)),
    "fatal alert": b"\x15\x03\x01\x00\x02\x02\x28",
    "warning about another thing than the name": b"\x15\x03\x01\x00\x02\x01\x00",
    "resumed session": record(hello()) + record(b"\x01", 20),
    "encrypted at once": record(b"?" * 30, 23),
    "SERVER-HELLO of SSL 2.0": SSL2,
    "error of SSL 2.0": b"\x80\x03\x00\x00\x01",
}
BROKEN = {
    "text": b"454 4.7.0 TLS not available\r\n",
    "long text": b"x" * 600,
    "zeros": bytes(10),
    "another major version": b"\x16\x04",
    "a record longer than can be": b"\x16\x03\x01\xff\xff",
    "an unknown record behind a good one": record(hello()) + b"\x63",
    "a first octet like SSL 2.0": b"\xff\xfe\xfd",
}


@pytest.mark.parametrize("flight", WHOLE.values(), ids=WHOLE.keys())
def test_a_whole_flight_is_complete_at_its_last_octet(flight: bytes) -> None:
    assert flight_state(flight) is FlightState.WHOLE
    assert [flight_complete(flight[:cut]) for cut in range(len(flight))] == [False] * len(flight)


@pytest.mark.parametrize("octets", BROKEN.values(), ids=BROKEN.keys())
def test_what_cannot_be_tls_is_not_waited_for(octets: bytes) -> None:
    assert flight_state(octets) is FlightState.BROKEN


def test_a_warning_about_the_name_is_no_end() -> None:
    grumble = b"\x15\x03\x03\x00\x02\x01\x70"
    assert not flight_complete(grumble)
    assert flight_complete(grumble + OLD_FLIGHT)


def test_empty_records_and_messages_that_never_end_leave_it_open() -> None:
    assert not flight_complete(record(b"") * 100)
    assert not flight_complete(record(b"\x0b\xff\xff\xff" + b"x" * 1000) * 10)
    assert not flight_complete(record(hello()) + record(message(22, b"status")) * 50)


@given(st.sampled_from(sorted(WHOLE.values()) + sorted(BROKEN.values())), st.data())
def test_steps_of_any_size_lead_to_the_same_state(octets: bytes, data: st.DataObject) -> None:
    watch = FlightWatch()
    position = 0
    while position < len(octets):
        size = data.draw(st.integers(1, 400))
        watch.feed(octets[position : position + size])
        position += size
    assert watch.state is flight_state(octets)


@given(st.integers(1, 50))
def test_messages_may_be_spread_over_records(size: int) -> None:
    flight = hello() + CERTIFICATE + message(14)
    spread = b"".join(record(flight[start : start + size]) for start in range(0, len(flight), size))
    assert flight_complete(spread) and not flight_complete(spread[:-1])


@given(st.binary(max_size=300))
def test_any_octets_are_survived(octets: bytes) -> None:
    assert isinstance(flight_complete(octets), bool)
    flight_state(record(octets))
    flight_state(record(hello(octets)))


def test_a_drip_of_a_long_flight_costs_little() -> None:
    watch = FlightWatch()
    began = time.process_time()
    for octet in record(b"", 22) * 5_000:
        watch.feed(bytes([octet]))
    for octet in record(b"\x0b\xff\xff\xff" + b"x" * 16_000) * 2:
        watch.feed(bytes([octet]))
    assert watch.state is FlightState.OPEN
    assert time.process_time() - began < 2


@pytest.mark.parametrize("version", (ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3))
def test_openssls_flights_are_complete(version: ssl.TLSVersion) -> None:
    client_in, client_out, server_in, server_out = ssl.MemoryBIO(), ssl.MemoryBIO(), ssl.MemoryBIO(), ssl.MemoryBIO()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    with pytest.raises(ssl.SSLWantReadError):
        context.wrap_bio(client_in, client_out).do_handshake()
    server_in.write(client_out.read())
    with pytest.raises(ssl.SSLWantReadError):
        server_context(versions=(version, version)).wrap_bio(server_in, server_out, server_side=True).do_handshake()
    flight = server_out.read()
    assert flight_state(flight) is FlightState.WHOLE
    if version is not ssl.TLSVersion.TLSv1_3:
        assert not flight_complete(flight[:-1])
