"""The terms of an SPF record: mechanisms with their qualifier, and modifiers (RFC 7208, sections 5 and 6)."""

from enum import StrEnum
from ipaddress import IPv4Address, IPv6Address
from typing import TypeAlias

from msgspec import Struct

from hauberk.protocols.spf.macros import MacroString


class Qualifier(StrEnum):
    PASS = "+"
    FAIL = "-"
    SOFTFAIL = "~"
    NEUTRAL = "?"


class All(Struct, frozen=True, cache_hash=True, gc=False):
    qualifier: Qualifier = Qualifier.PASS


class Include(Struct, frozen=True, cache_hash=True, gc=False):
    domain: MacroString
    qualifier: Qualifier = Qualifier.PASS


class A(Struct, frozen=True, cache_hash=True, gc=False):
    """`domain` None stands for the domain of the record; `prefix4` and `prefix6` are in bits."""

    domain: MacroString | None = None
    prefix4: int = 32
    prefix6: int = 128
    qualifier: Qualifier = Qualifier.PASS


class MxHosts(Struct, frozen=True, cache_hash=True, gc=False):
    """The `mx` mechanism; fields as in `A`."""

    domain: MacroString | None = None
    prefix4: int = 32
    prefix6: int = 128
    qualifier: Qualifier = Qualifier.PASS


class Ptr(Struct, frozen=True, cache_hash=True, gc=False):
    domain: MacroString | None = None
    qualifier: Qualifier = Qualifier.PASS


class Ip4(Struct, frozen=True, cache_hash=True, gc=False):
    """`address` may have host bits set; only its first `prefix` bits count."""

    address: IPv4Address
    prefix: int = 32
    qualifier: Qualifier = Qualifier.PASS


class Ip6(Struct, frozen=True, cache_hash=True, gc=False):
    """Like `Ip4`."""

    address: IPv6Address
    prefix: int = 128
    qualifier: Qualifier = Qualifier.PASS


class Exists(Struct, frozen=True, cache_hash=True, gc=False):
    domain: MacroString
    qualifier: Qualifier = Qualifier.PASS


class Redirect(Struct, frozen=True, cache_hash=True, gc=False):
    domain: MacroString


class Explanation(Struct, frozen=True, cache_hash=True, gc=False):
    domain: MacroString


class UnknownModifier(Struct, frozen=True, cache_hash=True, gc=False):
    """Receivers ignore it (RFC 7208, 6)."""

    name: str
    value: MacroString


Mechanism: TypeAlias = All | Include | A | MxHosts | Ptr | Ip4 | Ip6 | Exists
Modifier: TypeAlias = Redirect | Explanation | UnknownModifier
Asking: TypeAlias = Include | A | MxHosts | Ptr | Exists | Redirect  # these count as lookups (RFC 7208, 4.6.4)
Term: TypeAlias = Mechanism | Modifier


def render_term(term: Term) -> str:
    """The term in its shortest spelling: no `+`, no prefix of full length."""
    match term:
        case Redirect(domain):
            return f"redirect={domain}"
        case Explanation(domain):
            return f"exp={domain}"
        case UnknownModifier(name, value):
            return f"{name}={value}"
        case All(qualifier):
            return f"{_sign(qualifier)}all"
        case Include(domain, qualifier):
            return f"{_sign(qualifier)}include:{domain}"
        case Exists(domain, qualifier):
            return f"{_sign(qualifier)}exists:{domain}"
        case Ptr(domain, qualifier):
            return f"{_sign(qualifier)}ptr{_named(domain)}"
        case Ip4(address, prefix, qualifier):
            return f"{_sign(qualifier)}ip4:{address}" + (f"/{prefix}" if prefix != 32 else "")
        case Ip6(address, prefix, qualifier):
            return f"{_sign(qualifier)}ip6:{address}" + (f"/{prefix}" if prefix != 128 else "")
        case A(domain, prefix4, prefix6, qualifier):
            return f"{_sign(qualifier)}a{_named(domain)}{_lengths(prefix4, prefix6)}"
        case MxHosts(domain, prefix4, prefix6, qualifier):
            return f"{_sign(qualifier)}mx{_named(domain)}{_lengths(prefix4, prefix6)}"


def _sign(qualifier: Qualifier) -> str:
    return "" if qualifier is Qualifier.PASS else qualifier.value


def _named(domain: MacroString | None) -> str:
    return "" if domain is None else f":{domain}"


def _lengths(prefix4: int, prefix6: int) -> str:
    return (f"/{prefix4}" if prefix4 != 32 else "") + (f"//{prefix6}" if prefix6 != 128 else "")
