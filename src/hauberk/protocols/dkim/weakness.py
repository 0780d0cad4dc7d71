"""RSA keys whose private half is known or easily computed. Sizes are judged elsewhere; here only what breaks a key of any size."""

from dataclasses import dataclass
from functools import cache, lru_cache
from hashlib import sha256
from math import gcd, isqrt, prod

from hauberk.protocols.dkim.material import Ed25519Key, Material, RsaKey

# Larger numbers are hostile rather than keys; arithmetic with them would only burn time.
_MOST_BITS = 16_384
_FERMAT_ROUNDS = 64

# SHA-256 over the octets of modulus or key: pairs whose private half is printed in a standard.
_PUBLISHED = {
    "1be2c2e898b8cb93583845439eb7b8df9d47527f9b77751cfcd96d91851f4efd": "RFC 6376, appendix C",
    "faa7f1558c0345a1166a022f3c50feabe8105966d5d8010d3c8d29a462986a42": "RFC 8463, appendix A",
    "21fe31dfa154a261626bf854046fd2271b7bed4b6abe45aa58877ef47f9721b9": "RFC 8463, appendix A",
}


@dataclass(frozen=True, slots=True)
class Weakness:
    """`name` is short and stable; `reason` a sentence."""

    name: str
    reason: str


@lru_cache(maxsize=256)
def weaknesses(material: Material) -> tuple[Weakness, ...]:
    """Everything known against a key; empty for most."""
    match material:
        case RsaKey(modulus, exponent) if modulus.bit_length() <= _MOST_BITS:
            found = (
                _published(modulus.to_bytes((modulus.bit_length() + 7) // 8)),
                _bad_exponent(exponent),
                _small_factor(modulus),
                _close_primes(modulus),
                _roca(modulus),
            )
            return tuple(weakness for weakness in found if weakness)
        case Ed25519Key(octets):
            weakness = _published(octets)
            return (weakness,) if weakness else ()
        case _:
            return ()


def _published(octets: bytes) -> Weakness | None:
    where = _PUBLISHED.get(sha256(octets).hexdigest())
    return Weakness("published", f"its private key is printed in {where}") if where else None


def _bad_exponent(exponent: int) -> Weakness | None:
    if exponent == 1:
        return Weakness("exponent-1", "its exponent is 1: a signature is the message itself, and anybody can make one")
    return Weakness("exponent-even", f"its exponent {exponent} is even, so it is no RSA key") if exponent % 2 == 0 else None


def _small_factor(modulus: int) -> Weakness | None:
    divisor = gcd(modulus, _small_primes_product())
    return Weakness("small-factor", f"its modulus is divisible by {_least_factor(divisor)}") if divisor > 1 else None


def _close_primes(modulus: int) -> Weakness | None:
    """Fermat's method: the two primes lie so close together that a few steps from the square root find them (CVE-2022-26320)."""
    if modulus % 2 == 0:
        return None
    middle = isqrt(modulus)
    middle += middle * middle < modulus
    for _ in range(_FERMAT_ROUNDS):
        rest = middle * middle - modulus
        root = isqrt(rest)
        if root * root == rest:
            return Weakness("close-primes", "its two primes lie close together and are found at once by Fermat's method (CVE-2022-26320)")
        middle += 1
    return None


def _roca(modulus: int) -> Weakness | None:
    """ROCA (CVE-2017-15361): the primes of the affected chips are powers of 65537 modulo many small primes, and so is their product."""
    if all(modulus % prime in powers for prime, powers in _roca_marks()):
        return Weakness("roca", "it carries the mark of the Infineon chips whose keys can be factored (ROCA, CVE-2017-15361)")
    return None


@cache
def _primes_below(limit: int) -> tuple[int, ...]:
    return tuple(number for number in range(2, limit) if all(number % divisor for divisor in range(2, isqrt(number) + 1)))


@cache
def _small_primes_product() -> int:
    return prod(_primes_below(2000))


def _least_factor(number: int) -> int:
    return next((prime for prime in _primes_below(2000) if number % prime == 0), number)


@cache
def _roca_marks() -> tuple[tuple[int, frozenset[int]], ...]:
    return tuple((prime, frozenset(pow(65537, power, prime) for power in range(prime - 1))) for prime in _primes_below(168)[1:])
