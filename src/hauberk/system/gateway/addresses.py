"""The addresses in a From or Sender field (RFC 5322, 3.4 and 3.6.2), read strictly: what two programs could read differently is refused.

Obsolete forms (routes, white space inside an address), groups and address literals are not accepted; UTF-8 is (RFC 6532).
"""

import re
from dataclasses import dataclass
from typing import Final

from hauberk.system.gateway.encoded_words import decoded

_ATEXT: Final = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~\-\u0080-\U0010ffff]"
_ATOM: Final = re.compile(rf"{_ATEXT}+")
_DOT_ATOM: Final = re.compile(rf"{_ATEXT}+(?:\.{_ATEXT}+)*")
_QUOTED: Final = re.compile(r'"((?:[^"\\\r\n\x00]|\\[^\r\n\x00])*)"')
_SPACE: Final = re.compile(r"[ \t]+")
_ESCAPE: Final = re.compile(r"\\(.)")
_BETWEEN: Final = re.compile(r"[\s<>()\[\]\",;:]+")
_MOST_MAILBOXES: Final = 50
_MOST_OCTETS: Final = 20_000


class NotAddresses(ValueError):
    """Why a value is not a list of mailboxes, for the person who sent it."""


@dataclass(frozen=True, slots=True)
class Mailbox:
    """`address` with its domain in lower case; `name` is the display name, decoded (RFC 2047)."""

    name: str
    address: str


def mailboxes(value: bytes) -> tuple[Mailbox, ...]:
    """The mailboxes of a field's value (folded lines allowed); raises `NotAddresses`."""
    if len(value) > _MOST_OCTETS:
        raise NotAddresses("it is too long")
    try:
        text = re.sub(r"\r?\n(?=[ \t])", "", value.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise NotAddresses("it is not UTF-8") from error
    reader = _Reader(text)
    found = [reader.mailbox()]
    while reader.take(","):
        if len(found) >= _MOST_MAILBOXES:
            raise NotAddresses(f"it names more than {_MOST_MAILBOXES} mailboxes")
        found.append(reader.mailbox())
    if not reader.at_end():
        raise NotAddresses(f"{reader.rest()!r} is no part of an address")
    return tuple(found)


def addresses_shown(text: str) -> tuple[str, ...]:
    """What in a text would look like an address to a person, in lower case. Linear in its length, whatever it holds."""
    words = (word.strip("'.").lower() for word in _BETWEEN.split(text))
    return tuple(word for word in words if "@" in word[1:-1])


class _Reader:
    """A position in the text; each method reads one thing of the grammar and the white space and comments after it."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._skip()

    def at_end(self) -> bool:
        return self._at >= len(self._text)

    def rest(self) -> str:
        return self._text[self._at : self._at + 40]

    def take(self, sign: str) -> bool:
        if not self._text.startswith(sign, self._at):
            return False
        self._at += 1
        self._skip()
        return True

    def mailbox(self) -> Mailbox:
        """`addr-spec`, or `[display-name] <addr-spec>`."""
        start = self._at
        words: list[str] = []
        while (word := self._word()) is not None:
            words.append(word)
        if self.take("<"):
            address = self._address()
            if not self.take(">"):
                raise NotAddresses(f"`>` is missing before {self.rest()!r}")
            name = decoded(" ".join(words))
            if name is None:
                raise NotAddresses("the name in it is not encoded as RFC 2047 says")
            return Mailbox(name, address)
        self._at = start
        self._skip()
        return Mailbox("", self._address())

    def _word(self) -> str | None:
        """One word of a display name; dots as in `John Q. Public` are let pass (obs-phrase), for all programs write them."""
        if quoted := _QUOTED.match(self._text, self._at):
            self._at = quoted.end()
            self._skip()
            return _ESCAPE.sub(r"\1", quoted[1])
        start = self._at
        while (atom := _ATOM.match(self._text, self._at)) or self._text.startswith(".", self._at):
            self._at = atom.end() if atom else self._at + 1
        if self._at == start:
            return None
        word = self._text[start : self._at]
        self._skip()
        return word

    def _address(self) -> str:
        """`local-part@domain`, nothing between its parts."""
        quoted = _QUOTED.match(self._text, self._at)
        local = quoted or _DOT_ATOM.match(self._text, self._at)
        if local is None:
            raise NotAddresses(f"an address is wanted at {self.rest()!r}" if self.rest() else "an address is missing")
        domain = _DOT_ATOM.match(self._text, local.end() + 1)
        if not self._text.startswith("@", local.end()) or domain is None:
            raise NotAddresses(f"{self.rest()!r} is not an address with @ and a domain")
        self._at = domain.end()
        self._skip()
        name = _ESCAPE.sub(r"\1", quoted[1]) if quoted else local[0]
        # A quoted local part that needs no quotes is the same mailbox without them (RFC 5321, 4.1.2).
        if quoted and not _DOT_ATOM.fullmatch(name):
            name = quoted[0]
        address = f"{name}@{domain[0].lower()}"
        if not address.isprintable():
            raise NotAddresses("there are invisible signs in an address")
        return address

    def _skip(self) -> None:
        """White space and comments, which nest (RFC 5322, 3.2.2)."""
        depth = 0
        while self._at < len(self._text):
            sign = self._text[self._at]
            if sign == "(":
                depth += 1
            elif depth and sign == ")":
                depth -= 1
            elif depth and sign == "\\":
                self._at += 1
            elif not depth:
                space = _SPACE.match(self._text, self._at)
                if space is None:
                    return
                self._at = space.end() - 1
            self._at += 1
        if depth:
            raise NotAddresses("a comment does not end")
