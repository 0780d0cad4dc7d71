from datetime import UTC, datetime
from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hauberk.lab.zonetext import ZoneText
from hauberk.model.dns import DnsAnswer, NoAnswer, Question, Record, Silence
from hauberk.protocols import spf
from hauberk.protocols.rdata import render_txt
from hauberk.protocols.spf.client import client
from hauberk.protocols.spf.macros import MacroString, expand, parse_explanation
from hauberk.protocols.walk import Ask, Reply, replay


def expanded(text: str, ip: str = "192.0.2.3") -> str:
    string = parse_explanation(text)
    assert isinstance(string, MacroString)
    who = client(ip_address(ip), "email.example.com", "strong-bad@email.example.com", "mx.example.org", "rx.example.net", AT)
    return expand(string, who.value)


AT = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("%{s}", "strong-bad@email.example.com"),
        ("%{o}", "email.example.com"),
        ("%{d}", "email.example.com"),
        ("%{d4}", "email.example.com"),
        ("%{d3}", "email.example.com"),
        ("%{d2}", "example.com"),
        ("%{d1}", "com"),
        ("%{dr}", "com.example.email"),
        ("%{d2r}", "example.email"),
        ("%{l}", "strong-bad"),
        ("%{l-}", "strong.bad"),
        ("%{lr}", "strong-bad"),
        ("%{lr-}", "bad.strong"),
        ("%{l1r-}", "strong"),
        ("%{ir}.%{v}._spf.%{d2}", "3.2.0.192.in-addr._spf.example.com"),
        ("%{lr-}.lp._spf.%{d2}", "bad.strong.lp._spf.example.com"),
        ("%{d2}.trusted-domains.example.net", "example.com.trusted-domains.example.net"),
        ("%{S}", "strong-bad%40email.example.com"),
        ("%{h} %{c} %{r} %{t}", "mx.example.org 192.0.2.3 rx.example.net 1795262400"),
        ("100%% sure%_of%-it", "100% sure of%20it"),
    ],
)
def test_macros_expand_as_in_the_examples_of_rfc_7208_7_4(text: str, wanted: str) -> None:
    assert expanded(text) == wanted


def test_ipv6_is_expanded_by_nibbles() -> None:
    wanted = "1.0.b.c.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6._spf.example.com"
    assert expanded("%{ir}.%{v}._spf.%{d2}", "2001:db8::cb01").lower() == wanted


def test_the_matching_term_and_the_costs_are_told() -> None:
    zone = ZoneText.parse("""
        example.com. TXT "v=spf1 a:gone.example.com include:b.example.com -all"
        b.example.com. TXT "v=spf1 ip4:192.0.2.0/24 ?all"
    """)

    def reply(ask: Ask) -> Reply:
        assert isinstance(ask, Question)
        return zone.answer(ask, secure=())

    result = replay(spf.check_host("192.0.2.7", "example.com", "a@example.com", "mx.example.com"), reply)
    assert result == spf.SpfResult(spf.Result.PASS, "example.com", "include:b.example.com", lookups=2, void_lookups=1)
    result = replay(spf.check_host("198.51.100.7", "example.com", "a@example.com", "mx.example.com"), reply)
    assert result == spf.SpfResult(spf.Result.FAIL, "example.com", "-all", lookups=2, void_lookups=1)


WORDS = st.sampled_from(
    "include:a.example.com include:example.com redirect=a.example.com mx a exists:%{l}.%{p} ptr exp=%{p}.x ?all bad: a:%{H}.%{i}.x".split()
)
TEXTS = st.lists(WORDS, max_size=12).map(lambda words: "v=spf1 " + " ".join(words)) | st.text(max_size=20)


@given(
    st.fixed_dictionaries({"example.com": TEXTS, "a.example.com": TEXTS}),
    st.sampled_from(["192.0.2.1", "2001:db8::1", "::ffff:192.0.2.1"]),
    st.text(max_size=30),
    st.text(max_size=30),
    st.sampled_from([DnsAnswer("NXDOMAIN"), DnsAnswer("SERVFAIL"), NoAnswer(Silence.TIMEOUT), None]),
)
def test_evaluation_ends_within_the_limits_whatever_is_said(
    texts: dict[str, str], ip: str, local: str, helo: str, otherwise: DnsAnswer | NoAnswer | None
) -> None:
    asked = list[Ask]()

    def reply(ask: Ask) -> Reply:
        assert isinstance(ask, Question)
        asked.append(ask)
        if ask.type == "TXT" and ask.name in texts:
            return DnsAnswer("NOERROR", (Record(ask.name, "TXT", 300, render_txt(texts[ask.name].encode("utf-8", "replace").decode())),))
        data = {"MX": "10 a.example.com.", "A": "192.0.2.9", "AAAA": "bad", "PTR": "a.example.com."}.get(ask.type)
        return otherwise or DnsAnswer("NOERROR", (Record(ask.name, ask.type, 300, data),) if data else ())

    result = replay(spf.check_host(ip, "example.com", f"{local}@example.com", helo, at=AT), reply)
    assert result.lookups <= 11
    assert len(asked) < 100
