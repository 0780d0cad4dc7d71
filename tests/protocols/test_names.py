from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hauberk.protocols.malformed import Malformed
from hauberk.protocols.names import ancestors, is_at_or_below, parse_domain, parse_helo, registrable, to_unicode


@pytest.mark.parametrize(
    ("typed", "domain"),
    [
        ("example.com", "example.com"),
        (" Example.COM. ", "example.com"),
        ("https://www.example.com:8443/path?q=1", "www.example.com"),
        ("https://user:secret@example.com/", "example.com"),
        ("example.com/index.html", "example.com"),
        ("someone@Example.com", "example.com"),
        ("Some One <someone@example.com>", "example.com"),
        ("mailto:someone@example.com?subject=x", "example.com"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("BÜCHER.example", "xn--bcher-kva.example"),
        ("例え。テスト", "xn--r8jz45g.xn--zckzah"),
        ("faß.example", "xn--fa-hia.example"),
        ("_dmarc.example.com", "_dmarc.example.com"),
    ],
)
def test_what_people_type_is_understood(typed: str, domain: str) -> None:
    assert parse_domain(typed) == domain


NO_DOMAINS = """
. .. localhost a..b .example.com 192.0.2.1 [2001:db8::1] -a.com http:// http://[bad/ user@ *.example.com
"""


@pytest.mark.parametrize("typed", ["", *NO_DOMAINS.split(), "exa mple.com", "a" * 64 + ".com", "a.b" * 200, "x" * 300])
@pytest.mark.parametrize("change", [str, str.upper])
def test_no_domain_is_refused_with_a_reason(typed: str, change: Callable[[str], str]) -> None:
    refused = parse_domain(change(typed))
    assert isinstance(refused, Malformed)
    assert refused.reason


@pytest.mark.parametrize(
    "typed", ["ex\x00ample.com", "xn--\u0130.com", "\u202egro.elpmaxe", "a@one.com, b@two.com", "A <a@one.com>; B <b@two.com>"]
)
def test_what_is_no_domain_is_refused_with_a_reason(typed: str) -> None:
    refused = parse_domain(typed)
    assert isinstance(refused, Malformed)
    assert refused.reason


def test_a_hyphen_at_the_end_of_a_label_is_told_as_such() -> None:
    refused = parse_domain("-bad-.test")
    assert isinstance(refused, Malformed)
    assert refused.reason == "the label '-bad-' begins or ends with a hyphen"


@given(st.text(max_size=400))
def test_no_text_makes_the_parser_raise_and_what_it_gives_is_a_name(text: str) -> None:
    parsed = parse_domain(text)
    if isinstance(parsed, str):
        assert parsed.isascii()
        assert len(parsed) <= 253
        assert parse_domain(parsed) == parsed == parse_helo(parsed)


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("probe.example.net", "probe.example.net"),
        ("Probe.Example.net.", "probe.example.net"),
        ("probe", "probe"),
        ("bücher.example", "xn--bcher-kva.example"),
        *((literal, literal) for literal in ("[192.0.2.1]", "[IPv6:2001:db8::1]", "[ipv6:::ffff:192.0.2.1]")),
    ],
)
def test_a_client_is_called_by_a_host_name_or_an_address_literal(given: str, name: str) -> None:
    assert parse_helo(given) == name


NO_HELOS = """
. a..b .a bad..name -a.example a.example- a@b <a> a[1] 192.0.2.1 2001:db8::1 [] [ ] [192.0.2.1 [192.0.2.256] [2001:db8::1] [IPv6:192.0.2.1]
[IPv6:fe80::1%eth0] [IPv6:] [x400:a]
"""


@pytest.mark.parametrize(
    "given", ["", *NO_HELOS.split(), "two words", " a", "a\r\nRCPT", "[192.0.2.1]\n", "a\x00", "a" * 64, "a." * 127 + "a", "x" * 2000]
)
def test_what_no_client_is_called_is_refused_with_a_reason(given: str) -> None:
    refused = parse_helo(given)
    assert isinstance(refused, Malformed)
    assert refused.reason


def test_a_label_that_does_not_decode_stays_as_it_is() -> None:
    assert to_unicode("xn--bcher-kva.example") == "bücher.example"
    assert to_unicode("xn--99999999.example") == "xn--99999999.example"


def test_ancestors_and_suffixes() -> None:
    assert ancestors("a.b.c") == ("a.b.c", "b.c", "c")
    assert ancestors(".") == ()
    assert is_at_or_below("a.example.com", "example.com")
    assert not is_at_or_below("badexample.com", "example.com")
    assert registrable("mx.mail.example.co.uk") == "example.co.uk"
    assert registrable("co.uk") is None
