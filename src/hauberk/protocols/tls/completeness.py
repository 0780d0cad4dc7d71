"""When a server's first flight has come whole, so that nobody waits for more (RFC 8446, 4; RFC 5246, 7.3; the SSL 2.0 draft).

Lengths are believed only as far as octets came: a record that cannot be is the end of the flight, a message that never ends is left to
whoever counts octets and seconds.
"""

from enum import StrEnum

from hauberk.protocols.tls.flight import ServerFlight
from hauberk.protocols.tls.registry import TLS13
from hauberk.protocols.tls.sealed import X25519, public_share, read_answer

_CHANGE_CIPHER_SPEC, _ALERT, _HANDSHAKE, _APPLICATION_DATA = 20, 21, 22, 23
_RECORDS = (_CHANGE_CIPHER_SPEC, _ALERT, _HANDSHAKE, _APPLICATION_DATA)
_MOST_RECORD = 16_384 + 2_048  # RFC 5246, 6.2.3
_SERVER_HELLO, _SERVER_HELLO_DONE = 2, 14
_SUPPORTED_VERSIONS = b"\x00\x2b\x00\x02"
_HELLO_RETRY = bytes.fromhex("cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c")
_WARNING, _UNRECOGNIZED_NAME = 1, 112
_SSL2_ERROR, _SSL2_SERVER_HELLO = 0, 4
_MOST_TEXT = 512


class FlightState(StrEnum):
    """How far a flight has come."""

    OPEN = "open"  # more must come
    WHOLE = "whole"  # all that can be read has come; what follows is encrypted, or the server waits for us
    BROKEN = "broken"  # no TLS, or records that cannot be


_OPEN, _WHOLE, _BROKEN = FlightState  # looking a member up in its class costs ten times as much


class FlightWatch:
    """Watches octets come, in steps of any size, at a cost that does not grow with the number of steps.

    `hello` is what they answer: where it carries our key, a flight of TLS 1.3 is whole with its sealed end.
    """

    def __init__(self, hello: bytes = b"") -> None:
        self._hello = hello if public_share() in hello else b""
        self._kept = b""
        self._sealed = False
        self._waiting = bytearray()
        self._messages = bytearray()
        self._began = False
        self.state = _OPEN

    def feed(self, data: bytes) -> FlightState:
        """The state after these octets too; once it is not OPEN it stays."""
        if self.state is _OPEN:
            if self._hello:
                self._kept += data
            if not self._sealed:
                self._waiting += data
                self.state = self._look()
            if self._hello and self.state is not _BROKEN:
                self._await_sealed()
        return self.state

    def _await_sealed(self) -> None:
        if not self._sealed and self.state is _OPEN:
            return
        answer = read_answer(self._hello, self._kept)
        self._sealed = _goes_on_sealed(answer)
        self.state = _OPEN if self._sealed and not answer.done else _WHOLE

    def _look(self) -> FlightState:
        if not self._began and self._waiting:
            first = self._waiting[0]
            if first & 0x80:
                return self._ssl2()
            if 0x20 <= first < 0x7F:  # text instead of TLS: worth its first line
                return _BROKEN if b"\n" in self._waiting or len(self._waiting) > _MOST_TEXT else _OPEN
        start, length = 0, len(self._waiting)
        while length - start >= 5:
            kind, size = self._waiting[start], self._waiting[start + 3] << 8 | self._waiting[start + 4]
            if kind not in _RECORDS or self._waiting[start + 1] != 3 or size > _MOST_RECORD:
                return _BROKEN
            self._began = True
            end = start + 5 + size
            if end > length:
                break
            if self._is_last(kind, self._waiting[start + 5 : end]):
                return _WHOLE
            start = end
        del self._waiting[:start]
        head = bytes(self._waiting[:2])
        possible = not head or (head[0] in _RECORDS and head[1:] in (b"", b"\x03"))
        return _OPEN if possible else _BROKEN

    def _is_last(self, kind: int, payload: bytearray) -> bool:
        """Whether nothing that can be read follows this record."""
        if kind == _HANDSHAKE:
            self._messages += payload
            return self._read_messages()
        # Some servers only grumble about the name and go on (RFC 6066, 3).
        return kind != _ALERT or (len(payload) > 1 and (payload[0], payload[1]) != (_WARNING, _UNRECOGNIZED_NAME))

    def _read_messages(self) -> bool:
        messages = self._messages
        start, length = 0, len(messages)
        while length - start >= 4:
            body = start + 4
            end = body + (messages[start + 1] << 16 | messages[start + 2] << 8 | messages[start + 3])
            if end > length:
                break
            message = messages[start]
            if message == _SERVER_HELLO_DONE or (message == _SERVER_HELLO and _is_last_in_clear(bytes(messages[body:end]))):
                return True
            start = end
        del messages[:start]
        return False

    def _ssl2(self) -> FlightState:
        """A record of SSL 2.0: two octets of length with the first bit set, then the kind of message."""
        if len(self._waiting) < 3:
            return _OPEN
        if self._waiting[2] not in (_SSL2_ERROR, _SSL2_SERVER_HELLO):
            return _BROKEN
        length = int.from_bytes(self._waiting[:2]) & 0x7FFF
        return _WHOLE if len(self._waiting) >= 2 + length else _OPEN


def _goes_on_sealed(answer: ServerFlight) -> bool:
    return answer.alert is None and answer.version == TLS13 and not answer.retry and answer.group == X25519


def flight_state(octets: bytes) -> FlightState:
    """How far the flight has come that begins with these octets."""
    return FlightWatch().feed(octets)


def flight_complete(octets: bytes) -> bool:
    """Whether nothing more that can be read is to be waited for."""
    return flight_state(octets) is not _OPEN


def _is_last_in_clear(hello: bytes) -> bool:
    """After a ServerHello of TLS 1.3 all is encrypted; after a HelloRetryRequest it is our turn (RFC 8446, 4.1.3, 4.1.4)."""
    if hello[2:34] == _HELLO_RETRY:
        return True
    session_id = hello[34] if len(hello) > 34 else 0
    at = 35 + session_id + 3 + 2  # behind suite, compression and the length of the extensions
    while at + 4 <= len(hello):
        if hello[at : at + 4] == _SUPPORTED_VERSIONS:
            return hello[at + 4 : at + 6] != b"\x03\x03"
        at += 4 + int.from_bytes(hello[at + 2 : at + 4])
    return False
