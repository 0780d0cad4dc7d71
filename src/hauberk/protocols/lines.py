"""Lines, read out of octets as they come: the part that SMTP, IMAP and POP3 have in common."""

from collections.abc import Callable
from typing import TypeAlias, TypeVar

from hauberk.protocols.malformed import Malformed

# RFC 5321, 4.5.3.1.5 sets 512 octets for a reply line; servers overstep it, so the limit here is wider.
MOST_LINE_OCTETS = 4_096
MOST_REPLY_LINES = 200
MOST_OCTETS = 65_536

R = TypeVar("R")
Grammar: TypeAlias = Callable[[list[str], str], R | Malformed | None]
"""Puts one more line (the second argument) to those before it (the first, to be appended to); the reply once the line is its last."""


class LineReader:
    """Cuts octets into lines; never raises. `begin` starts a reply, of which `take_line` gives the next whole line.

    `remainder` holds what was not taken. `overrun` is set, and all reading over, when a limit was passed.
    """

    def __init__(self, most_octets: int = MOST_OCTETS) -> None:
        self._buffer = bytearray()
        self._octets_left = most_octets
        self._taken = 0
        self.overrun = ""

    @property
    def remainder(self) -> bytes:
        return bytes(self._buffer)

    def begin(self) -> None:
        self._taken = 0

    def drop_remainder(self) -> None:
        """Forget what is buffered, as a client must when TLS begins (RFC 3207, 4.2)."""
        self._buffer.clear()

    def feed(self, data: bytes) -> None:
        if len(data) > self._octets_left and not self.overrun:
            self.overrun = "more octets than a session may hold"
        self._buffer += data[: self._octets_left]
        self._octets_left -= min(len(data), self._octets_left)

    def take_line(self) -> str | None:
        if self._taken >= MOST_REPLY_LINES:
            self.overrun = f"a reply of more than {MOST_REPLY_LINES} lines"
            return None
        end = self._buffer.find(b"\n", 0, MOST_LINE_OCTETS)
        if end < 0:
            if len(self._buffer) >= MOST_LINE_OCTETS:
                self.overrun = f"a line of more than {MOST_LINE_OCTETS} octets"
            return None
        line = line_text(bytes(self._buffer[:end]))
        del self._buffer[: end + 1]
        self._taken += 1
        return line


def line_text(line: bytes) -> str:
    """A line of the wire as a dialogue records it: without CRLF, octets that are not UTF-8 as `\\xNN`."""
    return line.rstrip(b"\r\n").decode("utf-8", "backslashreplace")
