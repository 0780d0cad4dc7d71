"""MTA-STS records, policies, patterns and their discovery (RFC 8461)."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hauberk.model.dns import DnsAnswer, NoAnswer, Question, Record, Silence
from hauberk.model.observation import ScanOptions
from hauberk.model.transport import HttpsAnswer, TlsHandshake, Url
from hauberk.protocols.malformed import Malformed
from hauberk.protocols.mta_sts import (
    LONGEST_AGE,
    Mode,
    StsPolicy,
    StsRecord,
    discover,
    matches,
    parse_policy,
    parse_record,
    render_policy,
    render_record,
)
from hauberk.protocols.rdata import render_txt
from hauberk.protocols.walk import Ask, Reply, replay

NAMES = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,10}", fullmatch=True)
VALUES = st.from_regex(r"[\x21-\x3a\x3c\x3e-\x7e]{1,20}", fullmatch=True)
LABELS = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,8}[a-z0-9])?", fullmatch=True)
HOSTS = st.lists(LABELS, min_size=2, max_size=4).map(".".join)
PATTERNS = st.tuples(st.sampled_from(("", "*.")), HOSTS).map("".join)
LINE_VALUES = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x2FFF, exclude_characters="\x7f"), min_size=1, max_size=12)


def extensions(values: st.SearchStrategy[str], *reserved: str) -> st.SearchStrategy[tuple[tuple[str, str], ...]]:
    named = st.tuples(NAMES.filter(lambda name: name not in reserved), values)
    return st.lists(named, max_size=3, unique_by=lambda one: one[0]).map(tuple)


RECORDS = st.builds(StsRecord, st.from_regex(r"[A-Za-z0-9]{1,32}", fullmatch=True), extensions(VALUES, "id"))
POLICIES = st.builds(
    StsPolicy,
    st.sampled_from(Mode),
    st.integers(0, LONGEST_AGE),
    st.lists(PATTERNS, min_size=1, max_size=4).map(tuple),
    extensions(LINE_VALUES, "version", "mode", "mx", "max_age"),
)


@given(RECORDS)
def test_a_rendered_record_parses_to_itself(record: StsRecord) -> None:
    assert parse_record(render_record(record)) == record


@given(POLICIES)
def test_a_rendered_policy_parses_to_itself(policy: StsPolicy) -> None:
    assert parse_policy(render_policy(policy)) == policy


@given(st.text() | st.text("v=STS1;id \t").map(lambda text: "v=STSv1" + text))
def test_parsing_a_record_never_raises_and_marks_a_place_in_it(text: str) -> None:
    parsed = parse_record(text)
    if isinstance(parsed, Malformed):
        assert 0 <= parsed.position <= len(text)
        assert parsed.marked()


@given(st.binary() | st.text("versionmdx_ag: \r\n\ufeff*.").map(str.encode))
def test_parsing_a_policy_never_raises(body: bytes) -> None:
    parsed = parse_policy(body)
    assert isinstance(parsed, (StsPolicy, Malformed))


@pytest.mark.parametrize(
    "text",
    [
        "v=STSv1; id=20160831085700Z;",
        "v=STSv1;id=20160831085700Z",
        "v=STSv1 \t;\tid=20160831085700Z ; ",
        "v=STSv1; id=20160831085700Z; id=other",
        "v=STSv1; future=yes; id=20160831085700Z",
    ],
)
def test_records_of_the_grammar_are_read(text: str) -> None:
    parsed = parse_record(text)
    assert isinstance(parsed, StsRecord)
    assert parsed.id == "20160831085700Z"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("V=STSv1; id=1", "has to start"),
        ("v=STSV1; id=1", "has to start"),
        ("", "has to start"),
        ("v=STSv1", "semicolon"),
        ("v=STSv1 id=1", "semicolon"),
        ("v=STSv1;", "no name=value"),
        ("v=STSv1;;id=1", "no name=value"),
        ("v=STSv1; id", "no name=value"),
        ("v=STSv1; id=", "1 to 32"),
        ("v=STSv1; id=2026-11-21", "1 to 32"),
        (f"v=STSv1; id={'1' * 33}", "1 to 32"),
        ("v=STSv1; id=1 ", "white space"),
        ("v=STSv1; other=1", "id= is missing"),
        ("v=STSv1; id=1; a=b=c", "visible ASCII"),
        ("v=STSv1; id=1; a=\u00a0", "visible ASCII"),
    ],
)
def test_records_outside_the_grammar_say_why(text: str, reason: str) -> None:
    parsed = parse_record(text)
    assert isinstance(parsed, Malformed)
    assert reason in parsed.reason


GOOD = "version: STSv1\nmode: enforce\nmx: mx.example.com\nmax_age: 604800\n"


@pytest.mark.parametrize(
    "body",
    [
        GOOD,
        GOOD.replace("\n", "\r\n"),
        GOOD.removesuffix("\n"),
        GOOD.replace(": ", ":"),
        GOOD.replace(": ", ":\t  "),
        GOOD.replace("\n", " \t\n"),
        GOOD.replace("\n", "\r\n", 2),
        "max_age: 604800\nfuture: some thing\nmx: mx.example.com\nmode: enforce\nmode: none\nversion: STSv1",
        GOOD + "max_age: 1\n",
    ],
)
def test_policies_of_the_grammar_are_read(body: str) -> None:
    parsed = parse_policy(body.encode())
    assert isinstance(parsed, StsPolicy)
    assert (parsed.mode, parsed.mx, parsed.max_age, parsed.blank_lines) == (Mode.ENFORCE, ("mx.example.com",), 604800, 0)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("", "version is missing"),
        (GOOD.replace("STSv1", "stsv1"), "has to be STSv1"),
        (GOOD.replace("enforce", "Enforce"), "mode is one of"),
        (GOOD.replace("mode", "Mode"), "mode is missing"),
        (GOOD.replace("mx: mx.example.com\n", ""), "needs at least one"),
        (GOOD.replace("604800", "31557601"), "0 to 31557600"),
        (GOOD.replace("604800", "-1"), "0 to 31557600"),
        (GOOD.replace("604800", "٣"), "0 to 31557600"),
        (GOOD.replace("604800", "00000604800"), "0 to 31557600"),
        (GOOD.replace("mx.example.com", "mx.example.com."), "no dot at the end"),
        (GOOD.replace("mx.example.com", "mx.example.com, mx2.example.com"), "one host a line"),
        (GOOD.replace("mx.example.com", "mx*.example.com"), "host name"),
        (GOOD.replace("mx.example.com", ".example.com"), "host name"),
        (GOOD.replace("mx:", "mx :"), "no space before the colon"),
        (GOOD.replace("mx: ", "mx "), "no `key: value`"),
        (GOOD.replace("\n", "\r"), "control character"),
        ("\ufeff" + GOOD, "byte order mark"),
        ("<!doctype html>\n<title>Not found</title>", "no `key: value`"),
    ],
)
def test_policies_outside_the_grammar_say_why(body: str, reason: str) -> None:
    parsed = parse_policy(body.encode())
    assert isinstance(parsed, Malformed)
    assert reason in parsed.reason


def test_a_policy_that_is_not_utf8_is_malformed() -> None:
    parsed = parse_policy(GOOD.encode() + b"x: \xff\n")
    assert isinstance(parsed, Malformed)
    assert parsed.marked().endswith(">>\\xff<<\\u{a}")


def test_blank_lines_are_counted_not_refused() -> None:
    parsed = parse_policy((GOOD + "\n\n").encode())
    assert isinstance(parsed, StsPolicy)
    assert parsed.blank_lines == 2


def test_mode_none_needs_no_mx() -> None:
    assert parse_policy(b"version: STSv1\nmode: none\nmax_age: 0") == StsPolicy(Mode.NONE, 0)


@pytest.mark.parametrize("hostile", [b"a" * 65536, b"\n" * 65536, b" " * 65536, b"mx: " + b"a-" * 32000, b"mx: " + b"a." * 32000 + b"-"])
def test_a_hostile_policy_is_read_quickly(hostile: bytes) -> None:
    start = time.process_time()
    parse_policy(hostile)
    parse_policy(b"".join(b"%x:1\n" % number for number in range(9000)))
    parse_record("v=STSv1;" + ";".join(f"{number:x}=1" for number in range(9000)))
    parse_record("v=STSv1; id=" + " " * 60000 + "x")
    assert time.process_time() - start < 2


@pytest.mark.parametrize(
    ("pattern", "host", "covered"),
    [
        ("mx.example.com", "mx.example.com", True),
        ("MX.Example.com", "mx.example.com", True),
        ("mx.example.com", "mx2.example.com", False),
        ("*.example.com", "mx.example.com", True),
        ("*.example.com", "example.com", False),
        ("*.example.com", "a.mx.example.com", False),
        ("*.example.com", ".example.com", False),
        ("example.com", "mx.example.com", False),
    ],
)
def test_a_wildcard_stands_for_exactly_one_label(pattern: str, host: str, covered: bool) -> None:
    assert matches(pattern, host) is covered


@given(HOSTS, LABELS)
def test_a_pattern_covers_its_own_host_and_no_deeper_one(host: str, label: str) -> None:
    assert matches(host, host)
    assert matches(f"*.{host}", f"{label}.{host}")
    assert not matches(f"*.{host}", f"{label}.{label}.{host}")


def world(*texts: str, rcode: str = "NOERROR") -> tuple[list[Ask], Reply]:
    records = tuple(Record("_mta-sts.example.com", "TXT", 300, render_txt(text)) for text in texts)
    return [], DnsAnswer(rcode, records)


def run(*texts: str, rcode: str = "NOERROR") -> tuple[list[Ask], object]:
    asked, answer = world(*texts, rcode=rcode)

    def reply(ask: Ask) -> Reply:
        asked.append(ask)
        if ask == Question("_mta-sts.example.com", "TXT"):
            return answer
        if isinstance(ask, Url):
            return HttpsAnswer("192.0.2.1", TlsHandshake(True), 200, "text/plain", body=GOOD.encode())
        return NoAnswer(Silence.TIMEOUT)

    return asked, replay(discover("example.com", ScanOptions()), reply)


def test_without_a_record_nothing_is_fetched() -> None:
    for texts, rcode in (((), "NXDOMAIN"), (("v=spf1 -all",), "NOERROR"), ((), "SERVFAIL")):
        asked, _ = run(*texts, rcode=rcode)
        assert asked == [Question("_mta-sts.example.com", "TXT")]


def test_with_a_record_the_policy_and_its_host_are_asked_for() -> None:
    asked, found = run("v=STSv1; id=1", "V=STSv1; id=2", "v=STSv1")
    assert asked[1:] == [
        Question("mta-sts.example.com", "A"),
        Question("mta-sts.example.com", "AAAA"),
        Url("https://mta-sts.example.com/.well-known/mta-sts.txt", 65536),
    ]
    assert getattr(found, "records", ()) == ("v=STSv1; id=1",)
    assert getattr(found, "discarded", ()) == ("V=STSv1; id=2", "v=STSv1")
