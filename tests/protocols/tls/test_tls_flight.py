import pytest
from hypothesis import given
from hypothesis import strategies as st

from hauberk.protocols.ffdhe import group_of_prime, named_prime
from hauberk.protocols.tls.flight import HELLO_RETRY, ServerFlight, read_flight, read_ssl2
from hauberk.protocols.tls.groups import GROUPS, group_name
from hauberk.protocols.tls.registry import suite_name, suites

ECDHE_RSA_AES128_GCM, RSA_AES128_CBC = 0xC02F, 0x002F


def vector(data: bytes, width: int) -> bytes:
    return len(data).to_bytes(width) + data


def message(kind: int, body: bytes) -> bytes:
    return bytes([kind]) + vector(body, 3)


def record(payload: bytes, kind: int = 22) -> bytes:
    return bytes([kind]) + b"\x03\x03" + vector(payload, 2)


def hello(version: int = 0x0303, suite: int = ECDHE_RSA_AES128_GCM, session_id: bytes = b"", extensions: bytes = b"") -> bytes:
    body = version.to_bytes(2) + bytes(range(32)) + vector(session_id, 1) + suite.to_bytes(2) + b"\x00"
    return message(2, body + (vector(extensions, 2) if extensions else b""))


def certificate(*chain: bytes) -> bytes:
    return message(11, vector(b"".join(vector(one, 3) for one in chain), 3))


def extension(kind: int, value: bytes) -> bytes:
    return kind.to_bytes(2) + vector(value, 2)


def test_a_tls_1_2_flight_tells_all() -> None:
    flight = hello(session_id=b"id") + certificate(b"leaf", b"issuer") + message(12, b"\x03\x00\x1drest") + message(14, b"")
    assert read_flight(record(flight)) == ServerFlight(
        0x0303, ECDHE_RSA_AES128_GCM, 29, (b"leaf", b"issuer"), session_id=True, compression=0, done=True
    )


@given(st.integers(1, 40))
def test_messages_may_be_spread_over_records(size: int) -> None:
    flight = hello() + certificate(b"leaf" * 30, b"issuer")
    spread = b"".join(record(flight[start : start + size]) for start in range(0, len(flight), size))
    assert read_flight(spread).chain == (b"leaf" * 30, b"issuer")


def test_a_tls_1_3_hello_has_its_version_and_group_in_extensions() -> None:
    extensions = extension(43, b"\x03\x04") + extension(51, b"\x11\xec" + vector(b"k" * 1120, 2))
    flight = read_flight(
        record(hello(suite=0x1301, session_id=b"echo", extensions=extensions)) + record(b"\x01", 20) + record(b"secret", 23)
    )
    assert flight == ServerFlight(0x0304, 0x1301, 0x11EC, compression=0, extensions=(43, 51))


def test_a_ticket_is_seen() -> None:
    ticket = message(4, bytes(4) + vector(b"ticket", 2))
    assert read_flight(record(hello()) + record(ticket)).ticket
    assert not read_flight(record(hello()) + record(message(4, bytes(4) + vector(b"", 2)))).ticket


def test_a_prime_is_not_taken_for_a_curve() -> None:
    # A finite-field exchange begins with the length of its prime; 0x0300 octets look like a named curve.
    assert read_flight(record(hello(suite=0x009E) + message(12, b"\x03\x00\x1d" + bytes(800)))).group is None


@pytest.mark.parametrize(("bits", "number"), ((2048, 256), (3072, 257), (4096, 258), (6144, 259), (8192, 260)))
def test_a_named_prime_is_recognised(bits: int, number: int) -> None:
    prime = named_prime(bits)
    assert pow(2, prime - 1, prime) == 1 if bits < 4096 else prime.bit_length() == bits
    exchange = message(12, vector(prime.to_bytes(bits // 8), 2) + vector(b"\x02", 2))
    assert read_flight(record(hello(suite=0x009E) + exchange)).group == number
    assert group_of_prime(prime + 2) is None


def test_the_prime_of_ffdhe2048_is_the_one_of_the_rfc() -> None:
    written = f"{named_prime(2048):X}"
    assert written.startswith("FFFFFFFFFFFFFFFFADF85458A2BB4A9AAFDC5620273D3CF1")
    assert written.endswith("886B423861285C97FFFFFFFFFFFFFFFF")


def test_an_alert_is_read() -> None:
    assert read_flight(record(b"\x02\x46", 21)) == ServerFlight(alert=70)


def test_what_is_no_tls_is_said_to_be_none() -> None:
    assert not read_flight(b"250 what is this\r\n").is_tls
    assert not read_flight(b"\x16\x05\x00").is_tls
    assert read_flight(b"").is_tls


@given(st.integers(0, 200))
def test_a_cut_flight_tells_what_is_whole(cut: int) -> None:
    whole = record(hello()) + record(certificate(b"leaf"))
    seen = read_flight(whole[:cut])
    assert seen.version in (None, 0x0303) and seen.chain in ((), (b"leaf",))


@given(st.binary(max_size=300), st.binary(max_size=300))
def test_no_octets_make_the_reading_raise(data: bytes, body: bytes) -> None:
    read_flight(data)
    for kind in (2, 4, 11, 12):
        read_flight(record(hello() + message(kind, body)))
        read_flight(record(message(kind, body)))


@given(st.integers(0, 0xFFFF))
def test_every_number_has_a_name(number: int) -> None:
    assert suite_name(number) and group_name(number)


def test_the_tables_hold_no_name_twice() -> None:
    assert len({one.name for one in suites().values()}) == len(suites())
    assert len(set(GROUPS.values())) == len(GROUPS)


def test_a_key_exchange_tells_how_it_is_signed() -> None:
    signed = message(12, b"\x03\x00\x17" + vector(bytes(65), 1) + b"\x04\x03" + vector(bytes(70), 2))
    seen = read_flight(record(hello() + signed))
    assert (seen.group, seen.scheme) == (23, 0x0403)
    assert read_flight(record(hello(version=0x0302, suite=0xC013) + signed)).scheme is None  # MD5 and SHA-1 together, without saying so


def test_a_prime_of_ones_own_is_read() -> None:
    prime = (1 << 1023) + 1155
    body = vector(prime.to_bytes(128), 2) + vector(b"\x02", 2) + vector(bytes(128), 2) + b"\x02\x01" + vector(bytes(64), 2)
    seen = read_flight(record(hello(suite=0x0033) + message(12, body)))
    assert (seen.prime, seen.group, seen.scheme) == (prime, None, 0x0201)


def test_a_fatal_alert_counts_for_more_than_a_warning() -> None:
    assert read_flight(record(b"\x01\x70", 21)).alert == 112
    assert read_flight(record(b"\x01\x70", 21) + record(b"\x02\x28", 21)).alert == 40
    assert read_flight(record(b"\x02\x28", 21) + record(b"\x02\x50", 21)).alert == 40


def test_what_comes_with_the_flight_is_noted() -> None:
    flight = hello() + certificate(b"leaf") + message(22, b"\x01" + vector(b"status", 3)) + message(13, b"\x01\x01") + message(14, b"")
    seen = read_flight(record(flight))
    assert seen.stapled and seen.certificate_request and seen.done


def test_a_retry_request_is_told_from_a_hello() -> None:
    body = b"\x03\x03" + HELLO_RETRY + b"\x00\x13\x01\x00" + vector(extension(43, b"\x03\x04") + extension(51, b"\x00\x1d"), 2)
    seen = read_flight(record(message(2, body)))
    assert seen.retry and (seen.version, seen.suite, seen.group) == (0x0304, 0x1301, 29)


def ssl2(body: bytes) -> bytes:
    return (0x8000 | len(body)).to_bytes(2) + body


def test_an_ssl2_server_hello_lists_its_ciphers() -> None:
    body = b"\x04\x00\x01\x00\x02" + b"\x00\x04\x00\x06\x00\x02" + b"leaf" + b"\x01\x00\x80\x07\x00\xc0" + b"id"
    seen = read_ssl2(ssl2(body))
    assert (seen.version, seen.chain, seen.kinds) == (2, (b"leaf",), (0x010080, 0x0700C0))
    assert read_ssl2(ssl2(b"\x00\x00\x01")).alert == 40
    assert read_ssl2(record(b"\x02\x46", 21)).alert == 70
    assert not read_ssl2(ssl2(b"\x04\x00")).is_tls


@given(st.binary(max_size=200))
def test_no_octets_make_the_reading_of_ssl2_raise(data: bytes) -> None:
    read_ssl2(data)
    read_ssl2(ssl2(b"\x04" + data))
    cut = read_ssl2(ssl2(b"\x04\x00\x01\x00\x02\xff\xff\xff\xff\xff\xff" + data))
    assert cut.chain == () and cut.kinds == ()


def test_a_chain_without_end_is_cut() -> None:
    endless = message(11, vector(vector(b"x", 3) * 1000, 3))
    assert len(read_flight(record(hello() + endless[:16000])).chain) <= 50
