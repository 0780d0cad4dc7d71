import pytest
from hypothesis import given
from hypothesis import strategies as st

from hauberk.protocols.malformed import Malformed
from hauberk.protocols.tls.hello import SIGNALS, ClientHello, Ssl2Hello, latest_hello, legacy_hello, modern_hello, parse, plainer, render
from hauberk.protocols.tls.registry import SSL3, TLS10, TLS12, worst_first

numbers = st.integers(0, 0xFFFF)
hellos = st.builds(
    ClientHello,
    version=st.sampled_from((0x0300, 0x0301, 0x0302, 0x0303)),
    suites=st.lists(numbers, min_size=1, max_size=250).map(tuple),
    server_name=st.sampled_from(("", "mx.example.com", "a" * 250)),
    groups=st.lists(numbers, max_size=40).map(tuple),
    schemes=st.lists(numbers, max_size=40).map(tuple),
    versions=st.lists(numbers, max_size=5).map(tuple),
    compressions=st.sampled_from(((0,), (1, 0))),
    signals=st.sets(st.sampled_from(SIGNALS)).map(lambda chosen: tuple(kind for kind in SIGNALS if kind in chosen)),
    key_share=st.booleans(),
    unknown=st.sets(st.integers(0x0A0A, 0x0A1F)).map(lambda kinds: tuple(sorted(kinds))),
    padded=st.just(True),
)


def test_a_hello_of_sslv3_is_as_its_specification_says() -> None:
    octets = render(legacy_hello(SSL3, (0x000A,), "mx.example.com", (23,)))
    assert octets[:11] == bytes.fromhex("16 0300 002f 01 00002b 0300")
    assert octets[43:] == bytes.fromhex("00 0004 000a 00ff 01 00".replace(" ", ""))  # no session, two suites, no compression, nothing more


def test_the_octets_of_a_hello_of_tls_1_3() -> None:
    octets = render(latest_hello((0x1301,), "", (29, 23)))
    assert octets[:3] == bytes.fromhex("160301")
    body = octets[9:]
    assert body[:2] == bytes.fromhex("0303")
    assert body[34] == 32 and body[35:67] == body[2:34]  # a session id to look like TLS 1.2
    assert bytes.fromhex("002b 0003 02 0304".replace(" ", "")) in body
    assert bytes.fromhex("0033 0002 0000".replace(" ", "")) in body
    assert bytes.fromhex("000a 0006 0004 001d 0017".replace(" ", "")) in body


def test_the_name_goes_into_sni() -> None:
    assert bytes.fromhex("0000 0013 0011 00 000e".replace(" ", "")) + b"mx.example.com" in render(
        modern_hello((1,), "mx.example.com", (), ())
    )


def test_an_sslv2_hello() -> None:
    octets = render(Ssl2Hello((0x010080, 0x0700C0)))
    assert octets[:11] == bytes.fromhex("801f 01 0002 0006 0000 0010".replace(" ", ""))
    assert octets[11:17] == bytes.fromhex("0100800700c0")
    assert parse(octets) == Ssl2Hello((0x010080, 0x0700C0))


@given(hellos)
def test_a_hello_is_read_back_as_it_was_built(hello: ClientHello) -> None:
    assert parse(render(hello)) == hello


@given(hellos)
def test_no_hello_has_a_size_that_some_servers_cannot_bear(hello: ClientHello) -> None:
    length = len(render(hello)) - 5
    has_extensions = (
        hello.server_name or hello.groups or hello.signals or hello.schemes or hello.unknown or hello.versions or hello.key_share
    )
    assert not (256 <= length < 512 and has_extensions)


@given(st.binary(max_size=400))
def test_no_octets_make_the_parser_raise(data: bytes) -> None:
    parse(data)
    parse(b"\x16\x03\x01" + len(data).to_bytes(2) + data)
    parse(b"\x16\x03\x01" + (len(data) + 4).to_bytes(2) + b"\x01" + len(data).to_bytes(3) + data)
    parse(bytes((0x80 | len(data) >> 8 & 0x7F, len(data) & 0xFF)) + data)


@given(hellos, st.data())
def test_a_cut_hello_is_malformed(hello: ClientHello, data: st.DataObject) -> None:
    octets = render(hello)
    assert isinstance(parse(octets[: data.draw(st.integers(0, len(octets) - 1))]), Malformed)


@pytest.mark.parametrize("version", (TLS10, TLS12))
def test_a_plainer_hello_is_short(version: int) -> None:
    every = tuple(one.number for one in worst_first(version))
    plain = plainer(modern_hello(every, "mx.example.com", (29, 23), (0x0401,)))
    assert len(plain.suites) < 64 and plain.compressions == (0,)
    assert set(plain.suites) < set(every)


def test_the_same_question_is_the_same_octets() -> None:
    assert render(modern_hello((1,), "a.example", (23,), ())) == render(modern_hello((1,), "a.example", (23,), ()))
