"""What a parser returns instead of a record when the text breaks the grammar."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Malformed:
    """`text` is the whole input, `position` the offset (characters) of what is wrong, `length` how much of it is."""

    text: str
    position: int
    reason: str
    length: int = 1

    def marked(self) -> str:
        """The text around the wrong place, which stands between `>>` and `<<`; invisible characters are made visible."""
        start, end = self.position, self.position + self.length
        before, wrong, after = self.text[max(0, start - 30) : start], self.text[start:end], self.text[end : end + 30]
        return visible(f"{before}>>{wrong}<<{after}")


def visible(text: str) -> str:
    """`text` with every character that does not print, or that looks like a plain space but is none, as `\\u{...}`."""
    if text.isprintable():  # of all that prints only the plain space is space
        return text
    return "".join(c if c.isprintable() and (c == " " or not c.isspace()) else f"\\u{{{ord(c):x}}}" for c in text)
