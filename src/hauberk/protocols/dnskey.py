"""DNSKEY records and the DS record that a parent publishes for them (RFC 4034, 2 and 5)."""

import base64
import binascii
import re
from dataclasses import dataclass
from hashlib import sha256
from struct import pack

from hauberk.protocols.malformed import Malformed

_RECORD = re.compile(r"(\d{1,5})\s+(\d{1,3})\s+(\d{1,3})\s+([A-Za-z0-9+/=\s]+)")


@dataclass(frozen=True, slots=True)
class DnsKey:
    flags: int
    protocol: int
    algorithm: int
    key: bytes

    @property
    def is_entry_point(self) -> bool:
        """A zone key with the SEP bit, which is what a DS record is made of."""
        return self.flags & 0x0101 == 0x0101

    @property
    def rdata(self) -> bytes:
        return pack("!HBB", self.flags, self.protocol, self.algorithm) + self.key

    @property
    def key_tag(self) -> int:
        """RFC 4034, appendix B."""
        total = sum(octet << 8 if at % 2 == 0 else octet for at, octet in enumerate(self.rdata))
        return (total + (total >> 16)) & 0xFFFF


def parse(data: str) -> DnsKey | Malformed:
    """The presentation format of RFC 4034, 2.2."""
    match = _RECORD.fullmatch(data)
    if not match:
        return Malformed(data, 0, "a DNSKEY record is flags, protocol, algorithm and a key in base64", len(data) or 1)
    flags, protocol, algorithm = int(match[1]), int(match[2]), int(match[3])
    if flags > 65535 or protocol > 255 or algorithm > 255:
        return Malformed(data, 0, "a number is larger than its field", len(match[1]))
    try:
        key = base64.b64decode("".join(match[4].split()), validate=True)
    except binascii.Error:
        return Malformed(data, match.start(4), "the key is not base64", len(match[4]))
    return DnsKey(flags, protocol, algorithm, key)


def render(key: DnsKey) -> str:
    return f"{key.flags} {key.protocol} {key.algorithm} {base64.b64encode(key.key).decode()}"


def delegation_signer(zone: str, key: DnsKey) -> str:
    """The data of the DS record with SHA-256 (RFC 4509) for a key of a zone."""
    owner = b"".join(bytes((len(label),)) + label.encode() for label in zone.lower().split(".") if label and len(label) < 64) + b"\0"
    return f"{key.key_tag} {key.algorithm} 2 {sha256(owner + key.rdata).hexdigest().upper()}"
