"""What a TLS server says in the clear: hello, chain, key exchange, alerts (RFC 8446, RFC 5246, RFC 8422, RFC 6066; SSLv2's SERVER-HELLO).

TLS 1.3 encrypts all after the ServerHello; the older versions send their whole first flight in the clear, and the ticket too.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice

from hauberk.protocols.ffdhe import group_of_prime
from hauberk.protocols.tls.octets import CutError, extensions, messages, numbers, take
from hauberk.protocols.tls.registry import SSL2, TLS12, TLS13, suite

CHANGE_CIPHER_SPEC, ALERT, HANDSHAKE, APPLICATION_DATA = 20, 21, 22, 23
SERVER_HELLO, NEW_SESSION_TICKET, CERTIFICATE, SERVER_KEY_EXCHANGE = 2, 4, 11, 12
CERTIFICATE_REQUEST, SERVER_HELLO_DONE, CERTIFICATE_STATUS = 13, 14, 22
SUPPORTED_VERSIONS, KEY_SHARE = 43, 51
HELLO_RETRY = bytes.fromhex("cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c")
MOST_CERTIFICATES = MOST_MESSAGES = MOST_EXTENSIONS = 50
_NO_RECORD = -1
_NAMED_CURVE, _FATAL = 3, 2

ALERTS = {
    0: "close_notify", 10: "unexpected_message", 20: "bad_record_mac", 21: "decryption_failed", 22: "record_overflow",
    30: "decompression_failure", 40: "handshake_failure", 41: "no_certificate", 42: "bad_certificate", 43: "unsupported_certificate",
    44: "certificate_revoked", 45: "certificate_expired", 46: "certificate_unknown", 47: "illegal_parameter", 48: "unknown_ca",
    49: "access_denied", 50: "decode_error", 51: "decrypt_error", 60: "export_restriction", 70: "protocol_version",
    71: "insufficient_security", 80: "internal_error", 86: "inappropriate_fallback", 90: "user_canceled", 100: "no_renegotiation",
    109: "missing_extension", 110: "unsupported_extension", 111: "certificate_unobtainable", 112: "unrecognized_name",
    113: "bad_certificate_status_response", 115: "unknown_psk_identity", 116: "certificate_required", 120: "no_application_protocol",
}  # fmt: skip


def alert_name(number: int) -> str:
    return ALERTS.get(number, str(number))


@dataclass(frozen=True, slots=True)
class ServerFlight:
    """Numbers as on the wire; None for what was not seen. `chain` is DER, leaf first; `alert` is the description's number of the first
    fatal alert, or of the first warning where none is fatal.

    `session_id` and `ticket` tell of TLS 1.2 and older only: a 1.3 server echoes an id and hides its tickets. `retry`: a HelloRetryRequest.
    `extensions` are the kinds in the ServerHello; `prime` the prime of a finite-field exchange; `scheme` how the key exchange is signed
    (TLS 1.2). `stapled`: an OCSP answer came; `certificate_request`: the client's certificate is asked for; `done`: the flight is whole.
    `kinds` are the cipher kinds that an SSLv2 server has.
    """

    version: int | None = None
    suite: int | None = None
    group: int | None = None
    chain: tuple[bytes, ...] = ()
    session_id: bool = False
    ticket: bool = False
    alert: int | None = None
    is_tls: bool = True
    retry: bool = False
    compression: int | None = None
    extensions: tuple[int, ...] = ()
    prime: int | None = None
    scheme: int | None = None
    stapled: bool = False
    certificate_request: bool = False
    done: bool = False
    kinds: tuple[int, ...] = ()


def read_flight(data: bytes) -> ServerFlight:
    """What the octets that a server sent from the start of a handshake say, however they are cut or wrong.

    `is_tls` is false when something stands there that is no TLS record.
    """
    flight = ServerFlight()
    handshake = bytearray()
    fatal = False
    for kind, payload in records(data):
        if kind == HANDSHAKE:
            handshake += payload
        elif kind == ALERT and len(payload) == 2 and (flight.alert is None or (payload[0] == _FATAL and not fatal)):
            fatal = payload[0] == _FATAL
            flight = replace(flight, alert=payload[1])
        elif kind == _NO_RECORD:
            flight = replace(flight, is_tls=False)
    for message, body in islice(messages(bytes(handshake)), MOST_MESSAGES):
        try:
            flight = _with(flight, message, body)
        except (IndexError, CutError):
            continue
    return flight


def read_ssl2(data: bytes) -> ServerFlight:
    """The answer to an SSLv2 CLIENT-HELLO: a SERVER-HELLO, an SSLv2 error (alert 40 then), or what a newer server says to it."""
    if len(data) < 3 or not data[0] & 0x80:
        return read_flight(data)
    body = data[2 : 2 + (int.from_bytes(data[:2]) & 0x7FFF)]
    if body[:1] == b"\x00":
        return ServerFlight(alert=40)
    if body[:1] != b"\x04" or len(body) < 11 or int.from_bytes(body[3:5]) != SSL2:
        return ServerFlight(is_tls=False)
    certificate, kinds, _ = numbers(body[5:11])
    ends = 11 + certificate
    return ServerFlight(
        version=SSL2,
        chain=(body[11:ends],) if certificate and ends <= len(body) else (),
        kinds=numbers(body[ends : ends + kinds], 3),
        done=True,
    )


def records(data: bytes, *, past_change: bool = False) -> Iterator[tuple[int, bytes]]:
    """Kind and payload of records until the first ChangeCipherSpec, or of all; the last one may be cut."""
    position = 0
    while position < len(data):
        kind = data[position]
        if kind not in (CHANGE_CIPHER_SPEC, ALERT, HANDSHAKE, APPLICATION_DATA) or (position + 1 < len(data) and data[position + 1] != 3):
            yield _NO_RECORD, b""
            return
        if position + 5 > len(data) or (kind == CHANGE_CIPHER_SPEC and not past_change):
            return
        end = position + 5 + int.from_bytes(data[position + 3 : position + 5])
        yield kind, data[position + 5 : end]
        position = end


def _with(flight: ServerFlight, message: int, body: bytes) -> ServerFlight:
    if message == SERVER_HELLO and len(body) >= 38:
        return _with_hello(flight, body)
    if flight.version is None or flight.version >= TLS13:
        return flight
    if message == CERTIFICATE and not flight.chain:
        return replace(flight, chain=tuple(_certificates(body)))
    if message == SERVER_KEY_EXCHANGE:
        return _with_exchange(flight, body)
    if message == NEW_SESSION_TICKET:
        ticket, _ = take(body, 4, 2)
        return replace(flight, ticket=bool(ticket))
    if message == CERTIFICATE_STATUS:
        return replace(flight, stapled=len(body) > 4)
    if message == CERTIFICATE_REQUEST:
        return replace(flight, certificate_request=True)
    return replace(flight, done=True) if message == SERVER_HELLO_DONE else flight


def _with_exchange(flight: ServerFlight, body: bytes) -> ServerFlight:
    """Group or prime and the signature's scheme of a ServerKeyExchange (RFC 8422, 5.4; RFC 5246, 7.4.3)."""
    chosen = suite(flight.suite or 0)
    if chosen.elliptic and body[0] == _NAMED_CURVE:
        return _with_signature(replace(flight, group=int.from_bytes(body[1:3])), body, 3, (1,))
    if chosen.finite:
        modulus, position = take(body, 0, 2)
        prime = int.from_bytes(modulus)
        return _with_signature(replace(flight, group=group_of_prime(prime), prime=prime), body, position, (2, 2))
    return flight


def _with_signature(flight: ServerFlight, body: bytes, position: int, widths: tuple[int, ...]) -> ServerFlight:
    """The scheme that stands behind vectors whose lengths have these widths; TLS 1.2 was the first to name it."""
    try:
        for width in widths:
            _, position = take(body, position, width)
    except CutError:
        return flight
    named = body[position : position + 2]
    return replace(flight, scheme=int.from_bytes(named)) if flight.version == TLS12 and len(body) >= position + 4 else flight


def _with_hello(flight: ServerFlight, body: bytes) -> ServerFlight:
    session_id, position = take(body, 34, 1)
    version, suite_number = int.from_bytes(body[:2]), int.from_bytes(body[position : position + 2])
    group = flight.group
    kinds: list[int] = []
    for kind, value in islice(extensions(body, position + 3), MOST_EXTENSIONS):
        kinds.append(kind)
        if kind == SUPPORTED_VERSIONS and len(value) == 2:
            version = int.from_bytes(value)
        elif kind == KEY_SHARE and len(value) >= 2:
            group = int.from_bytes(value[:2])
    retry = body[2:34] == HELLO_RETRY
    return replace(
        flight,
        version=version,
        suite=suite_number,
        group=group,
        session_id=bool(session_id) and version < TLS13 and not retry,
        retry=retry,
        compression=body[position + 2],
        extensions=tuple(kinds),
    )


def _certificates(body: bytes) -> Iterator[bytes]:
    held, _ = take(body, 0, 3)
    position = 0
    for _ in range(MOST_CERTIFICATES):
        if position >= len(held):
            return
        certificate, position = take(held, position, 3)
        yield certificate
