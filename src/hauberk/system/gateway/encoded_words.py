"""Encoded words in a header field (RFC 2047), read as mail programs show them."""

from email.errors import HeaderParseError
from email.header import decode_header
from typing import Final

MOST: Final = 50  # the library's effort grows with the square of their number


def decoded(text: str) -> str | None:
    """The text with its encoded words decoded; None where that cannot be done, and where they are more than fifty."""
    if text.count("=?") > MOST:
        return None
    try:
        parts = decode_header(text)
        return "".join(one if isinstance(one, str) else one.decode(charset or "latin-1", "replace") for one, charset in parts)
    except (HeaderParseError, LookupError, ValueError):
        return None
