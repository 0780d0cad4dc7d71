"""What a TLS server says in the clear: hello, chain, key exchange, alerts (RFC 8446, RFC 5246, RFC 8422, RFC 6066; SSLv2's SERVER-HELLO).

TLS 1.3 encrypts all after the ServerHello; the older versions send their whole first flight in the clear, and the ticket too.
"""

from collections.abc import Iterator
from functools import lru_cache
from itertools import islice
from typing import TypedDict

from msgspec import Struct

from hauberk.protocols.ffdhe import group_of_prime
from hauberk.protocols.tls.octets import CutError, extensions, messages, numbers, take
from hauberk.protocols.tls.registry import SSL2, TLS12, TLS13, suite

CHANGE_CIPHER_SPEC, ALERT, HANDSHAKE, APPLICATION_DATA = 20, 21, 22, 23
SERVER_HELLO, NEW_SESSION_TICKET, CERTIFICATE, SERVER_KEY_EXCHANGE = 2, 4, 11, 12
CERTIFICATE_REQUEST, SERVER_HELLO_DONE, CERTIFICATE_STATUS = 13, 14, 22
SUPPORTED_VERSIONS, KEY_SHARE = 43, 51
HELLO_RETRY = bytes.fromhex("cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c")
MOST_CERTIFICATES = MOST_MESSAGES = MOST_EXTENSIONS = 50
_KINDS = (CHANGE_CIPHER_SPEC, ALERT, HANDSHAKE, APPLICATION_DATA)
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


class ServerFlight(Struct, frozen=True, gc=False):
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


class _Seen(TypedDict, total=False):
    """The fields of a flight seen so far: the frozen whole is made once, not anew for each message."""

    version: int
    suite: int
    group: int | None
    chain: tuple[bytes, ...]
    session_id: bool
    ticket: bool
    alert: int
    is_tls: bool
    retry: bool
    compression: int
    extensions: tuple[int, ...]
    prime: int
    scheme: int
    stapled: bool
    certificate_request: bool
    done: bool


def read_flight(data: bytes) -> ServerFlight:
    """What the octets that a server sent from the start of a handshake say, however they are cut or wrong.

    `is_tls` is false when something stands there that is no TLS record.
    """
    seen = _Seen()
    handshake: list[bytes] = []
    fatal = False
    for kind, payload in records(data):
        if kind == HANDSHAKE:
            handshake.append(payload)
        elif kind == ALERT and len(payload) == 2 and ("alert" not in seen or (payload[0] == _FATAL and not fatal)):
            fatal = payload[0] == _FATAL
            seen["alert"] = payload[1]
        elif kind == _NO_RECORD:
            seen["is_tls"] = False
    for message, body in islice(messages(b"".join(handshake)), MOST_MESSAGES):
        try:
            _take_in(seen, message, body)
        except (IndexError, CutError):
            continue
    return ServerFlight(**seen)


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
    position, length = 0, len(data)
    while position < length:
        kind = data[position]
        if kind not in _KINDS or (position + 1 < length and data[position + 1] != 3):
            yield _NO_RECORD, b""
            return
        start = position + 5
        if start > length or (kind == CHANGE_CIPHER_SPEC and not past_change):
            return
        position = start + (data[position + 3] << 8 | data[position + 4])
        yield kind, data[start:position]


def _take_in(seen: _Seen, message: int, body: bytes) -> None:
    """Write down what one message says; nothing of one that cannot be read to its end. Raises `IndexError` and `CutError`."""
    if message == SERVER_HELLO and len(body) >= 38:
        _take_hello(seen, body)
    elif seen.get("version", TLS13) >= TLS13:
        return
    elif message == CERTIFICATE:
        if not seen.get("chain"):
            seen["chain"] = _certificates(body)
    elif message == SERVER_KEY_EXCHANGE:
        _take_exchange(seen, body)
    elif message == NEW_SESSION_TICKET:
        seen["ticket"] = bool(take(body, 4, 2)[0])
    elif message == CERTIFICATE_STATUS:
        seen["stapled"] = len(body) > 4
    elif message == CERTIFICATE_REQUEST:
        seen["certificate_request"] = True
    elif message == SERVER_HELLO_DONE:
        seen["done"] = True


def _take_exchange(seen: _Seen, body: bytes) -> None:
    """Group or prime and the signature's scheme of a ServerKeyExchange (RFC 8422, 5.4; RFC 5246, 7.4.3)."""
    chosen = suite(seen.get("suite", 0))
    if chosen.elliptic and body[0] == _NAMED_CURVE:
        seen["group"] = int.from_bytes(body[1:3])
        _take_scheme(seen, body, 3, (1,))
    elif chosen.finite:
        modulus, position = take(body, 0, 2)
        seen["prime"] = prime = int.from_bytes(modulus)
        seen["group"] = group_of_prime(prime)
        _take_scheme(seen, body, position, (2, 2))


def _take_scheme(seen: _Seen, body: bytes, position: int, widths: tuple[int, ...]) -> None:
    """The scheme that stands behind vectors whose lengths have these widths; TLS 1.2 was the first to name it."""
    if seen.get("version") != TLS12:
        return
    try:
        for width in widths:
            _, position = take(body, position, width)
    except CutError:
        return
    if len(body) >= position + 4:
        seen["scheme"] = int.from_bytes(body[position : position + 2])


def _take_hello(seen: _Seen, body: bytes) -> None:
    position = 35 + body[34]
    version, suite_number, compression = body[0] << 8 | body[1], body[position] << 8 | body[position + 1], body[position + 2]
    group = seen.get("group")
    kinds: list[int] = []
    for kind, value in islice(extensions(body, position + 3), MOST_EXTENSIONS):
        kinds.append(kind)
        if kind == SUPPORTED_VERSIONS and len(value) == 2:
            version = int.from_bytes(value)
        elif kind == KEY_SHARE and len(value) >= 2:
            group = int.from_bytes(value[:2])
    retry = body[2:34] == HELLO_RETRY
    seen["version"], seen["suite"], seen["group"] = version, suite_number, group
    seen["session_id"] = body[34] > 0 and version < TLS13 and not retry
    seen["retry"], seen["compression"], seen["extensions"] = retry, compression, tuple(kinds)


@lru_cache(maxsize=64)  # a server shows the same chain in each of a hundred flights
def _certificates(body: bytes) -> tuple[bytes, ...]:
    held, _ = take(body, 0, 3)
    chain: list[bytes] = []
    position = 0
    while position < len(held) and len(chain) < MOST_CERTIFICATES:
        certificate, position = take(held, position, 3)
        chain.append(certificate)
    return tuple(chain)
