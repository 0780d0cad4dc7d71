"""ClientHello as data: what it offers, rendered to octets and parsed back (RFC 8446, 4.1.2; RFC 5246, 7.4.1.2; SSLv2's CLIENT-HELLO).

Everything is fixed by the fields, the random too, so that the same question is the same octets in every run.
"""

from functools import lru_cache
from hashlib import sha256

from msgspec import Struct
from msgspec.structs import replace

from hauberk.protocols.malformed import Malformed
from hauberk.protocols.tls.octets import CutError, extensions, listed, messages, numbers, take, vector
from hauberk.protocols.tls.registry import RENEGOTIATION_SCSV, SSL2, SSL3, TLS10, TLS12, TLS13, suite
from hauberk.protocols.tls.schemes import SOUND
from hauberk.protocols.tls.sealed import X25519, public_share

SERVER_NAME, STATUS_REQUEST, GROUPS, POINT_FORMATS, SCHEMES, HEARTBEAT = 0, 5, 10, 11, 13, 15
PADDING, ENCRYPT_THEN_MAC, MASTER_SECRET, TICKET, VERSIONS, KEY_SHARE, RENEGOTIATION = 21, 22, 23, 35, 43, 51, 0xFF01
SIGNALS = (STATUS_REQUEST, HEARTBEAT, ENCRYPT_THEN_MAC, MASTER_SECRET, TICKET, RENEGOTIATION)
_SIGNAL_BODIES = {STATUS_REQUEST: b"\x01\x00\x00\x00\x00", HEARTBEAT: b"\x02", RENEGOTIATION: b"\x00"}
_CLIENT_HELLO, _HANDSHAKE = 1, 22
_RARE = ("ARIA", "CAMELLIA", "SEED", "IDEA", "TLS_DH_DSS", "TLS_DH_RSA", "TLS_ECDH_", "_DSS_", "RC2", "_CCM", "NULL_SHA256", "EXPORT1024")
_KNOWN = {SERVER_NAME, GROUPS, POINT_FORMATS, SCHEMES, PADDING, VERSIONS, KEY_SHARE, *SIGNALS}


class ClientHello(Struct, frozen=True, gc=False):
    """`version` is the legacy field, the highest version below TLS 1.3; `versions` the extension that TLS 1.3 needs, empty for none.

    `signals` are the extensions that only say "I can" (`SIGNALS`). `key_share` tells whether the extension stands there, empty, so
    that a TLS 1.3 server answers with HelloRetryRequest (RFC 8446, 4.2.8); with `share` our key stands in it, and the server goes on to its
    certificate (see `sealed`). `unknown` are extensions nobody knows, empty ones.
    `seed` decides the random. `padded`: a hello of 256 to 511 octets, which some servers cannot bear, is made longer (RFC 7685).
    """

    version: int
    suites: tuple[int, ...]
    server_name: str = ""
    groups: tuple[int, ...] = ()
    schemes: tuple[int, ...] = ()
    versions: tuple[int, ...] = ()
    compressions: tuple[int, ...] = (0,)
    signals: tuple[int, ...] = ()
    key_share: bool = False
    share: bool = False
    unknown: tuple[int, ...] = ()
    seed: str = ""
    padded: bool = True


class Ssl2Hello(Struct, frozen=True, gc=False):
    """`kinds` are the cipher kinds, three octets each."""

    kinds: tuple[int, ...]
    version: int = SSL2


def render(hello: ClientHello | Ssl2Hello) -> bytes:
    """The whole record. Raises OverflowError where a field does not hold its value."""
    if isinstance(hello, Ssl2Hello):
        challenge = sha256(b"hauberk").digest()[:16]
        kinds = listed(hello.kinds, 3)
        body = b"\x01" + hello.version.to_bytes(2) + listed((len(kinds), 0, len(challenge))) + kinds + challenge
        return (0x8000 | len(body)).to_bytes(2) + body
    body = _body(hello)
    version, length = min(hello.version, TLS10), len(body)
    return b"%c%b%b%c%b%b" % (_HANDSHAKE, version.to_bytes(2), (length + 4).to_bytes(2), _CLIENT_HELLO, length.to_bytes(3), body)


def parse(data: bytes) -> ClientHello | Ssl2Hello | Malformed:
    """The hello in a record (or several); extensions that are not known are kept by number, `seed` and `padded` are lost."""
    try:
        if data[:1] and data[0] & 0x80:
            return _parse_ssl2(data)
        handshake, position = b"", 0
        while position < len(data):
            payload, end = take(data, position + 3, 2)
            if data[position] != _HANDSHAKE:
                return _malformed(data, position, "no handshake record")
            handshake, position = handshake + payload, end
        kind, body = next(messages(handshake), (None, b""))
        if kind != _CLIENT_HELLO or len(body) < 34:
            return _malformed(data, 5, "no ClientHello")
        return _parse_body(body)
    except CutError:
        return _malformed(data, len(data), "a length reaches beyond the end")


def _malformed(data: bytes, position: int, reason: str) -> Malformed:
    return Malformed(data.hex(), 2 * min(position, len(data)), reason, 2)


def _body(hello: ClientHello) -> bytes:
    random = _random(hello.seed)
    session_id = random if hello.versions else b""  # the disguise of RFC 8446, D.4
    start = hello.version.to_bytes(2) + random + vector(session_id, 1)
    start += vector(listed(hello.suites), 2) + vector(listed(hello.compressions, 1), 1)
    block = _named(hello.server_name) + _extension_block(
        hello.groups, hello.schemes, hello.versions, hello.signals, hello.unknown, hello.key_share, hello.share
    )
    length = 4 + len(start) + 2 + len(block)
    if hello.padded and block and 256 <= length < 512:
        block += listed((PADDING,)) + vector(bytes(max(1, 508 - length)), 2)
    return start + (vector(block, 2) if block else b"")


@lru_cache(maxsize=64)
def _random(seed: str) -> bytes:
    return sha256(f"hauberk {seed}".encode()).digest()


@lru_cache(maxsize=256)
def _named(server_name: str) -> bytes:
    name = vector(b"\x00" + vector(server_name.encode("ascii", "replace"), 2), 2)
    return SERVER_NAME.to_bytes(2) + vector(name, 2) if server_name else b""


@lru_cache(maxsize=256)  # hello after hello differs in its suites alone, and server after server in its name
def _extension_block(
    groups: tuple[int, ...],
    schemes: tuple[int, ...],
    versions: tuple[int, ...],
    signals: tuple[int, ...],
    unknown: tuple[int, ...],
    key_share: bool,
    share: bool,
) -> bytes:
    held: list[tuple[int, bytes]] = []
    if RENEGOTIATION in signals:
        held.append((RENEGOTIATION, _SIGNAL_BODIES[RENEGOTIATION]))
    if groups:
        held += [(GROUPS, vector(listed(groups), 2)), (POINT_FORMATS, b"\x01\x00")]
    held += [(kind, _SIGNAL_BODIES.get(kind, b"")) for kind in signals if kind != RENEGOTIATION]
    if schemes:
        held.append((SCHEMES, vector(listed(schemes), 2)))
    held += [(kind, b"") for kind in unknown]
    if versions:
        held.append((VERSIONS, vector(listed(versions), 1)))
    if key_share:
        held.append((KEY_SHARE, vector(listed((X25519,)) + vector(public_share(), 2) if share else b"", 2)))
    return b"".join(kind.to_bytes(2) + vector(value, 2) for kind, value in held)


def _parse_ssl2(data: bytes) -> Ssl2Hello | Malformed:
    length = int.from_bytes(data[:2]) & 0x7FFF
    body = data[2 : 2 + length]
    if len(body) < 9 or len(body) < length or body[0] != 1:
        return _malformed(data, 2, "no SSLv2 CLIENT-HELLO")
    end = 9 + int.from_bytes(body[3:5])
    if end > len(body):
        raise CutError
    return Ssl2Hello(numbers(body[9:end], 3), int.from_bytes(body[1:3]))


def _parse_body(body: bytes) -> ClientHello:
    _, position = take(body, 34, 1)
    suites, position = take(body, position, 2)
    compressions, position = take(body, position, 1)
    held = dict(extensions(body, position))
    return ClientHello(
        version=int.from_bytes(body[:2]),
        suites=numbers(suites),
        server_name=_name(held.get(SERVER_NAME, b"")),
        groups=numbers(take(held[GROUPS], 0, 2)[0]) if GROUPS in held else (),
        schemes=numbers(take(held[SCHEMES], 0, 2)[0]) if SCHEMES in held else (),
        versions=numbers(take(held[VERSIONS], 0, 1)[0]) if VERSIONS in held else (),
        compressions=numbers(compressions, 1),
        signals=tuple(kind for kind in SIGNALS if kind in held),
        key_share=KEY_SHARE in held,
        share=public_share() in held.get(KEY_SHARE, b""),
        unknown=tuple(kind for kind in held if kind not in _KNOWN),
    )


def _name(value: bytes) -> str:
    if not value:
        return ""
    names, _ = take(value, 0, 2)
    name, _ = take(names, 1, 2)
    return name.decode("ascii", "replace")


def plainer(hello: ClientHello) -> ClientHello:
    """The same offer in the form that old servers bear: no rare suites or extensions, no compression, no padding."""
    common = tuple(number for number in hello.suites if not any(part in suite(number).name for part in _RARE))
    kept = tuple(kind for kind in hello.signals if kind in (RENEGOTIATION, MASTER_SECRET, TICKET))
    return replace(hello, suites=common or hello.suites, signals=kept, compressions=(0,), unknown=(), padded=False)


def legacy_hello(version: int, suites: tuple[int, ...], server_name: str, groups: tuple[int, ...]) -> ClientHello:
    """What a client whose newest version is SSLv3 to TLS 1.1 says. SSLv3 knows no extensions."""
    if version == SSL3:
        return ClientHello(version, (*suites, RENEGOTIATION_SCSV))
    return ClientHello(version, suites, server_name, groups, compressions=(1, 0), signals=(RENEGOTIATION, MASTER_SECRET, TICKET))


def modern_hello(suites: tuple[int, ...], server_name: str, groups: tuple[int, ...], schemes: tuple[int, ...]) -> ClientHello:
    """A hello of TLS 1.2 that asks for all that its ServerHello can tell."""
    return ClientHello(TLS12, suites, server_name, groups, schemes, compressions=(1, 0), signals=SIGNALS)


def latest_hello(suites: tuple[int, ...], server_name: str, groups: tuple[int, ...]) -> ClientHello:
    """A hello of TLS 1.3 and nothing older, which is answered with a HelloRetryRequest or an alert."""
    return ClientHello(TLS12, suites, server_name, groups, SOUND, versions=(TLS13,), signals=(RENEGOTIATION, MASTER_SECRET), key_share=True)


def revealing_hello(suites: tuple[int, ...], server_name: str, schemes: tuple[int, ...]) -> ClientHello:
    """A hello of TLS 1.3 with our key: the server answers with its certificate, signed by one of these schemes, or an alert."""
    signals = (STATUS_REQUEST, MASTER_SECRET, RENEGOTIATION)
    return ClientHello(TLS12, suites, server_name, (X25519,), schemes, versions=(TLS13,), signals=signals, key_share=True, share=True)
