"""The named finite-field Diffie-Hellman groups (RFC 7919, appendix A), known by their primes."""

from functools import cache

# Bits of the prime -> the group's number, and the constant X of its formula 2^b - 2^(b-64) + ([2^(b-130) * e] + X) * 2^64 - 1.
_GROUPS = {2048: (256, 560316), 3072: (257, 2625351), 4096: (258, 5736041), 6144: (259, 15705020), 8192: (260, 10965728)}


def group_of_prime(prime: int) -> int | None:
    """The number of the named group with this prime; None for any other prime."""
    known = _GROUPS.get(prime.bit_length())
    return known[0] if known and prime == named_prime(prime.bit_length()) else None


@cache
def named_prime(bits: int) -> int:
    _, constant = _GROUPS[bits]
    return 2**bits - 2 ** (bits - 64) + ((_scaled_e(bits) >> 130) + constant) * 2**64 - 1


def _scaled_e(bits: int) -> int:
    """Euler's number times 2^bits, rounded down; 64 bits more are carried while the series is summed."""
    total, term, divisor = 0, 1 << (bits + 64), 1
    while term:
        total += term
        term //= divisor
        divisor += 1
    return total >> 64
