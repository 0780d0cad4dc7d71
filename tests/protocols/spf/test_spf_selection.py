import pytest
from hypothesis import given
from hypothesis import strategies as st

from hauberk.model.dns import DnsAnswer, Record
from hauberk.protocols import spf
from hauberk.protocols.rdata import escape
from hauberk.protocols.spf.selection import near_miss


def answer(*texts: str | bytes) -> DnsAnswer:
    octets = (text.encode() if isinstance(text, str) else text for text in texts)
    return DnsAnswer("NOERROR", tuple(Record("example.com", "TXT", 300, escape(one)) for one in octets))


def test_records_are_the_texts_that_begin_with_the_version() -> None:
    selection = spf.select(answer("v=spf1 -all", "google-site-verification=spf1", "V=SPF1", "spf2.0/pra include:a.example ~all"))
    assert selection.records == ("v=spf1 -all", "V=SPF1")
    assert selection.near_misses == ()


def test_several_strings_are_joined_without_a_space() -> None:
    strings = DnsAnswer("NOERROR", (Record("example.com", "TXT", 300, '"v=spf1 include:a.exam" "ple.com -all"'),))
    assert spf.select(strings).records == ("v=spf1 include:a.example.com -all",)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("v=spf1include:a.example -all", "v=spf1>>i<<nclude:a.example -all"),
        ("v=spf1\u00a0include:a.example -all", "v=spf1>>\\u{a0}<<include:a.example -all"),
        ("v=spf1\tmx -all", "v=spf1>>\\u{9}<<mx -all"),
        (" v=spf1 mx -all", ">> <<v=spf1 mx -all"),
        ("\u00a0v=spf1 mx -all", ">>\\u{a0}<<v=spf1 mx -all"),
        ("\ufeffv=spf1 mx -all", ">>\\u{feff}<<v=spf1 mx -all"),
        ('"v=spf1 mx -all"', '>>"<<v=spf1 mx -all"'),
        ("v= spf1 mx -all", "v=>> <<spf1 mx -all"),
        ("v=spf2 mx -all", ">>v=spf2 <<mx -all"),
        ("v=spf mx -all", ">>v=spf m<<x -all"),
        ("spf1 mx -all", ">>spf1 mx<< -all"),
        ("v:spf1 mx -all", ">>v:spf1 <<mx -all"),
        ("v=spfl mx -all", ">>v=spfl <<mx -all"),
        ("MS=ms123 v=spf1 mx -all", "MS=ms123 >>v=spf1<< mx -all"),
    ],
)
def test_near_misses_are_noticed_and_the_place_is_marked(text: str, place: str) -> None:
    selection = spf.select(answer(text))
    assert selection.records == ()
    assert [miss.marked() for miss in selection.near_misses] == [place]


@pytest.mark.parametrize("text", ["", "spf2.0/mfrom,pra -all", "openspf-verification=1", "we like spf", "spfcheck=abc"])
def test_other_texts_are_left_alone(text: str) -> None:
    assert near_miss(text) is None


def test_octets_that_are_not_utf_8_do_not_vanish() -> None:
    (text,) = spf.select(answer(b"v=spf1 mx\xff -all")).records
    parsed = spf.parse(text)
    assert isinstance(parsed, spf.SpfRecord)
    assert len(parsed.faults) == 1


@given(st.lists(st.binary(max_size=80) | st.text(max_size=40).map("v=spf1".__add__)))
def test_select_never_raises(texts: list[str | bytes]) -> None:
    selection = spf.select(answer(*texts))
    assert len(selection.records) + len(selection.near_misses) <= len(texts)
