"""The SVG Tiny PS profile, read without trusting the file."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hauberk.protocols.bimi.svg import SvgLogo, examine
from hauberk.protocols.malformed import Malformed

GOOD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" version="1.2" baseProfile="tiny-ps" '
    'viewBox="0 0 64 64">\n<title>Example &amp; Co</title>\n'
    '<defs><linearGradient id="a"><stop offset="0"/></linearGradient></defs>'
    '<g fill="url(#a)"><path d="M0 0h64v64H0z"/><use xlink:href="#b"/></g>\n</svg>\n'
)


def test_a_logo_of_the_profile_has_no_departures() -> None:
    assert examine(GOOD.encode()) == SvgLogo("Example & Co", (64, 64))


@pytest.mark.parametrize(
    ("old", "new", "departure"),
    [
        ('version="1.2"', 'version="1.1"', 'version has to be "1.2", it is "1.1"'),
        ('baseProfile="tiny-ps"', 'baseProfile="tiny"', 'baseProfile has to be "tiny-ps", it is "tiny"'),
        ('baseProfile="tiny-ps"', "", 'baseProfile has to be "tiny-ps"'),
        ("<title>Example &amp; Co</title>", "", "one <title> with text is required right below <svg>"),
        ("<title>Example &amp; Co</title>", "<title> </title>", "one <title> with text is required right below <svg>"),
        ("<title>Example &amp; Co</title>", "<g><title>x</title></g>", "one <title> with text is required right below <svg>"),
        ('viewBox="0 0 64 64"', 'viewBox="0 0 64 32"', "the logo is not square: viewBox is 64 by 32"),
        ('viewBox="0 0 64 64"', "", "viewBox is missing or not four numbers with a size above 0"),
        ('viewBox="0 0 64 64"', 'viewBox="0 0 0 64"', "viewBox is missing or not four numbers with a size above 0"),
        ('viewBox="0', 'x="0" viewBox="0', "<svg> must not have the attribute x"),
        ("<path", "<script>alert(1)</script><path", "<script> is not in the profile"),
        ("<path", "<animate/><path", "<animate> is not in the profile"),
        ("<path", '<image xlink:href="data:image/png;base64,AA=="/><path', "<image> is not in the profile"),
        ("<path", '<path onclick="x()"', "<path> has the script attribute onclick"),
        ('href="#b"', 'href="https://evil.example/x.svg#b"', "<use> refers outside the document: https://evil.example/x.svg#b"),
        ("url(#a)", "url( 'https://evil.example/')", "<g> refers outside the document: url( 'https://evil.example/')"),
        ("<svg", '<?xml-stylesheet href="x.css"?><svg', "the processing instruction <?xml-stylesheet?> is not in the profile"),
    ],
)
def test_departures_from_the_profile_are_named(old: str, new: str, departure: str) -> None:
    assert old in GOOD
    logo = examine(GOOD.replace(old, new, 1).encode())
    assert isinstance(logo, SvgLogo)
    assert departure in logo.departures


@pytest.mark.parametrize("reference", ["url(#a)", "url( #a )", "url('#a')", "URL( '#a')"])
def test_references_inside_the_document_are_in_the_profile(reference: str) -> None:
    logo = examine(GOOD.replace("url(#a)", reference).encode())
    assert isinstance(logo, SvgLogo)
    assert logo.departures == ()


def test_a_logo_over_32_kib_departs() -> None:
    logo = examine(GOOD.replace("\n</svg>", " " * 32768 + "</svg>").encode())
    assert isinstance(logo, SvgLogo)
    assert "receivers take at most 32768" in logo.departures[0]


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        (b"", "not well-formed"),
        (b"<html>", "<html>, not <svg>"),
        (b"<svg/>", "not <svg> of"),
        (b"\x1f\x8b\x08", "compressed"),
        (GOOD.replace("<svg", '<!DOCTYPE svg [<!ENTITY a "b">]><svg', 1).encode(), "DTD"),
        (GOOD.replace("<svg", '<!DOCTYPE svg SYSTEM "file:///etc/passwd"><svg', 1).encode(), "DTD"),
        (GOOD.replace("Example", "&a;").encode(), "undefined entity"),
        (GOOD.replace("\n</svg>", "").encode(), "no element found"),
        (GOOD.replace("<path", "<g>" * 300 + "<path").encode(), "nested more than"),
        (GOOD.replace("UTF-8", "no-such").encode(), "unknown encoding"),
    ],
)
def test_what_no_receiver_parses_is_malformed(document: bytes, reason: str) -> None:
    logo = examine(document)
    assert isinstance(logo, Malformed)
    assert reason in logo.reason


@given(st.binary() | st.text("<>/svg=\"'&;!?[]#x ").map(lambda text: GOOD.replace("<g", text + "<g", 1).encode()))
def test_examining_never_raises(document: bytes) -> None:
    logo = examine(document)
    assert isinstance(logo, (SvgLogo, Malformed))
    if isinstance(logo, Malformed):
        assert logo.marked()


@pytest.mark.parametrize("hostile", ["url(" * 15000, "url(" + " " * 60000, "url(" + "\"'".replace('"', " ") * 30000, "0 " * 30000])
def test_a_hostile_logo_is_examined_quickly(hostile: str) -> None:
    start = time.process_time()
    examine(GOOD.replace("url(#a)", hostile).encode())
    examine(GOOD.replace("0 0 64 64", hostile).encode())
    assert time.process_time() - start < 1
