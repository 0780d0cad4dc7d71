"""BIMI records and what is fetched for them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hauberk.model.dns import DnsAnswer, NoAnswer, Question, Record, Silence
from hauberk.model.observation import ScanOptions
from hauberk.model.transport import Url
from hauberk.protocols.bimi.record import BimiRecord, discover, parse, render
from hauberk.protocols.malformed import Malformed
from hauberk.protocols.rdata import render_txt
from hauberk.protocols.walk import Ask, Reply, replay

URLS = st.from_regex(r"https://[a-z]{1,8}\.example/[a-z0-9._/-]{0,12}", fullmatch=True)
RECORDS = st.builds(
    BimiRecord,
    URLS | st.just(""),
    URLS | st.just(""),
    st.lists(
        st.tuples(st.sampled_from(("lps", "avp", "e")), st.from_regex(r"[a-z0-9-]{0,9}", fullmatch=True)),
        max_size=2,
        unique_by=lambda one: one[0],
    ).map(tuple),
)


@given(RECORDS)
def test_a_rendered_record_parses_to_itself(record: BimiRecord) -> None:
    assert parse(render(record)) == record


@given(st.text() | st.text("lav=https:/. ;").map(lambda text: "v=BIMI1;" + text))
def test_parsing_never_raises_and_marks_a_place_in_the_text(text: str) -> None:
    parsed = parse(text)
    if isinstance(parsed, Malformed):
        assert 0 <= parsed.position <= len(text)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("v=bimi1; l=", "has to start"),
        ("l=; v=BIMI1", "has to start"),
        ("v=BIMI1", "l= is missing"),
        ("v=BIMI1; l=http://example.com/a.svg", "https"),
        ("v=BIMI1; l=https:///a.svg", "https"),
        ("v=BIMI1; l=https://[a/", "https"),
        ("v=BIMI1; l=; l=", "twice"),
        ("v=BIMI1;; l=", "no tag=value"),
    ],
)
def test_records_outside_the_grammar_say_why(text: str, reason: str) -> None:
    parsed = parse(text)
    assert isinstance(parsed, Malformed)
    assert reason in parsed.reason


def test_empty_values_decline_to_show_a_logo() -> None:
    parsed = parse("v=BIMI1; l=; a=;")
    assert isinstance(parsed, BimiRecord)
    assert parsed.declines


def asked_for(*texts: str) -> list[Ask]:
    asked: list[Ask] = []

    def reply(ask: Ask) -> Reply:
        asked.append(ask)
        if isinstance(ask, Question):
            return DnsAnswer("NOERROR", tuple(Record(ask.name, "TXT", 60, render_txt(text)) for text in texts))
        return NoAnswer(Silence.TIMEOUT)

    replay(discover("example.com", ScanOptions()), reply)
    return asked[1:]


def test_logo_and_certificate_are_fetched_when_one_sound_record_names_them() -> None:
    logo, certificate = Url("https://example.com/a.svg", 65536), Url("https://example.com/a.pem", 262144)
    assert asked_for("v=BIMI1; l=https://example.com/a.svg; a=https://example.com/a.pem") == [logo, certificate]
    assert asked_for("v=BIMI1; l=https://example.com/a.svg") == [logo]
    assert asked_for("v=BIMI1; l=; a=https://example.com/a.pem") == [certificate]


def test_nothing_is_fetched_without_one_sound_record() -> None:
    assert asked_for() == []
    assert asked_for("v=BIMI1; l=") == []
    assert asked_for("v=BIMI1; l=http://example.com/") == []
    assert asked_for("v=BIMI1; l=https://a.example/", "v=BIMI1; l=https://b.example/") == []
