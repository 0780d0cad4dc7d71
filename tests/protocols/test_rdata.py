import pytest
from hypothesis import given
from hypothesis import strategies as st

from hauberk.model.dns import Record
from hauberk.protocols.rdata import Mx, escape, mx, render_txt, txt, txt_strings, unescape


@given(st.binary(max_size=300))
def test_octets_come_back_from_their_presentation(octets: bytes) -> None:
    assert txt_strings(escape(octets)) == (octets,)
    assert unescape(escape(octets)[1:-1]) == octets


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=600))
def test_a_text_comes_back_from_its_record_however_it_is_cut(text: str) -> None:
    data = render_txt(text)
    assert all(len(string) <= 255 for string in txt_strings(data))
    assert txt(Record("example.com", "TXT", 60, data)) == text


@given(st.text(max_size=200))
def test_no_data_makes_the_reader_of_strings_raise(data: str) -> None:
    assert isinstance(txt_strings(data), tuple)
    assert isinstance(txt(Record("example.com", "TXT", 60, data)), str)


@pytest.mark.parametrize(
    ("data", "strings"),
    [
        ('"v=spf1 " "-all"', (b"v=spf1 ", b"-all")),
        ("unquoted", (b"unquoted",)),
        ('"a\\"b\\\\c\\010\\255"', (b'a"b\\c\x0a\xff',)),
        ('""', (b"",)),
        ("", ()),
    ],
)
def test_strings_are_read_as_rfc_1035_writes_them(data: str, strings: tuple[bytes, ...]) -> None:
    assert txt_strings(data) == strings


def test_octets_that_are_not_utf8_stay_visible() -> None:
    assert txt(Record("example.com", "TXT", 60, '"caf\\233"')) == "caf\\xe9"


def test_an_exchange_is_spelled_like_a_question() -> None:
    assert mx(Record("example.com", "MX", 60, "10 MX.Example.com.")) == Mx(10, "mx.example.com")
    assert mx(Record("example.com", "MX", 60, "0 .")) == Mx(0, ".")
