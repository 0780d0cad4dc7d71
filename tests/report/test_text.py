"""Whatever strangers wrote can be set, and deceives nobody."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hauberk.report.text import BREAK, ascii_only, clipped, fonts, settable, shortened


@pytest.mark.parametrize(
    "name",
    [
        "Example Ltd",
        "Café Zoë – “Łódź” №1 €",
        "上海龘靐科技（集团）有限公司",
        "東京株式会社カタカナ",
        "서울 주식회사",
        "தமிழ்நாடு மின்னஞ்சல்",
        "भारत डाक सेवा",
        "شركة البريد الآمن",
        "ไปรษณีย์ไทย",
        "דואר ישראל",
        "Ελληνικά Ταχυδρομεία",
        "Почта России",
    ],
)
def test_names_of_the_worlds_scripts_stay_as_written(name: str) -> None:
    assert settable(name).replace(BREAK, "") == name


def test_joiners_stay_where_a_script_is_spelt_with_them_and_show_elsewhere() -> None:
    assert settable("ශ්\u200dරී") == "ශ්\u200dරී"
    assert settable("exa\u200dmple") == "exa\\u{200d}mple"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x00", "\\u{0}"),
        ("a\nb", "a\\u{a}b"),
        ("\ud800", "\\u{d800}"),
        ("evil\u202eexe", "evil\\u{202e}exe"),
        ("\u2066x\u2069", "\\u{2066}x\\u{2069}"),
        ("a\u200bb", "a\\u{200b}b"),
        ("a\u00a0b", "a\\u{a0}b"),
        ("\U0001f600", "\\u{1f600}"),
        ("\ue000", "\\u{e000}"),
        ("\u0301x", "\\u{301}x"),
        ("\x1b[31m", "\\u{1b}[31m"),
    ],
)
def test_what_cannot_or_must_not_be_set_is_made_visible(text: str, shown: str) -> None:
    assert settable(text).replace(BREAK, "") == shown


def test_a_pile_of_marks_on_one_letter_is_made_visible() -> None:
    assert "\u0301" not in settable("a" + "\u0301" * 20)
    assert settable("e\u0301") == "e\u0301"


def test_a_mark_that_no_font_has_together_with_its_letter_is_made_visible() -> None:
    assert "\u0bcd" not in settable("中\u0bcd")


def test_long_tokens_may_be_broken_and_lose_nothing() -> None:
    key = "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A" * 20
    shown = settable(key)
    assert shown.replace(BREAK, "") == key
    assert max(len(part) for part in shown.split(BREAK)) <= 12


def test_words_are_not_broken() -> None:
    assert settable("internationalisation matters") == "internationalisation matters"


def test_long_text_is_shortened_and_says_by_how_much() -> None:
    assert shortened("x" * 1010, 10) == "x" * 10 + "… (1,000 characters left out)"
    assert clipped("x" * 1010, 10) == "x" * 9 + "…"
    assert clipped("x" * 10, 10) == "x" * 10
    assert len(settable("é" * 100_000).replace(BREAK, "")) < 5_000


def test_every_font_says_what_it_has() -> None:
    assert {"IBM Plex Sans", "IBM Plex Mono", "Noto Sans Tamil", "Noto Sans CJK SC"} <= {font.family for font in fonts()}


@given(st.text(st.characters(codec=None)))
def test_settable_text_is_printable_and_encodable(text: str) -> None:
    shown = settable(text).replace(BREAK, "")
    shown.encode()
    assert all(c.isprintable() or c in "\u200c\u200d" for c in shown)
    assert ascii_only(shown).isascii()
