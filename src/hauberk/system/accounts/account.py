"""The words of the account directory. Pure."""

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from hauberk.protocols.malformed import Malformed
from hauberk.protocols.names import parse_domain


class State(StrEnum):
    """Active: all works. Suspended: receives, cannot log in or send. Deactivated: nothing; addresses and aliases are refused."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    DEACTIVATED = "deactivated"


@dataclass(frozen=True, slots=True)
class Account:
    """`login` is the main address, in lower case. `since`: when it came into this state (aware, UTC)."""

    login: str
    name: str
    state: State
    has_password: bool
    since: datetime
    aliases: tuple[str, ...] = ()
    app_passwords: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Alias:
    """`target` is a login, or an address outside where the policy allows forwarding."""

    address: str
    target: str


@dataclass(frozen=True, slots=True)
class Recipients:
    """What the MTA in the DMZ must know, and all that it gets to know: which addresses receive, and where aliases lead. Sorted."""

    addresses: tuple[str, ...]
    aliases: tuple[Alias, ...]


# Dot-atoms (RFC 5321, 4.1.2) without what shells, paths, SQL and Postfix would read as theirs; no `+`, which begins a detail.
_LOCAL = re.compile(r"[a-z0-9_-]+(?:\.[a-z0-9_-]+)*")
_LONGEST_LOCAL = 64  # RFC 5321, 4.5.3.1.1


def parse_address(text: str) -> str | Malformed:
    """An address in lower case, its domain as A-labels."""
    local, at, domain = text.strip().rpartition("@")
    if not at:
        return Malformed(text, len(text), "no @: an address is a name, @ and a domain (RFC 5321, 4.1.2)", 1)
    parsed = parse_domain(domain)
    if isinstance(parsed, Malformed):
        return parsed
    lowered = local.lower()
    if len(lowered) > _LONGEST_LOCAL or not _LOCAL.fullmatch(lowered):
        return Malformed(text, 0, "before the @ only a-z, 0-9, - and _, with dots between, at most 64 characters", max(1, len(local)))
    return f"{lowered}@{parsed}"
