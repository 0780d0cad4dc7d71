"""Foreign text made fit for the page: whatever a name server, a certificate or a person wrote, it can be set and does no harm.

Typst with PDF/A and PDF/UA refuses a character that no font has, so the coverage of the shipped fonts is asked first. What cannot
be shown, does not print or changes the direction of reading appears as `\\u{...}`. Escaping alone is no concern of this module:
the template gets all text as JSON data and never as markup.
"""

import unicodedata
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import msgspec

FONTS = Path(__file__).parent / "fonts"
LONGEST = 4_000  # characters of one string on the page; Typst gives up over 16,383
BREAK = "\u200b"  # the template breaks lines here and sets nothing, so that copied text is whole
_LONG_TOKEN = 16
_LONG_RUN = 6
_LONG_WORD = 26  # what looks like a word is broken later than what looks like a key
_MOST_MARKS = 8  # combining marks on one letter; more of them would run over the lines above and below
_JOINERS = "\u200c\u200d"
_BREAK_AFTER = frozenset(".,;:/=@&?|_+-%~")


@dataclass(frozen=True, slots=True)
class Font:
    """A shipped font: `ranges` are the first and last code points of what it has, ascending."""

    font: str
    family: str
    ranges: tuple[tuple[int, int], ...]

    def has(self, character: str) -> bool:
        at = bisect_right(self.ranges, (ord(character), 0x110000)) - 1
        return at >= 0 and self.ranges[at][0] <= ord(character) <= self.ranges[at][1]


@cache
def fonts() -> tuple[Font, ...]:
    return msgspec.json.decode((FONTS / "coverage.json").read_bytes(), type=tuple[Font, ...])


@cache
def _everywhere() -> tuple[Font, ...]:
    """The fonts that the template falls back to from each of its own."""
    return tuple(font for font in fonts() if font.family == "IBM Plex Sans" or font.family.startswith("Noto"))


def fallbacks() -> tuple[str, ...]:
    """Their families, in the order in which the template asks them."""
    return tuple(dict.fromkeys(font.family for font in _everywhere()))


def settable(text: str, limit: int = LONGEST) -> str:
    """`text` as it can be set, at most `limit` characters of it, with `BREAK` where a long token may be broken."""
    return broken("".join(_shown(cluster) for cluster in _clusters(shortened(text, limit))))


def shortened(text: str, limit: int) -> str:
    """At most `limit` characters, and then how many were left out."""
    return text if len(text) <= limit else f"{text[:limit]}… ({len(text) - limit:,} characters left out)"


def clipped(text: str, limit: int) -> str:
    """At most `limit` characters, the last of them `…` where more were left out."""
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def broken(text: str) -> str:
    """`text` with `BREAK` inside tokens that are too long for a narrow column."""
    if len(text) <= _LONG_TOKEN:
        return text
    return " ".join(token if len(token) <= _LONG_TOKEN else _with_breaks(token) for token in text.split(" "))


def ascii_only(text: str) -> str:
    """The last resort, which every font has: everything but printable ASCII as `\\u{...}`."""
    return "".join(c if " " <= c <= "~" or c == BREAK else _escaped(c) for c in text)


def _clusters(text: str) -> Iterator[str]:
    """A letter with the marks and joiners that belong to it; one font has to have all of them."""
    start = 0
    for at in range(1, len(text) + 1):
        if at == len(text) or not _joins(text, at):
            yield text[start:at]
            start = at


def _joins(text: str, at: int) -> bool:
    character = text[at]
    if character.isascii():
        return False
    if character in _JOINERS:
        return _wants_joiners(text[at - 1])
    return unicodedata.category(character)[0] == "M"


def _wants_joiners(character: str) -> bool:
    """Arabic to Sinhala, Myanmar and Khmer are spelt with joiners; elsewhere an invisible character only deceives."""
    return 0x0600 <= ord(character) <= 0x0DFF or 0x1000 <= ord(character) <= 0x109F or 0x1780 <= ord(character) <= 0x17FF


def _shown(cluster: str) -> str:
    if cluster.isascii() and cluster.isprintable():
        return cluster
    drawn = [c for c in cluster if c not in _JOINERS]
    plain = all(c.isprintable() and (c == " " or not c.isspace()) for c in drawn)
    starts_well = bool(drawn) and unicodedata.category(drawn[0])[0] != "M" and cluster[0] not in _JOINERS
    if plain and starts_well and len(cluster) <= _MOST_MARKS and any(all(font.has(c) for c in drawn) for font in _everywhere()):
        return cluster
    return "".join(_escaped(c) for c in cluster)


def _escaped(character: str) -> str:
    return character if character.isascii() and character.isprintable() else f"\\u{{{ord(character):x}}}"


def _with_breaks(token: str) -> str:
    parts: list[str] = []
    run = 0
    for at, character in enumerate(token):
        parts.append(character)
        run += 1
        following = token[at + 1 : at + 2]
        if not following or not (character.isascii() and following.isascii()):
            run = 0 if _breaks_by_itself(character) else run
            if run < _LONG_WORD or not following or unicodedata.category(following)[0] == "M" or following in _JOINERS:
                continue
        elif (character not in _BREAK_AFTER or run < 3) and run < (_LONG_WORD if _is_word(token[at - run + 2 : at + 1]) else _LONG_RUN):
            continue
        parts.append(BREAK)
        run = 0
    return "".join(parts)


def _is_word(run: str) -> bool:
    return run.isalpha() and run.islower()


def _breaks_by_itself(character: str) -> bool:
    return 0x2E80 <= ord(character) <= 0xFFEF or ord(character) >= 0x20000
