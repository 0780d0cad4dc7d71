"""The SMTP client and its claims, as macros see them (RFC 7208, 7.2)."""

from dataclasses import dataclass, replace
from datetime import datetime
from ipaddress import IPv4Address, IPv6Address


@dataclass(frozen=True, slots=True)
class Client:
    """`ip` of the client (never IPv4-mapped); `local`@`origin` is the sender; `receiver` and `at` serve `exp=` only.

    `domain` is the one whose record is being evaluated; `validated` what `%{p}` stands for.
    """

    ip: IPv4Address | IPv6Address
    local: str
    origin: str
    helo: str
    domain: str
    receiver: str = "unknown"
    at: datetime | None = None
    validated: str = "unknown"

    @property
    def address_type(self) -> str:
        return "A" if self.ip.version == 4 else "AAAA"

    @property
    def reverse_name(self) -> str:
        return self.ip.reverse_pointer

    def within(self, domain: str) -> "Client":
        return replace(self, domain=domain, validated="unknown")

    def value(self, letter: str) -> str:
        """What a macro letter stands for, before transformation."""
        match letter:
            case "s":
                return f"{self.local}@{self.origin}"
            case "l":
                return self.local
            case "o":
                return self.origin
            case "d":
                return self.domain
            case "i":
                return str(self.ip) if self.ip.version == 4 else ".".join(self.ip.exploded.replace(":", "").upper())
            case "p":
                return self.validated
            case "v":
                return "in-addr" if self.ip.version == 4 else "ip6"
            case "h":
                return self.helo
            case "c":
                return str(self.ip)
            case "r":
                return self.receiver
            case "t":
                return str(int(self.at.timestamp())) if self.at else "0"
            case _:
                return ""


def client(
    ip: IPv4Address | IPv6Address, domain: str, sender: str, helo: str, receiver: str = "unknown", at: datetime | None = None
) -> Client:
    """The arguments of `check_host` in order: an empty sender is postmaster at the HELO name (2.4, 4.3)."""
    if isinstance(ip, IPv6Address) and ip.ipv4_mapped is not None:
        ip = ip.ipv4_mapped
    local, _, origin = (sender or f"postmaster@{helo}").rpartition("@")
    return Client(ip, local or "postmaster", origin, helo, domain, receiver, at)
