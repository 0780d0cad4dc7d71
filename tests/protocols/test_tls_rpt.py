"""TLS-RPT records (RFC 8460)."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hauberk.model.dns import DnsAnswer, NoAnswer, Record, Silence
from hauberk.model.observation import ScanOptions
from hauberk.protocols.malformed import Malformed
from hauberk.protocols.tls_rpt import TlsRptDiscovery, TlsRptRecord, discover, parse, render
from hauberk.protocols.walk import Ask, Reply, replay

LOCAL = st.from_regex(r"[a-z0-9._+-]{1,12}", fullmatch=True)
HOST = st.from_regex(r"[a-z0-9]{1,8}\.[a-z]{2,5}", fullmatch=True)
MAILTO = st.tuples(LOCAL, HOST).map(lambda one: f"mailto:{one[0]}@{one[1]}")
HTTPS = st.tuples(HOST, LOCAL).map(lambda one: f"https://{one[0]}/{one[1]}?a=b")
RECORDS = st.builds(
    TlsRptRecord,
    st.lists(MAILTO | HTTPS, min_size=1, max_size=4).map(tuple),
    st.lists(
        st.tuples(
            st.from_regex(r"[a-z0-9][a-z0-9_.-]{0,9}", fullmatch=True).filter(lambda name: name != "rua"),
            st.from_regex(r"[\x21-\x3a\x3c\x3e-\x7e]{1,9}", fullmatch=True),
        ),
        max_size=2,
        unique_by=lambda one: one[0],
    ).map(tuple),
)


@given(RECORDS)
def test_a_rendered_record_parses_to_itself(record: TlsRptRecord) -> None:
    assert parse(render(record)) == record


@given(st.text() | st.text("rua=mailto:https/@.,; \t").map(lambda text: "v=TLSRPTv1; rua=" + text))
def test_parsing_never_raises_and_marks_a_place_in_the_text(text: str) -> None:
    parsed = parse(text)
    if isinstance(parsed, Malformed):
        assert 0 <= parsed.position <= len(text)


@pytest.mark.parametrize(
    ("text", "rua"),
    [
        ("v=TLSRPTv1; rua=mailto:reports@example.com", ("mailto:reports@example.com",)),
        ("v=TLSRPTv1;rua=mailto:a@example.com , https://r.example/v1?x=y;", ("mailto:a@example.com", "https://r.example/v1?x=y")),
        ("v=TLSRPTv1; rua=MAILTO:a@example.com?subject=x", ("MAILTO:a@example.com?subject=x",)),
        ("v=TLSRPTv1; rua=mailto:a@example.com; rua=mailto:b@example.com; ext=1", ("mailto:a@example.com",)),
    ],
)
def test_records_of_the_grammar_are_read(text: str, rua: tuple[str, ...]) -> None:
    parsed = parse(text)
    assert isinstance(parsed, TlsRptRecord)
    assert parsed.rua == rua


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("v=TLSRPTv1;", "no name=value"),
        ("v=tlsrptv1; rua=mailto:a@example.com", "has to start"),
        ("v=TLSRPTv1; ruf=mailto:a@example.com", "rua= is missing"),
        ("v=TLSRPTv1; rua=a@example.com", "without mailto:"),
        ("v=TLSRPTv1; rua=mailto:", "no URI"),
        ("v=TLSRPTv1; rua=mailto:example.com", "no mail address"),
        ("v=TLSRPTv1; rua=http://example.com/", "only"),
        ("v=TLSRPTv1; rua=https:///x", "no host"),
        ("v=TLSRPTv1; rua=https://[x/", "no host"),
        ("v=TLSRPTv1; rua=mailto:a@example.com,", "empty address"),
        ("v=TLSRPTv1; rua=mailto:a@example.com!10m", "no URI"),
        ("v=TLSRPTv1; rua=mailto:a@example.com mailto:b@example.com", "no URI"),
    ],
)
def test_records_outside_the_grammar_say_why(text: str, reason: str) -> None:
    parsed = parse(text)
    assert isinstance(parsed, Malformed)
    assert reason in parsed.reason


@pytest.mark.parametrize(
    "hostile", [" " * 60000 + "x", "mailto:" + "a" * 60000, "mailto:a@" + "a." * 30000, "," * 60000, "mailto:a@a." + "-" * 60000]
)
def test_a_hostile_record_is_read_quickly(hostile: str) -> None:
    start = time.process_time()
    parse("v=TLSRPTv1; rua=" + hostile)
    assert time.process_time() - start < 1


def test_records_that_were_meant_are_told_from_others() -> None:
    def reply(_ask: Ask) -> Reply:
        texts = ('"v=TLSRPTv1; rua=mailto:a@example.com"', '"V=TLSRPTv1; rua=mailto:b@example.com"', '"v=spf1 -all"')
        return DnsAnswer("NOERROR", tuple(Record("_smtp._tls.example.com", "TXT", 60, text) for text in texts))

    found = replay(discover("example.com", ScanOptions()), reply)
    assert found.records == ("v=TLSRPTv1; rua=mailto:a@example.com",)
    assert found.discarded == ("V=TLSRPTv1; rua=mailto:b@example.com",)


def test_silence_is_kept() -> None:
    silence = NoAnswer(Silence.TIMEOUT)
    assert replay(discover("example.com", ScanOptions()), lambda _: silence) == TlsRptDiscovery(silence)
