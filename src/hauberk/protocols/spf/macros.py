"""Macro strings of SPF: `%{ir}.%{v}._spf.%{d2}` (RFC 7208, section 7)."""

import re
from collections.abc import Callable
from functools import cached_property, lru_cache
from urllib.parse import quote

from msgspec import Struct

from hauberk.protocols.malformed import Malformed, visible

DOMAIN_LETTERS = "slodipvh"
EXPLANATION_LETTERS = DOMAIN_LETTERS + "crt"

_EXPAND = re.compile(r"%(?:\{([A-Za-z])([0-9]*)([rR]?)([.\-+,/_=]*)\}|([%_-]))")
_LITERAL = re.compile(r"[\x21-\x24\x26-\x7e]+")
_LITERAL_OR_SPACE = re.compile(r"[\x20-\x24\x26-\x7e]+")
_DELIMITERS = {"%": "%", "_": " ", "-": "%20"}
_ALPHANUMERIC = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")


class Macro(Struct, frozen=True, gc=False):
    """One `%{...}`: `letter` in lower case, `keep` right-hand parts (0 for all), `escape` when the letter was upper case."""

    letter: str
    keep: int = 0
    reverse: bool = False
    delimiters: str = "."
    escape: bool = False


class MacroString(Struct, frozen=True, dict=True, cache_hash=True):
    """`text` as published; `parts` with `%%`, `%_` and `%-` already replaced by what they stand for."""

    text: str
    parts: tuple[str | Macro, ...]

    @cached_property
    def letters(self) -> frozenset[str]:
        return frozenset(part.letter for part in self.parts if isinstance(part, Macro))

    def __str__(self) -> str:
        return self.text


def parse_macro_string(text: str) -> MacroString | Malformed:
    """`macro-string` of an unknown modifier; it may be empty."""
    return _parse(text, DOMAIN_LETTERS, _LITERAL)


@lru_cache(maxsize=1024)
def parse_explanation(text: str) -> MacroString | Malformed:
    """`explain-string`: spaces and the letters c, r and t are allowed (RFC 7208, 6.2)."""
    return _parse(text, EXPLANATION_LETTERS, _LITERAL_OR_SPACE)


def parse_domain_spec(text: str) -> MacroString | Malformed:
    """`domain-spec`: ends in a macro, or in a dot and a top label that is not all digits (RFC 7208, 7.1)."""
    if not text:
        return Malformed(text, 0, "a domain name is missing here", 0)
    parsed = parse_macro_string(text)
    if isinstance(parsed, Malformed):
        return parsed
    ending = text[max((match.end() for match in _EXPAND.finditer(text)), default=0) :]
    if not ending:
        return parsed
    before, dot, label = ending.removesuffix(".").rpartition(".")
    if not dot:
        return Malformed(text, 0, f"{visible(text)} is not a full domain name: it needs a dot and a top-level label", len(text))
    if not _is_top_label(label):
        at = len(text) - len(ending) + len(before) + 1
        what = "is an IP address, not a domain name: use ip4:" if label.isdigit() else "does not end in a valid top-level label"
        return Malformed(text, at, f"{visible(text)} {what}", max(len(label), 1))
    return parsed


def _parse(text: str, letters: str, literal: re.Pattern[str]) -> MacroString | Malformed:
    parts: list[str | Macro] = []
    at = 0
    while at < len(text):
        if plain := literal.match(text, at):
            parts.append(plain.group())
            at = plain.end()
            continue
        match = _EXPAND.match(text, at)
        if match is None:
            return _bad_character(text, at)
        letter, keep, reverse, delimiters, replaced = match.groups()
        if replaced:
            parts.append(_DELIMITERS[replaced])
        elif letter.lower() not in letters:
            return Malformed(text, at, f"there is no macro %{{{letter}}} here (RFC 7208, 7.2)", match.end() - at)
        elif keep and (len(keep) > 9 or int(keep) == 0):
            return Malformed(text, at, "the number in a macro must be from 1 upwards (RFC 7208, 7.1)", match.end() - at)
        else:
            parts.append(Macro(letter.lower(), int(keep or 0), bool(reverse), delimiters or ".", letter.isupper()))
        at = match.end()
    return MacroString(text, tuple(parts))


def _bad_character(text: str, at: int) -> Malformed:
    if text[at] == "%":
        return Malformed(text, at, "a % must be followed by {, %, _ or - (RFC 7208, 7.1)")
    return Malformed(text, at, f"the character {visible(text[at])} is not allowed here: SPF is printable ASCII (RFC 7208, 3.1)")


def _is_top_label(label: str) -> bool:
    if not label or not all(c in _ALPHANUMERIC or c == "-" for c in label):
        return False
    return not label.isdigit() and label[0] != "-" and label[-1] != "-"


def expand(string: MacroString, value: Callable[[str], str]) -> str:
    """The string with `value(letter)` put in for each macro (RFC 7208, 7.3)."""
    return "".join(part if isinstance(part, str) else _expand_one(part, value(part.letter)) for part in string.parts)


def _expand_one(macro: Macro, value: str) -> str:
    pieces = re.split("[" + re.escape(macro.delimiters) + "]", value)
    if macro.reverse:
        pieces.reverse()
    joined = ".".join(pieces[-macro.keep :] if macro.keep else pieces)
    return quote(joined, safe="-._~") if macro.escape else joined


@lru_cache(maxsize=8192)
def target_name(expanded: str) -> str | None:
    """The name to ask for, spelled like `Question.name`: cut on the left to 253 octets (RFC 7208, 7.3); None if no DNS name."""
    name = expanded.removesuffix(".").lower()
    while len(name) > 253:
        _, dot, name = name.partition(".")
        if not dot:
            return None
    if not name or not name.isascii() or any(not 0 < len(label) < 64 for label in name.split(".")):
        return None
    return name
