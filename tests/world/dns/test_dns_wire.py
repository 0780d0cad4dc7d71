"""Messages of our own DNS client; dnspython is the oracle."""

import base64
from typing import cast

import dns.edns
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdata
import dns.rdatatype
import dns.rrset
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hauberk.model.dns import DnsAnswer, Question, Record
from hauberk.world.dns.registry import TYPES, rcode_mnemonic, type_code, type_mnemonic
from hauberk.world.dns.wire import Garbled, belongs, decode, query, question_section
from hauberk.world.dns.wire_names import encode_name, read_name

LABELS = st.one_of(
    st.text("abcdefghijklmnopqrstuvwxyz0123456789-_", min_size=1, max_size=12).map(str.encode),
    st.binary(min_size=1, max_size=8),
    st.text("abcxyz", min_size=50, max_size=63).map(str.encode),
)
NAMES = st.lists(LABELS, max_size=3).map(lambda labels: dns.name.Name([*labels, b""]))
OCTETS = st.binary(max_size=40)
STRINGS = st.one_of(st.binary(max_size=255), st.text(max_size=60).map(lambda text: text.encode()[:255]))


def _number(bits: int) -> st.SearchStrategy[int]:
    return st.integers(0, 2**bits - 1)


def _join(*parts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.tuples(*parts).map(" ".join)


def _decimal(bits: int) -> st.SearchStrategy[str]:
    return _number(bits).map(str)


TARGETS = NAMES.map(dns.name.Name.to_text)
HEX = st.binary(min_size=1, max_size=40).map(bytes.hex)
BASE64 = st.binary(min_size=1, max_size=300).map(lambda key: base64.b64encode(key).decode())
QUOTED = STRINGS.map(lambda octets: '"' + "".join(f"\\{octet:03d}" for octet in octets) + '"')
MOMENTS = st.integers(0, 2**32 - 1).map(str)
DATA: dict[str, st.SearchStrategy[str]] = {
    "A": st.ip_addresses(v=4).map(str),
    "AAAA": st.ip_addresses(v=6).map(str),
    "MX": _join(_decimal(16), TARGETS),
    "TXT": st.lists(QUOTED, min_size=1, max_size=4).map(" ".join),
    "SPF": st.lists(QUOTED, min_size=1, max_size=4).map(" ".join),
    "CNAME": TARGETS,
    "DNAME": TARGETS,
    "NS": TARGETS,
    "PTR": TARGETS,
    "SOA": _join(TARGETS, TARGETS, _decimal(32), _decimal(31), _decimal(31), _decimal(31), _decimal(31)),
    "SRV": _join(_decimal(16), _decimal(16), _decimal(16), TARGETS),
    "TLSA": _join(_decimal(8), _decimal(8), st.just("0"), HEX),
    "SMIMEA": _join(_decimal(8), _decimal(8), st.just("0"), HEX),
    "CAA": _join(_decimal(8), st.sampled_from(("issue", "issuewild", "iodef", "contactemail")), QUOTED),
    "DS": _join(_decimal(16), _decimal(8), st.just("2"), st.binary(min_size=32, max_size=32).map(bytes.hex)),
    "CDS": _join(_decimal(16), _decimal(8), st.just("2"), st.binary(min_size=32, max_size=32).map(bytes.hex)),
    "DNSKEY": _join(_decimal(16), st.just("3"), _decimal(8), BASE64),
    "CDNSKEY": _join(_decimal(16), st.just("3"), _decimal(8), BASE64),
    "RRSIG": _join(st.just("MX"), _decimal(8), _decimal(8), _decimal(31), MOMENTS, MOMENTS, _decimal(16), TARGETS, BASE64),
    "NSEC": _join(TARGETS, st.lists(st.sampled_from(("A", "MX", "TYPE1234", "CAA", "NSEC", "TYPE65280")), min_size=1).map(" ".join)),
    "NSEC3PARAM": _join(st.just("1"), _decimal(8), _decimal(16), st.one_of(st.just("-"), HEX)),
    "SSHFP": _join(st.just("4"), st.just("2"), st.binary(min_size=32, max_size=32).map(bytes.hex)),
    "HTTPS": st.just('1 . alpn="h2,h3" ipv4hint=192.0.2.1'),
    "TYPE65280": OCTETS.map(lambda octets: f"\\# {len(octets)} {octets.hex()}"),
}
RDATA = st.sampled_from(sorted(DATA)).flatmap(
    lambda kind: DATA[kind].map(lambda text: dns.rdata.from_text("IN", kind, text, relativize=False))
)


@st.composite
def replies(draw: st.DrawFn) -> dns.message.Message:
    """A reply as name servers build them: CNAME chains, several sets, EDNS with and without options, negative answers with a SOA."""
    asked = dns.message.make_query(draw(NAMES.filter(lambda name: len(name) > 1)).canonicalize(), draw(st.sampled_from(("MX", "TXT", "A"))))
    reply = dns.message.make_response(asked)
    names = [asked.question[0].name, *draw(st.lists(NAMES, max_size=3))]
    for _ in range(draw(st.integers(0, 5))):
        rdata = draw(RDATA)
        rrset = dns.rrset.from_rdata(draw(st.sampled_from(names)), draw(_number(31)), rdata)
        if all(not other.match(rrset.name, rrset.rdclass, rrset.rdtype, rrset.covers) for other in reply.answer):
            reply.answer.append(rrset)
    if draw(st.booleans()):
        reply.authority.append(dns.rrset.from_text(names[0], 300, "IN", "SOA", "ns1.example. root.example. 1 2 3 4 5"))
    if draw(st.booleans()):
        reply.additional.append(dns.rrset.from_text(names[-1], 300, "IN", "A", "192.0.2.41"))
    errors = draw(st.lists(_number(16), max_size=2))
    options = list[dns.edns.Option](
        [
            dns.edns.GenericOption(dns.edns.OptionType.COOKIE, b"cookie!!"),
            *(dns.edns.EDEOption(dns.edns.EDECode.make(code), "why") for code in errors),
        ]
    )
    if draw(st.booleans()):
        reply.use_edns(0, payload=1232, options=options if errors else [])
    codes = (0, 2, 3, 5, 16, 23) if reply.edns >= 0 else (0, 2, 3, 5)
    reply.set_rcode(dns.rcode.Rcode.make(draw(st.sampled_from(codes))))
    if draw(st.booleans()):
        reply.flags |= dns.flags.AD
    return reply


def _data(rrset: dns.rrset.RRset) -> list[dns.rdata.Rdata]:
    return list(rrset)  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]


def _extended_errors(reply: dns.message.Message) -> tuple[int, ...]:
    options = cast(tuple[dns.edns.Option, ...], reply.options)  # pyright: ignore[reportUnknownMemberType]
    return tuple(int(option.code) for option in options if isinstance(option, dns.edns.EDEOption))


def spelled(name: dns.name.Name) -> str:
    """Our spelling of a name, from its octets."""
    labels = (
        "".join(chr(b) if (chr(b).isalnum() and b < 128) or b in b"-_*/" else f"\\{b:03d}" for b in label) for label in name.labels[:-1]
    )
    return ".".join(labels).lower() or "."


def _question(reply: dns.message.Message) -> Question:
    return Question(spelled(reply.question[0].name), dns.rdatatype.to_text(reply.question[0].rdtype))


def _decoded(wire: bytes, question: Question) -> DnsAnswer:
    asked = question_section(question)
    assert asked is not None
    assert belongs(wire, asked)
    return decode(wire, question, asked, trusted=True)


@settings(max_examples=300)
@given(replies())
def test_reads_what_dnspython_wrote(reply: dns.message.Message) -> None:
    answer = _decoded(reply.to_wire(max_size=65_535), _question(reply))
    assert answer.rcode == rcode_mnemonic(reply.rcode())
    assert answer.authenticated is bool(reply.flags & dns.flags.AD)
    assert answer.extended_errors == _extended_errors(reply)
    expected = [(rrset.name, rrset.rdtype, rrset.ttl, rdata) for rrset in reply.answer for rdata in _data(rrset)]
    assert len(answer.records) == len(expected)
    for record, (name, rdtype, ttl, rdata) in zip(answer.records, expected, strict=True):
        assert record.name == spelled(name)
        assert (type_code(record.type), record.ttl) == (rdtype, ttl)
        assert dns.rdata.from_text("IN", rdtype, record.data, relativize=False) == rdata


@settings(max_examples=200)
@given(NAMES, st.sampled_from(sorted(TYPES)), st.booleans(), st.booleans(), st.booleans())
def test_dnspython_reads_what_we_ask(name: dns.name.Name, kind: str, recursive: bool, disabled: bool, edns: bool) -> None:
    asked = question_section(Question(spelled(name), kind))
    assert asked is not None
    message = dns.message.from_wire(b"\x12\x34" + query(asked, recursive=recursive, checking_disabled=disabled, edns=edns))
    assert message.id == 0x1234
    assert message.question[0].name == name.canonicalize()
    assert message.question[0].rdtype == TYPES[kind]
    wanted = (dns.flags.RD | dns.flags.AD if recursive else 0) | (dns.flags.CD if disabled else 0)
    assert message.flags == wanted
    assert (message.edns, message.payload, message.ednsflags) == ((0, 1232, 0) if edns else (-1, 0, 0))


@settings(max_examples=500)
@given(st.binary(max_size=200), st.binary(min_size=12, max_size=12))
def test_hostile_octets_give_an_answer_or_one_error(body: bytes, header: bytes) -> None:
    question = Question("example.com", "MX")
    asked = question_section(question)
    assert asked is not None
    for wire in (
        header + asked + body,
        header[:2] + b"\x81\x80\0\1\0\2\0\1\0\1" + asked + body,
        header[:2] + b"\x81\x80\0\0\0\1\0\0\0\1" + body,
        body,
    ):
        if belongs(wire, asked):
            _answer_or_garbled(wire, question, asked)


@settings(max_examples=200)
@given(replies(), st.data())
def test_damaged_replies_give_an_answer_or_one_error(reply: dns.message.Message, data: st.DataObject) -> None:
    wire = bytearray(reply.to_wire(max_size=65_535))
    question = _question(reply)
    asked = question_section(question)
    assert asked is not None
    for _ in range(3):
        wire[data.draw(st.integers(0, len(wire) - 1))] = data.draw(st.integers(0, 255))
    cut = bytes(wire[: data.draw(st.integers(0, len(wire)))])
    for one in (bytes(wire), cut):
        if belongs(one, asked):
            _answer_or_garbled(one, question, asked)


def _answer_or_garbled(wire: bytes, question: Question, asked: bytes) -> None:
    try:
        answer = decode(wire, question, asked, trusted=True)
    except Garbled as garbled:
        assert str(garbled)
    else:
        assert all(record.data.isascii() and record.name.isascii() for record in answer.records)


def _reply(question: Question, answer: bytes, count: int = 1) -> DnsAnswer:
    asked = question_section(question)
    assert asked is not None
    return decode(b"\0\0\x81\x80\0\1" + count.to_bytes(2, "big") + b"\0\0\0\0" + asked + answer, question, asked, trusted=False)


MX = Question("example.com", "MX")
FIXED = b"\0\x0f\0\1\0\0\x0e\x10"


def test_pointer_loops_are_no_names() -> None:
    here = 12 + len(question_section(MX) or b"")
    itself = (0xC000 | here).to_bytes(2, "big")
    with pytest.raises(Garbled, match="points forward"):
        _reply(MX, itself + FIXED + b"\0\4\0\1\xc0\x0c")
    onwards = (0xC000 | here + 2).to_bytes(2, "big") + (0xC000 | here).to_bytes(2, "big")
    with pytest.raises(Garbled):
        _reply(MX, onwards + FIXED)


def test_long_chains_of_pointers_end() -> None:
    chain = b"\1a\0" + b"".join((0xC000 | 12 + 3 + 2 * step - (3 if step == 0 else 2)).to_bytes(2, "big") for step in range(4000))
    with pytest.raises(Garbled):
        read_name(bytes(12) + chain, 12 + len(chain) - 2, {})


def test_names_over_255_octets_are_garbled() -> None:
    long = (b"\x3f" + b"a" * 63) * 4 + b"\0"
    with pytest.raises(Garbled, match="too long"):
        read_name(long, 0, {})
    legal = (b"\x3f" + b"a" * 63) * 3 + b"\x3d" + b"b" * 61 + b"\0"
    assert len(read_name(legal, 0, {})[0]) == 254
    with pytest.raises(Garbled, match="too long"):
        read_name(legal + b"\1x\xc0\0", len(legal), {0: (read_name(legal, 0, {})[0], 255)})


@pytest.mark.parametrize("length", [0, 2, 3, 7])
def test_an_mx_record_of_the_wrong_length_is_garbled(length: int) -> None:
    with pytest.raises(Garbled):
        _reply(MX, b"\xc0\x0c" + FIXED + length.to_bytes(2, "big") + b"\0\1\xc0\x0c\0\0\0"[:length])


def test_a_dot_inside_a_label_is_written_as_octet() -> None:
    assert read_name(b"\4a.\xe9b\3com\0", 0, {}) == ("a\\046\\233b.com.", 10)
    assert encode_name("a\\046\\233b.com") == b"\4a.\xe9b\3com\0"


@pytest.mark.parametrize("name", ["", "a..b", ".a", "a.", "x" * 64 + ".com", ".".join(["x" * 63] * 4), "münchen.example"])
def test_what_is_no_name_cannot_be_asked(name: str) -> None:
    assert encode_name(name) is None


def test_types_without_a_name_are_asked_by_number() -> None:
    assert type_code("TYPE65280") == 65280
    assert type_mnemonic(65280) == "TYPE65280"
    assert [type_code(text) for text in ("NONSENSE", "TYPE", "TYPE65536", "TYPE-1", "TYPE٣", "mx")] == [None] * 6
    assert question_section(Question("example.com", "NONSENSE")) is None


def test_a_reply_is_told_by_its_question() -> None:
    asked = question_section(MX)
    assert asked is not None
    header = b"\0\0\x81\x80\0\1\0\0\0\0\0\0"
    assert belongs(header + asked, asked)
    assert belongs(header + asked.replace(b"example", b"ExAmPlE"), asked)
    assert not belongs(header + asked.replace(b"example", b"examplf"), asked)
    assert not belongs(header + asked[:-4] + b"\0\x10\0\1", asked)
    assert not belongs(b"\0\0\x01\x80\0\1\0\0\0\0\0\0" + asked, asked)  # a query, not a reply
    assert not belongs(header[:11], asked)
    assert belongs(b"\0\0\x81\x81\0\0\0\0\0\0\0\0", asked)  # FORMERR without the question
    assert not belongs(b"\0\0\x81\x80\0\0\0\0\0\0\0\0", asked)


def test_odd_caa_tags_and_empty_values_keep_their_octets() -> None:
    caa = Question("example.com", "CAA")
    rdata = b"\0\3a b;"
    record = b"\xc0\x0c\1\1\0\1\0\0\0\5" + len(rdata).to_bytes(2, "big") + rdata
    assert _reply(caa, record).records == (Record("example.com", "CAA", 5, "\\# 6 00036120623b"),)


@pytest.mark.parametrize("rdata", ["", "01000001", "0100000102ab", "0100000101abcd"])
def test_an_nsec3param_record_of_the_wrong_length_keeps_its_octets(rdata: str) -> None:
    octets = bytes.fromhex(rdata)
    record = b"\xc0\x0c\0\x33\0\1\0\0\0\5" + len(octets).to_bytes(2, "big") + octets
    answer = _reply(Question("example.com", "NSEC3PARAM"), record)
    assert answer.records == (Record("example.com", "NSEC3PARAM", 5, f"\\# {len(octets)} {rdata}".rstrip()),)


def test_a_ttl_with_the_top_bit_is_zero() -> None:
    answer = _reply(Question("example.com", "A"), b"\xc0\x0c\0\1\0\1\x80\0\0\1\0\4\xc0\0\2\1")
    assert answer.records == (Record("example.com", "A", 0, "192.0.2.1"),)


def test_the_root_can_be_asked() -> None:
    answer = _reply(Question(".", "NS"), b"\0\0\2\0\1\0\0\0\1\0\2\xc0\x0c")
    assert answer.records == (Record(".", "NS", 1, "."),)
