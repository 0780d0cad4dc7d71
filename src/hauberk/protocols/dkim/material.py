"""The public key inside a DKIM record (RFC 6376, 3.6.1; RFC 8463, 4).

It is read without a cryptographic library, so that damaged and undersized keys are described and not refused.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

_SEQUENCE, _INTEGER, _BIT_STRING, _OBJECT = 0x30, 0x02, 0x03, 0x06
_RSA_ENCRYPTION = bytes.fromhex("2a864886f70d010101")
_ED25519 = bytes.fromhex("2b6570")


@dataclass(frozen=True, slots=True)
class RsaKey:
    """`wrapped` tells SubjectPublicKeyInfo, which everybody publishes, from a bare RSAPublicKey (RFC 6376, erratum 3017)."""

    modulus: int
    exponent: int
    wrapped: bool = True

    @property
    def bits(self) -> int:
        return self.modulus.bit_length()


@dataclass(frozen=True, slots=True)
class Ed25519Key:
    """The 32 octets of RFC 8032."""

    octets: bytes


@dataclass(frozen=True, slots=True)
class UnknownType:
    """A key type that no RFC defines for DKIM; verifiers ignore the record."""

    name: str


@dataclass(frozen=True, slots=True)
class Unreadable:
    """The base64 text is sound, but what it holds is not the key that `k` says."""

    reason: str


Material: TypeAlias = RsaKey | Ed25519Key | UnknownType | Unreadable


@lru_cache(maxsize=256)
def read_material(key_type: str, octets: bytes) -> Material:
    if not octets:
        return Unreadable("the key is empty")
    if key_type == "ed25519":
        return _read_ed25519(octets)
    if key_type != "rsa":
        return UnknownType(key_type)
    try:
        return _read_rsa(octets)
    except _BadDer as error:
        return Unreadable(str(error))


def _read_ed25519(octets: bytes) -> Material:
    if len(octets) == 32:
        return Ed25519Key(octets)
    if len(octets) == 44 and _ED25519 in octets[:12]:
        return Unreadable("the key is wrapped (44 octets of SubjectPublicKeyInfo); RFC 8463 wants the 32 octets of the key alone")
    return Unreadable(f"an Ed25519 key has 32 octets, this one {len(octets)}")


class _BadDer(ValueError):
    pass


class _Der:
    """Reads one level of DER."""

    def __init__(self, octets: bytes) -> None:
        self.octets = octets
        self.at = 0

    def next(self, tag: int, what: str) -> bytes:
        octets, at = self.octets, self.at
        if at >= len(octets):
            raise _BadDer(f"the key ends before its {what}")
        if octets[at] != tag:
            raise _BadDer(f"octet {at + 1} of the key begins no {what}")
        length, start = self._length(at + 1)
        if start + length > len(octets):
            raise _BadDer(f"the key is cut off: it announces {start + length} octets and has {len(octets)}")
        self.at = start + length
        return octets[start : self.at]

    def _length(self, at: int) -> tuple[int, int]:
        if at >= len(self.octets):
            raise _BadDer("the key is cut off in a length")
        first = self.octets[at]
        if first < 0x80:
            return first, at + 1
        size = first & 0x7F
        if not 1 <= size <= 4 or at + 1 + size > len(self.octets):
            raise _BadDer("the key has a length that cannot be read")
        return int.from_bytes(self.octets[at + 1 : at + 1 + size]), at + 1 + size

    @property
    def left(self) -> int:
        return len(self.octets) - self.at


def _read_rsa(octets: bytes) -> RsaKey:
    whole = _Der(octets)
    outer = _Der(whole.next(_SEQUENCE, "sequence"))
    if whole.left:
        raise _BadDer(f"{whole.left} octets follow after the end of the key")
    if outer.octets[:1] == bytes((_INTEGER,)):
        return _read_numbers(outer, wrapped=False)
    algorithm = _Der(outer.next(_SEQUENCE, "algorithm")).next(_OBJECT, "algorithm")
    if algorithm != _RSA_ENCRYPTION:
        named = "an Ed25519 key" if algorithm == _ED25519 else "no RSA key"
        raise _BadDer(f"k says rsa (or nothing, which means rsa), but this is {named}")
    bits = outer.next(_BIT_STRING, "key")
    return _read_numbers(_Der(_Der(bits[1:]).next(_SEQUENCE, "pair of numbers")), wrapped=True)


def _read_numbers(pair: _Der, *, wrapped: bool) -> RsaKey:
    modulus, exponent = (int.from_bytes(pair.next(_INTEGER, name), signed=True) for name in ("modulus", "exponent"))
    if modulus < 3 or exponent < 1:
        raise _BadDer("the modulus or the exponent is not a positive number")
    return RsaKey(modulus, exponent, wrapped)
