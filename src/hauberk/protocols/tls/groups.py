"""Key exchange groups and the primes of finite fields: IANA's numbers and names, graded.

The grades follow the Dutch NCSC's "IT Security Guidelines for TLS" (2025-05, 3.3.3): the named curves and ML-KEM hybrids are good,
ffdhe3072 and larger are to be phased out, all other finite fields and curves are insufficient.
"""

from functools import cache
from math import isqrt

from hauberk.protocols.ffdhe import group_of_prime
from hauberk.protocols.tls.grade import Grade

SOURCE = "NCSC-NL TLS 2025-05, 3.3.3"

GROUPS = {
    1: "sect163k1", 2: "sect163r1", 3: "sect163r2", 4: "sect193r1", 5: "sect193r2", 6: "sect233k1", 7: "sect233r1", 8: "sect239k1",
    9: "sect283k1", 10: "sect283r1", 11: "sect409k1", 12: "sect409r1", 13: "sect571k1", 14: "sect571r1", 15: "secp160k1",
    16: "secp160r1", 17: "secp160r2", 18: "secp192k1", 19: "secp192r1", 20: "secp224k1", 21: "secp224r1", 22: "secp256k1",
    23: "secp256r1", 24: "secp384r1", 25: "secp521r1", 26: "brainpoolP256r1", 27: "brainpoolP384r1", 28: "brainpoolP512r1",
    29: "x25519", 30: "x448", 31: "brainpoolP256r1tls13", 32: "brainpoolP384r1tls13", 33: "brainpoolP512r1tls13", 41: "curveSM2",
    256: "ffdhe2048", 257: "ffdhe3072", 258: "ffdhe4096", 259: "ffdhe6144", 260: "ffdhe8192",
    512: "MLKEM512", 513: "MLKEM768", 514: "MLKEM1024",
    0x11EB: "SecP256r1MLKEM768", 0x11EC: "X25519MLKEM768", 0x11ED: "SecP384r1MLKEM1024", 0x6399: "X25519Kyber768Draft00",
}  # fmt: skip

_NUMBERS = {name: number for number, name in GROUPS.items()}
P256, P384, X25519 = 23, 24, 29
POST_QUANTUM = (0x11EC, 0x11EB, 0x11ED, 0x6399, 512, 513, 514)
FINITE = (256, 257, 258, 259, 260)
GOOD_CURVES = (29, 23, 24, 30, 25, 26, 27, 28)
# Curves that TLS 1.3 dropped (RFC 8446, 4.2.7); a server may still take them in older versions.
WEAK_CURVES = tuple(range(1, 23))
CURVES = (*GOOD_CURVES, *WEAK_CURVES)

# 2^b - 2^(b-64) - 1 + 2^64 * ([2^(b-130) * pi] + X): bits of the prime -> X (RFC 2409, 6; RFC 3526).
_MODP = {
    768: 149686, 1024: 129093, 1536: 741804, 2048: 124476, 3072: 1690314, 4096: 240904, 6144: 929484, 8192: 4743158,
}  # fmt: skip
_CHUDNOVSKY = 640_320**3 // 24


def group_number(name: str) -> int | None:
    """The number of a group by its IANA name."""
    return _NUMBERS.get(name)


def group_name(number: int) -> str:
    return GROUPS.get(number, f"0x{number:04X}")


def group_grade(number: int) -> tuple[Grade, str]:
    """The grade and what is wrong."""
    if number in GOOD_CURVES or number in (31, 32, 33) or (number in POST_QUANTUM and number != 0x6399):
        return Grade.GOOD, ""
    if number == 0x6399:
        return Grade.PHASE_OUT, "a draft that ML-KEM has replaced"
    if number == 21:
        return Grade.PHASE_OUT, "a curve of 224 bits"
    if number in FINITE:
        return (
            (Grade.INSUFFICIENT, "a finite field of 2,048 bits") if number == 256 else (Grade.PHASE_OUT, "key exchange over a finite field")
        )
    return Grade.INSUFFICIENT, "not among the recommended curves"


def groups_of(version: int) -> tuple[int, ...]:
    """Every group that can be offered in this version: elliptic curves below TLS 1.3, the others as well in 1.3."""
    if version >= 0x0304:
        return (*POST_QUANTUM, 29, 23, 24, 30, 25, 31, 32, 33, *FINITE)
    return CURVES


def prime_grade(prime: int) -> tuple[str, Grade, str]:
    """The known group's name (empty for an own prime), the grade and what is wrong."""
    bits = prime.bit_length()
    named = group_of_prime(prime)
    if named is not None:
        grade, why = group_grade(named)
        return group_name(named), grade, why
    if bits in _MODP and prime == modp(bits):
        return f"modp{bits}", Grade.INSUFFICIENT, f"a finite field of {bits:,} bits that the guidelines do not list"
    return "", Grade.INSUFFICIENT, f"an own prime of {bits:,} bits"


@cache
def modp(bits: int) -> int:
    """The prime of a MODP group (RFC 2409, RFC 3526)."""
    return 2**bits - 2 ** (bits - 64) - 1 + ((_scaled_pi(bits) >> 130) + _MODP[bits]) * 2**64


def _scaled_pi(bits: int) -> int:
    """Pi times 2^bits, rounded down (Chudnovsky's series: 47 bits a term); 64 bits more are carried while it is summed."""
    one = 1 << (bits + 64)
    first = second = 0
    power, number = one, 0
    while power:
        first, second = first + power, second + number * power
        number += 1
        power = -power * ((6 * number - 5) * (2 * number - 1) * (6 * number - 1)) // (number**3 * _CHUDNOVSKY)
    root = isqrt(10_005 * one * one)
    return 426_880 * root * one // (13_591_409 * first + 545_140_134 * second) >> 64
