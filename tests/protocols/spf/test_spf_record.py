from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hauberk.protocols import spf
from hauberk.protocols.malformed import Malformed
from hauberk.protocols.spf.macros import MacroString, expand, parse_domain_spec, parse_explanation, target_name
from hauberk.protocols.spf.terms import (
    A,
    All,
    Exists,
    Explanation,
    Include,
    Ip4,
    Ip6,
    MxHosts,
    Ptr,
    Qualifier,
    Redirect,
    Term,
    UnknownModifier,
)


def record(text: str) -> spf.SpfRecord:
    parsed = spf.parse(text)
    assert isinstance(parsed, spf.SpfRecord)
    return parsed


def marked(text: str) -> list[str]:
    return [fault.marked() for fault in record(text).faults]


def domain(text: str) -> MacroString:
    parsed = parse_domain_spec(text)
    assert isinstance(parsed, MacroString)
    return parsed


LABELS = st.from_regex(r"\A[a-z][a-z0-9-]{0,8}[a-z0-9]\Z")


def macro(letter: str, keep: int, reverse: str, delimiters: str) -> str:
    return f"%{{{letter}{keep or ''}{reverse}{delimiters}}}"


def in_a_row(terms: list[Term], redirect: MacroString | None, exp: MacroString | None) -> tuple[Term, ...]:
    return (*terms, *((Redirect(redirect),) if redirect else ()), *((Explanation(exp),) if exp else ()))


MACROS = st.builds(
    macro,
    st.sampled_from("slodipvhSLODIPVH"),
    st.integers(0, 99),
    st.sampled_from(["", "r", "R"]),
    st.sampled_from(["", ".", "-", "+_=", ",/"]),
)
DOMAINS = st.lists(LABELS | MACROS | st.sampled_from(["%%", "%_", "%-", "a:b/c"]), min_size=1, max_size=4).map(
    lambda parts: domain(".".join([*parts, "example.com"]))
)
QUALIFIERS = st.sampled_from(Qualifier)
TERMS: st.SearchStrategy[Term] = st.one_of(
    st.builds(All, QUALIFIERS),
    st.builds(Include, DOMAINS, QUALIFIERS),
    st.builds(A, st.none() | DOMAINS, st.integers(0, 32), st.integers(0, 128), QUALIFIERS),
    st.builds(MxHosts, st.none() | DOMAINS, st.integers(0, 32), st.integers(0, 128), QUALIFIERS),
    st.builds(Ptr, st.none() | DOMAINS, QUALIFIERS),
    st.builds(Ip4, st.integers(0, 2**32 - 1).map(IPv4Address), st.integers(0, 32), QUALIFIERS),
    st.builds(Ip6, st.integers(0, 2**128 - 1).map(IPv6Address), st.integers(0, 128), QUALIFIERS),
    st.builds(Exists, DOMAINS, QUALIFIERS),
    st.builds(UnknownModifier, st.sampled_from(["moo", "x-y.z", "ip4"]), DOMAINS),
)
RECORDS = st.builds(in_a_row, st.lists(TERMS, max_size=8), st.none() | DOMAINS, st.none() | DOMAINS)
WORDS = st.sampled_from(
    [
        "v=spf1",
        " ",
        "  ",
        "a",
        "mx",
        "ip4:",
        "ip6:",
        "all",
        "-all",
        "include:",
        "redirect=",
        "%",
        "%{",
        "}",
        "/",
        "//",
        "0",
        "é",
        "\u00a0",
        ".",
    ]
)


@given(RECORDS)
def test_parse_is_the_inverse_of_render(terms: tuple[Term, ...]) -> None:
    parsed = record(spf.render(spf.SpfRecord("", terms)))
    assert parsed.terms == terms
    assert parsed.faults == ()


@given(st.text() | st.text().map("v=spf1 ".__add__) | st.lists(WORDS).map(lambda words: "v=spf1 " + "".join(words)))
def test_parse_never_raises_and_its_faults_lie_within_the_text(text: str) -> None:
    parsed = spf.parse(text)
    faults = (parsed,) if isinstance(parsed, Malformed) else parsed.faults
    for fault in faults:
        assert fault.text == text
        assert 0 <= fault.position <= fault.position + fault.length <= len(text)
        fault.marked()


@given(st.text(max_size=300))
def test_macro_parsers_never_raise_and_an_expansion_makes_a_name_or_none(text: str) -> None:
    for parsed in (parse_domain_spec(text), parse_explanation(text)):
        if isinstance(parsed, MacroString):
            name = target_name(expand(parsed, lambda letter: "x" * 70 if letter == "h" else "a.b"))
            assert name is None or (name.isascii() and len(name) <= 253 and all(0 < len(label) < 64 for label in name.split(".")))


def test_version_in_any_case_is_a_record() -> None:
    assert record("V=SPF1 -all").all == All(Qualifier.FAIL)


@pytest.mark.parametrize("text", ["", "v=spf", "v=spf10", "v=spf1include:a.example", " v=spf1 -all", "v=spf1\u00a0-all", "v=spf1\t-all"])
def test_what_does_not_start_with_the_version_is_no_record(text: str) -> None:
    assert isinstance(spf.parse(text), Malformed)


def test_every_fault_of_a_record_is_listed() -> None:
    assert marked("v=spf1 ipv4:192.0.2.1 a:museum include: ip4:192.0.2.300 -all") == [
        "v=spf1 >>ipv4<<:192.0.2.1 a:museum include: i",
        "v=spf1 ipv4:192.0.2.1 a:>>museum<< include: ip4:192.0.2.300 -all",
        "v4:192.0.2.1 a:museum include:>><< ip4:192.0.2.300 -all",
        "2.0.2.1 a:museum include: ip4:>>192.0.2.300<< -all",
    ]


@pytest.mark.parametrize(
    ("text", "place", "reason"),
    [
        ("v=spf1 ip4: 192.0.2.1 -all", "v=spf1 >>ip4: 192.0.2.1<< -all", "no space after ip4:"),
        ("v=spf1 include: a.example.com", "v=spf1 >>include: a.example.com<<", "no space after include:"),
        ("v=spf1 mx ~allgoogle-site-verification=abc", "v=spf1 mx ~all>>google-site-verification=abc<<", "glued to ~all"),
        ("v=spf1 ipv4:192.0.2.1 -all", "v=spf1 >>ipv4<<:192.0.2.1 -all", "ip4 is meant"),
        ("v=spf1 mx\u00a0-all", "v=spf1 mx>>\\u{a0}<<-all", "invisible character"),
        ("v=spf1 mx –all", "v=spf1 mx >>–<<all", "the character – is not allowed"),
        ("v=spf1 include:a.example.com\u200b -all", "v=spf1 include:a.example.com>>\\u{200b}<< -all", "printable ASCII"),
        ("v=spf1 a:192.0.2.1 -all", "v=spf1 a:192.0.2.>>1<< -all", "use ip4:"),
        ("v=spf1 redirect:example.com", "v=spf1 redirect>>:<<example.com", "written with ="),
        ("v=spf1 spf.example.com -all", "v=spf1 >>spf.example.com<< -all", "without a mechanism"),
        ("v=spf1 exists:%{x}.example.com", "v=spf1 exists:>>%{x}<<.example.com", "no macro %{x}"),
        ("v=spf1 a/33 -all", "v=spf1 a>>/33<< -all", "prefix length"),
        ("v=spf1 redirect=a.example redirect=b.example", "v=spf1 redirect=a.example >>redirect=b.example<<", "only once"),
        ("v=spf1 ip6:fe80::1%eth0 -all", "v=spf1 ip6:>>fe80::1%eth0<< -all", "not an IPv6 address"),
    ],
)
def test_fault_is_shown_with_its_place_and_its_reason(text: str, place: str, reason: str) -> None:
    (fault,) = record(text).faults
    assert fault.marked() == place
    assert reason in fault.reason


def test_host_part_of_a_network_is_allowed() -> None:
    assert record("v=spf1 ip4:192.0.2.77/24").terms == (Ip4(IPv4Address("192.0.2.77"), 24),)


def test_mechanisms_behind_all_and_a_redirect_beside_it_have_no_effect() -> None:
    parsed = record("v=spf1 mx -all a redirect=example.com")
    assert parsed.effective == (MxHosts(), All(Qualifier.FAIL))
    assert parsed.redirect is None


def test_long_hostile_records_are_parsed_in_linear_time() -> None:
    for filler in ("a:" + "a" * 65_000, "ip4:" + "1" * 65_000, "a" + "/1" * 32_000, "%{" * 32_000, ". " * 32_000, "ip4: " * 13_000):
        assert record("v=spf1 " + filler).faults
