"""NSEC3PARAM records: how a signed zone hashes the names that it denies (RFC 5155, 4)."""

import re
from dataclasses import dataclass

from hauberk.protocols.malformed import Malformed

SHA1 = 1  # the only hash algorithm there is (IANA, DNSSEC NSEC3 Hash Algorithms)
_RECORD = re.compile(r"(\d{1,3})\s+(\d{1,3})\s+(\d{1,5})\s+(-|(?:[0-9A-Fa-f]{2}){1,255})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Nsec3Parameters:
    """`iterations` are the rounds of hashing after the first. The flags say nothing of opt-out: that stands in NSEC3 records (4.1.2)."""

    algorithm: int
    flags: int
    iterations: int
    salt: bytes


def parse(data: str) -> Nsec3Parameters | Malformed:
    """The presentation format of RFC 5155, 4.3."""
    match = _RECORD.fullmatch(data)
    if not match:
        reason = "an NSEC3PARAM record is algorithm, flags, iterations and a salt in hexadecimal, or - for none"
        return Malformed(data, 0, reason, len(data) or 1)
    algorithm, flags, iterations = int(match[1]), int(match[2]), int(match[3])
    for group, number, most in ((1, algorithm, 255), (2, flags, 255), (3, iterations, 65535)):
        if number > most:
            return Malformed(data, match.start(group), "a number is larger than its field", len(match[group]))
    return Nsec3Parameters(algorithm, flags, iterations, b"" if match[4] == "-" else bytes.fromhex(match[4]))
