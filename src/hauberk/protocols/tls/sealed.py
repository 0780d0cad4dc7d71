"""What a TLS 1.3 server says behind its ServerHello, read by a client whose key is no secret (RFC 8446, 4.4, 5.2, 7.1).

From the ServerHello on all is encrypted, the certificate too. A probe has nothing to hide: its X25519 key is the same in every hello, so
that whoever holds the octets of both sides, a tape say, can read the server's first flight without having been there.
"""

import hmac
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from hashlib import sha256

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESCCM, AESGCM, ChaCha20Poly1305
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from msgspec.structs import replace

from hauberk.protocols.tls.flight import (
    APPLICATION_DATA,
    CERTIFICATE,
    CERTIFICATE_REQUEST,
    HANDSHAKE,
    KEY_SHARE,
    MOST_CERTIFICATES,
    ServerFlight,
    read_flight,
    records,
)
from hauberk.protocols.tls.octets import CutError, extensions, messages, take, vector
from hauberk.protocols.tls.registry import TLS13

X25519 = 29
CERTIFICATE_VERIFY, FINISHED = 15, 20
_STATUS_REQUEST, _TAG = 5, 16
_PRIVATE = sha256(b"hauberk key share").digest()
_MOST_RECORDS = 64


@dataclass(frozen=True, slots=True)
class _Cipher:
    """A TLS 1.3 suite (RFC 8446, B.4): its hash, its AEAD and the octets of its key."""

    digest: type[hashes.SHA256 | hashes.SHA384]
    aead: "type[AESGCM | ChaCha20Poly1305 | AESCCM]"
    key: int


_CIPHERS = {
    0x1301: _Cipher(hashes.SHA256, AESGCM, 16),
    0x1302: _Cipher(hashes.SHA384, AESGCM, 32),
    0x1303: _Cipher(hashes.SHA256, ChaCha20Poly1305, 32),
    0x1304: _Cipher(hashes.SHA256, AESCCM, 16),
}


@cache
def public_share() -> bytes:
    """The X25519 share that every probing hello with a key carries."""
    return X25519PrivateKey.from_private_bytes(_PRIVATE).public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


@dataclass(slots=True)
class Sealing:
    """One direction's protection of records: the key, the nonce's fixed part and the number of the next record (RFC 8446, 5.3)."""

    aead: AESGCM | ChaCha20Poly1305 | AESCCM
    fixed: bytes
    number: int = 0

    def _nonce(self) -> bytes:
        nonce = int.from_bytes(self.fixed) ^ self.number
        self.number += 1
        return nonce.to_bytes(len(self.fixed))

    def seal(self, kind: int, content: bytes) -> bytes:
        """The protected record."""
        head = bytes((APPLICATION_DATA, 3, 3)) + (len(content) + 1 + _TAG).to_bytes(2)
        return head + self.aead.encrypt(self._nonce(), content + bytes((kind,)), head)

    def unseal(self, payload: bytes) -> tuple[int, bytes]:
        """Kind and content of a protected record. Raises `InvalidTag`; a record of padding alone has kind 0."""
        head = bytes((APPLICATION_DATA, 3, 3)) + len(payload).to_bytes(2)
        inner = self.aead.decrypt(self._nonce(), payload, head).rstrip(b"\0")
        return (inner[-1], inner[:-1]) if inner else (0, b"")


def servers_sealing(suite: int, shared: bytes, transcript: bytes) -> Sealing | None:
    """How the server protects its handshake, from the shared secret and both hellos; None for a suite that is none of TLS 1.3."""
    cipher = _CIPHERS.get(suite)
    if cipher is None:
        return None
    digest = cipher.digest()
    nothing = bytes(digest.digest_size)
    early = hmac.digest(nothing, nothing, digest.name)
    derived = _expand(digest, early, b"derived", _hash(digest, b""), digest.digest_size)
    handshake = hmac.digest(derived, shared, digest.name)
    traffic = _expand(digest, handshake, b"s hs traffic", _hash(digest, transcript), digest.digest_size)
    return Sealing(cipher.aead(_expand(digest, traffic, b"key", b"", cipher.key)), _expand(digest, traffic, b"iv", b"", 12))


def shared_with(peer: bytes, private: bytes = _PRIVATE) -> bytes | None:
    """The X25519 secret shared with a peer; None for a share that is none (RFC 7748, 6.1)."""
    try:
        return X25519PrivateKey.from_private_bytes(private).exchange(X25519PublicKey.from_public_bytes(peer))
    except ValueError:
        return None


def _hash(digest: hashes.HashAlgorithm, data: bytes) -> bytes:
    hashing = hashes.Hash(digest)
    hashing.update(data)
    return hashing.finalize()


def _expand(digest: hashes.HashAlgorithm, secret: bytes, label: bytes, context: bytes, length: int) -> bytes:
    """HKDF-Expand-Label (RFC 8446, 7.1)."""
    info = length.to_bytes(2) + vector(b"tls13 " + label, 1) + vector(context, 1)
    return HKDFExpand(digest, length, info).derive(secret)


def read_answer(hello: bytes, received: bytes) -> ServerFlight:
    """As `read_flight`, with what is sealed where the hello, as it was sent, carries our share."""
    flight = read_flight(received)
    if public_share() not in hello or flight.version != TLS13 or flight.retry or flight.group != X25519:
        return flight
    for kind, body in messages(b"".join(_unsealed(hello, received, flight))):
        try:
            flight = _with(flight, kind, body)
        except (IndexError, CutError):
            continue
    return flight


def _unsealed(hello: bytes, received: bytes, flight: ServerFlight) -> Iterator[bytes]:
    """The handshake octets of the sealed records, as far as they came and open."""
    sealing: Sealing | None = None
    clear = b""
    for number, (kind, payload) in enumerate(records(received, past_change=True)):
        if number > _MOST_RECORDS:
            return
        if kind == HANDSHAKE and sealing is None:
            clear += payload
            if (said := next(messages(clear), None)) is None:
                continue
            secret = shared_with(_share_in(said[1]))
            sealing = servers_sealing(flight.suite or 0, secret, hello[5:] + clear[: 4 + len(said[1])]) if secret else None
            if sealing is None:
                return
        elif kind == APPLICATION_DATA and sealing is not None:
            try:
                inner, content = sealing.unseal(payload)
            except InvalidTag:
                return
            if inner == HANDSHAKE:
                yield content


def _share_in(hello: bytes) -> bytes:
    """The key in a ServerHello's key share; empty where there is none."""
    try:
        _, position = take(hello, 34, 1)
        value = dict(extensions(hello, position + 3)).get(KEY_SHARE, b"")
        return take(value, 2, 2)[0]
    except CutError:
        return b""


def _with(flight: ServerFlight, message: int, body: bytes) -> ServerFlight:
    if message == CERTIFICATE:
        chain, stapled = _certificates(body)
        return replace(flight, chain=chain, stapled=stapled)
    if message == CERTIFICATE_REQUEST:
        return replace(flight, certificate_request=True)
    if message == CERTIFICATE_VERIFY and len(body) >= 2:
        return replace(flight, scheme=int.from_bytes(body[:2]))
    return replace(flight, done=True) if message == FINISHED else flight


def _certificates(body: bytes) -> tuple[tuple[bytes, ...], bool]:
    """The chain, and whether an OCSP answer is stapled to its leaf (RFC 8446, 4.4.2)."""
    _, position = take(body, 0, 1)
    held, _ = take(body, position, 3)
    chain: list[bytes] = []
    stapled, at = False, 0
    while at < len(held) and len(chain) < MOST_CERTIFICATES:
        certificate, at = take(held, at, 3)
        end = take(held, at, 2)[1]
        stapled = stapled or (not chain and any(kind == _STATUS_REQUEST for kind, _ in extensions(held[:end], at)))
        chain.append(certificate)
        at = end
    return tuple(chain), stapled
