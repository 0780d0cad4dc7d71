"""A new OpenPGP key that every mail program reads: version 4, Ed25519 to sign, Curve25519 to encrypt (RFC 4880; RFC 9580, 9.2 and 11).

Written here because the keys that pysequoia makes announce the encryption of RFC 9580 (SEIPD version 2), whatever their version, and mail
that is then sent to them cannot be read by GnuPG and by most mail programs of today. Here the features say version 1 only.
"""

import hashlib
import struct
from datetime import datetime
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

_EDDSA, _ECDH, _SHA512 = 22, 18, 10
_ED25519: Final = bytes.fromhex("092b06010401da470f01")
_CURVE25519: Final = bytes.fromhex("0a2b060104019755010501")
_KDF: Final = bytes((3, 1, 8, 7))  # SHA-256 and AES-128, as GnuPG has them for this curve
_CERTIFIES_AND_SIGNS, _ENCRYPTS = 0x03, 0x0C
_SECRET_KEY, _SECRET_SUBKEY, _USER_ID, _SIGNATURE = 5, 7, 13, 2
_POSITIVE, _BINDING = 0x13, 0x18


def new_key(user_id: str, created: datetime, seconds: int) -> bytes:
    """The packets of a private key without a password, for the user id, valid for so many seconds from `created` (aware) on."""
    at = int(created.timestamp())
    signing, encrypting = Ed25519PrivateKey.generate(), X25519PrivateKey.generate()
    key = _public(at, _EDDSA, _ED25519, signing.public_key().public_bytes_raw())
    subkey = _public(at, _ECDH, _CURVE25519, encrypting.public_key().public_bytes_raw()) + _KDF
    named = user_id.encode()
    expiry = _subpacket(9, struct.pack("!I", seconds))
    own = (
        _subpacket(27, bytes((_CERTIFIES_AND_SIGNS,)))
        + _subpacket(11, bytes((9, 8, 7)))  # AES of 256, 192 and 128 bits
        + _subpacket(21, bytes((10, 9, 8)))  # SHA of 512, 384 and 256 bits
        + _subpacket(22, bytes((0,)))  # no compression: its length tells of the content
        + _subpacket(30, bytes((1,)))  # features: SEIPD version 1
        + _subpacket(25, bytes((1,)))  # the primary user id
    )
    certified = _hashed(key) + b"\xb4" + struct.pack("!I", len(named)) + named
    bound = _hashed(key) + _hashed(subkey)
    # The scalar of this curve is kept in the other order of octets, with the bits set that the curve wants (RFC 9580, 11.3.2).
    return (
        _packet(_SECRET_KEY, key + _unprotected(signing.private_bytes_raw()))
        + _packet(_USER_ID, named)
        + _packet(_SIGNATURE, _signature(signing, key, at, _POSITIVE, certified, expiry + own))
        + _packet(_SECRET_SUBKEY, subkey + _unprotected(_clamped(encrypting.private_bytes_raw())[::-1]))
        + _packet(_SIGNATURE, _signature(signing, key, at, _BINDING, bound, expiry + _subpacket(27, bytes((_ENCRYPTS,)))))
    )


def _packet(tag: int, body: bytes) -> bytes:
    return bytes((0xC0 | tag, 255)) + struct.pack("!I", len(body)) + body


def _mpi(octets: bytes) -> bytes:
    """An integer with its length in bits (RFC 9580, 3.2)."""
    octets = octets.lstrip(b"\0")
    return struct.pack("!H", int.from_bytes(octets, "big").bit_length()) + octets


def _public(at: int, algorithm: int, curve: bytes, point: bytes) -> bytes:
    return b"\x04" + struct.pack("!IB", at, algorithm) + curve + _mpi(b"\x40" + point)


def _unprotected(secret: bytes) -> bytes:
    """Secret material in clear, with its checksum (RFC 9580, 5.5.3)."""
    number = _mpi(secret)
    return b"\0" + number + struct.pack("!H", sum(number) & 0xFFFF)


def _clamped(scalar: bytes) -> bytes:
    return bytes((scalar[0] & 248,)) + scalar[1:31] + bytes((scalar[31] & 127 | 64,))


def _hashed(key: bytes) -> bytes:
    """A public key as signatures and fingerprints hash it (RFC 9580, 5.2.4)."""
    return b"\x99" + struct.pack("!H", len(key)) + key


def _subpacket(kind: int, value: bytes) -> bytes:
    return bytes((len(value) + 1, kind)) + value


def _signature(signing: Ed25519PrivateKey, key: bytes, at: int, kind: int, octets: bytes, facts: bytes) -> bytes:
    """A signature of version 4 by the primary key over `octets`; `facts` are hashed subpackets (RFC 9580, 5.2.3)."""
    fingerprint = hashlib.sha1(_hashed(key), usedforsecurity=False).digest()
    hashed = _subpacket(2, struct.pack("!I", at)) + facts + _subpacket(33, b"\x04" + fingerprint)
    head = struct.pack("!BBBBH", 4, kind, _EDDSA, _SHA512, len(hashed)) + hashed
    digest = hashlib.sha512(octets + head + b"\x04\xff" + struct.pack("!I", len(head))).digest()
    signed = signing.sign(digest)
    unhashed = _subpacket(16, fingerprint[-8:])
    return head + struct.pack("!H", len(unhashed)) + unhashed + digest[:2] + _mpi(signed[:32]) + _mpi(signed[32:])
