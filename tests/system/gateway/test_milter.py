"""The milter protocol as octets."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hauberk.system.gateway import milter
from hauberk.system.gateway.milter import Framer, Garbled, Packet, read


def test_a_conversation_as_postfix_sends_it_is_read() -> None:
    octets = (
        b"\x00\x00\x00\x0dO\x00\x00\x00\x06\x00\x00\x01\xff\x00\x1f\xff\xff"
        b"\x00\x00\x00\x19Cmx.test\x004\x30\x39198.51.100.7\x00"
        b"\x00\x00\x00\x22DM{auth_authen}\x00alice\x00i\x004XyZ12345\x00"
        b"\x00\x00\x00\x14M<a@x.test>\x00SIZE=99\x00"
        b"\x00\x00\x00\x0cR<b@y.test>\x00"
        b"\x00\x00\x00\x0fLSubject\x00 a\n\tb\x00"
        b"\x00\x00\x00\x04Bx\r\n"
        b"\x00\x00\x00\x01E"
        b"\x00\x00\x00\x01Q"
    )
    commands = [read(packet) for packet in Framer().feed(octets)]
    assert commands == [
        milter.Negotiate(6, 0x1FF, 0x1FFFFF),
        milter.Connect("mx.test", "198.51.100.7"),
        milter.Macros(b"M", (("{auth_authen}", "alice"), ("i", "4XyZ12345"))),
        milter.MailFrom("<a@x.test>", ("SIZE=99",)),
        milter.RcptTo("<b@y.test>", ()),
        milter.HeaderField(b"Subject", b" a\n\tb"),
        milter.BodyChunk(b"x\r\n"),
        milter.EndOfMessage(b""),
        milter.Quit(),
    ]


@pytest.mark.parametrize(
    ("data", "expected"),
    (
        (b"h\x006\x00\x19IPv6:2001:db8::1\x00", milter.Connect("h", "2001:db8::1")),
        (b"h\x00L\x00\x00/run/socket\x00", milter.Connect("h", "/run/socket")),
        (b"unknown\x00U", milter.Connect("unknown", "")),
    ),
)
def test_where_a_client_comes_from(data: bytes, expected: milter.Connect) -> None:
    assert read(Packet(b"C", data)) == expected


@pytest.mark.parametrize(
    "packet",
    (
        Packet(b"O", b"\0" * 11),
        Packet(b"D", b""),
        Packet(b"D", b"Mi\0"),
        Packet(b"D", b"Mi\0x"),
        Packet(b"C", b"host"),
        Packet(b"C", b"host\x00"),
        Packet(b"C", b"host\x004\x00"),
        Packet(b"M", b""),
        Packet(b"R", b"<a@b>"),
        Packet(b"L", b"Subject\x00x"),
        Packet(b"L", b"\x00x\x00"),
        Packet(b"z", b""),
        Packet(b"", b""),
    ),
)
def test_what_is_of_another_shape_is_garbled(packet: Packet) -> None:
    with pytest.raises(Garbled):
        read(packet)


@pytest.mark.parametrize("head", (b"\0\0\0\0", b"\xff\xff\xff\xff", (milter.MOST_PACKET + 1).to_bytes(4, "big")))
def test_no_length_is_trusted(head: bytes) -> None:
    with pytest.raises(Garbled):
        list(Framer().feed(head))


@given(st.lists(st.tuples(st.sampled_from([bytes([one]) for one in b"ODCMRLBEAKQHTNU"]), st.binary(max_size=60))), st.data())
def test_packets_come_out_whole_however_the_stream_is_cut(packets: list[tuple[bytes, bytes]], data: st.DataObject) -> None:
    stream = b"".join(milter.packet(kind, octets) for kind, octets in packets)
    framer, found = Framer(), list[Packet]()
    while stream:
        cut = data.draw(st.integers(1, len(stream)))
        found += framer.feed(stream[:cut])
        stream = stream[cut:]
    assert found == [Packet(kind, octets) for kind, octets in packets]


@given(st.binary(max_size=300))
def test_any_octets_are_read_or_garbled(octets: bytes) -> None:
    try:
        for packet in Framer().feed(octets):
            read(packet)
    except Garbled:
        pass


@given(st.integers(400, 599), st.text(max_size=600))
def test_a_reply_is_one_line_of_ascii_whatever_it_says(code: int, text: str) -> None:
    made = milter.reply(code, f"{code // 100}.7.1", text)
    (packet,) = Framer().feed(made)
    assert packet.kind == b"y" and packet.data.endswith(b"\0")
    words = packet.data[:-1]
    assert all(0x20 <= one < 0x7F for one in words) and b"%" not in words.replace(b"%%", b"") and len(words) < 900


def test_a_reply_is_a_refusal() -> None:
    for code, enhanced in ((250, "2.0.0"), (550, "4.7.1"), (600, "6.0.0")):
        with pytest.raises(ValueError, match="not a refusal"):
            milter.reply(code, enhanced, "x")


@given(st.integers(0, 3 * milter.CHUNK + 5))
def test_a_body_is_replaced_in_chunks(size: int) -> None:
    packets = list(Framer().feed(b"".join(milter.replace_body(b"x" * size))))
    assert packets and {one.kind for one in packets} == {b"b"}
    assert sum(len(one.data) for one in packets) == size and max(len(one.data) for one in packets) <= milter.CHUNK
