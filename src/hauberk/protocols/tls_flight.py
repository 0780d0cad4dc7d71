"""What a TLS server says in the clear: hello, chain, key exchange group, alerts (RFC 5246, RFC 8446).

TLS 1.3 encrypts all after the ServerHello; the older versions send their whole first flight in the clear, and the ticket too.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from hauberk.protocols.ffdhe import group_of_prime
from hauberk.protocols.tls_names import suite_name

_CHANGE_CIPHER_SPEC, _ALERT, _HANDSHAKE, _APPLICATION_DATA = 20, 21, 22, 23
_NO_RECORD = -1
_SERVER_HELLO, _NEW_SESSION_TICKET, _CERTIFICATE, _SERVER_KEY_EXCHANGE = 2, 4, 11, 12
_SUPPORTED_VERSIONS, _KEY_SHARE = 43, 51
_NAMED_CURVE = 3
_HELLO_RETRY = bytes.fromhex("cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c")
_TLS13 = 0x0304


@dataclass(frozen=True, slots=True)
class ServerFlight:
    """Numbers as on the wire; None for what was not seen. `chain` is DER, leaf first; `alert` is the description's number.

    `session_id` and `ticket` tell of TLS 1.2 and older only: a 1.3 server echoes an id and hides its tickets.
    """

    version: int | None = None
    suite: int | None = None
    group: int | None = None
    chain: tuple[bytes, ...] = ()
    session_id: bool = False
    ticket: bool = False
    alert: int | None = None
    is_tls: bool = True


def read_flight(data: bytes) -> ServerFlight:
    """What the octets that a server sent from the start of a handshake say, however they are cut or wrong.

    `is_tls` is false when something stands there that is no TLS record.
    """
    flight = ServerFlight()
    handshake = bytearray()
    for kind, payload in _records(data):
        if kind == _HANDSHAKE:
            handshake += payload
        elif kind == _ALERT and len(payload) == 2 and flight.alert is None:
            flight = replace(flight, alert=payload[1])
        elif kind == _NO_RECORD:
            flight = replace(flight, is_tls=False)
    for message, body in _messages(bytes(handshake)):
        try:
            flight = _with(flight, message, body)
        except (IndexError, _CutError):
            continue
    return flight


class _CutError(Exception):
    """A vector is longer than what is left."""


def _records(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Plaintext records until the first ChangeCipherSpec, or what is left when a record is cut."""
    position = 0
    while position < len(data):
        kind = data[position]
        if kind not in (_CHANGE_CIPHER_SPEC, _ALERT, _HANDSHAKE, _APPLICATION_DATA) or (
            position + 1 < len(data) and data[position + 1] != 3
        ):
            yield _NO_RECORD, b""
            return
        if position + 5 > len(data) or kind == _CHANGE_CIPHER_SPEC:
            return
        end = position + 5 + int.from_bytes(data[position + 3 : position + 5])
        yield kind, data[position + 5 : end]
        position = end


def _messages(data: bytes) -> Iterator[tuple[int, bytes]]:
    position = 0
    while position + 4 <= len(data):
        end = position + 4 + int.from_bytes(data[position + 1 : position + 4])
        if end > len(data):
            return
        yield data[position], data[position + 4 : end]
        position = end


def _vector(data: bytes, position: int, width: int) -> tuple[bytes, int]:
    """The vector whose length is written in `width` octets at `position`, and where it ends."""
    start = position + width
    end = start + int.from_bytes(data[position:start])
    if end > len(data) or start > len(data):
        raise _CutError
    return data[start:end], end


def _with(flight: ServerFlight, message: int, body: bytes) -> ServerFlight:
    if message == _SERVER_HELLO and len(body) >= 38:
        return _with_hello(flight, body)
    if flight.version is None or flight.version >= _TLS13:
        return flight
    if message == _CERTIFICATE and not flight.chain:
        return replace(flight, chain=tuple(_certificates(body)))
    if message == _SERVER_KEY_EXCHANGE:
        return replace(flight, group=_group(suite_name(flight.suite or 0), body))
    if message == _NEW_SESSION_TICKET:
        ticket, _ = _vector(body, 4, 2)
        return replace(flight, ticket=bool(ticket))
    return flight


def _group(suite: str, body: bytes) -> int | None:
    """The group of a ServerKeyExchange: a number for a curve, a prime for a finite field (RFC 8422, 5.4; RFC 5246, 7.4.3)."""
    if "_ECDH" in suite:
        return int.from_bytes(body[1:3]) if body[0] == _NAMED_CURVE else None
    if "_DHE_" in suite or "_DH_anon" in suite:
        prime, _ = _vector(body, 0, 2)
        return group_of_prime(int.from_bytes(prime))
    return None


def _with_hello(flight: ServerFlight, body: bytes) -> ServerFlight:
    session_id, position = _vector(body, 34, 1)
    version, suite = int.from_bytes(body[:2]), int.from_bytes(body[position : position + 2])
    group = flight.group
    for kind, value in _extensions(body, position + 3):
        if kind == _SUPPORTED_VERSIONS and len(value) == 2:
            version = int.from_bytes(value)
        elif kind == _KEY_SHARE and len(value) >= 2:
            group = int.from_bytes(value[:2])
    resumable = bool(session_id) and version < _TLS13 and body[2:34] != _HELLO_RETRY
    return replace(flight, version=version, suite=suite, group=group, session_id=resumable)


def _extensions(body: bytes, position: int) -> Iterator[tuple[int, bytes]]:
    if position >= len(body):
        return
    block, _ = _vector(body, position, 2)
    at = 0
    while at + 4 <= len(block):
        value, end = _vector(block, at + 2, 2)
        yield int.from_bytes(block[at : at + 2]), value
        at = end


def _certificates(body: bytes) -> Iterator[bytes]:
    listed, _ = _vector(body, 0, 3)
    position = 0
    while position < len(listed):
        certificate, position = _vector(listed, position, 3)
        yield certificate
