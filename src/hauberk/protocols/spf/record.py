"""One SPF record: parse and render (RFC 7208, sections 4.6.1, 5, 6 and 12)."""

import re
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from ipaddress import AddressValueError, IPv4Address, IPv6Address

from hauberk.protocols.malformed import Malformed, visible
from hauberk.protocols.spf.macros import MacroString, parse_domain_spec, parse_macro_string
from hauberk.protocols.spf.terms import (
    A,
    All,
    Asking,
    Exists,
    Explanation,
    Include,
    Ip4,
    Ip6,
    Mechanism,
    MxHosts,
    Ptr,
    Qualifier,
    Redirect,
    Term,
    UnknownModifier,
    render_term,
)

_TERM = re.compile(r"([+\-?~]?)([A-Za-z][A-Za-z0-9\-_.]*)(.*)", re.DOTALL)
_FOREIGN = re.compile(r"[^\x21-\x7e]")
_LENGTHS = re.compile(r"(?:/(\d+))?(?://(\d+))?\Z")
_MEANT = {"ipv4": "ip4", "ip": "ip4", "ipv6": "ip6", "inc": "include", "includes": "include", "exist": "exists", "ipv": "ip4"}
_MECHANISMS = ("all", "include", "a", "mx", "ptr", "ip4", "ip6", "exists")


@dataclass(frozen=True)
class SpfRecord:
    """`terms` that could be read, in their order; `faults` lists everything that could not: any one makes receivers stop (4.6)."""

    text: str
    terms: tuple[Term, ...] = ()
    faults: tuple[Malformed, ...] = ()

    @cached_property
    def all(self) -> All | None:
        """The first `all`: what stands behind it is never looked at (5.1)."""
        return next((term for term in self.terms if isinstance(term, All)), None)

    @cached_property
    def effective(self) -> tuple[Mechanism, ...]:
        """The mechanisms up to and including the first `all`."""
        mechanisms = tuple(term for term in self.terms if not isinstance(term, (Redirect, Explanation, UnknownModifier)))
        return mechanisms if self.all is None else mechanisms[: mechanisms.index(self.all) + 1]

    @cached_property
    def redirect(self) -> Redirect | None:
        """The redirect that receivers follow: without effect beside an `all` (6.1)."""
        return None if self.all is not None else next((term for term in self.terms if isinstance(term, Redirect)), None)

    @cached_property
    def asking(self) -> tuple[Asking, ...]:
        """The terms that count as lookups, in the order of evaluation (4.6.4)."""
        mechanisms = tuple(term for term in self.effective if not isinstance(term, (All, Ip4, Ip6)))
        return (*mechanisms, self.redirect) if self.redirect else mechanisms

    @cached_property
    def explanation(self) -> Explanation | None:
        return next((term for term in self.terms if isinstance(term, Explanation)), None)


def is_record(text: str) -> bool:
    """Whether a TXT record's text is an SPF record, valid or not: `v=spf1` in any case, then a space or the end (4.5)."""
    return text[:6].lower() == "v=spf1" and text[6:7] in ("", " ")


@lru_cache(maxsize=8192)
def parse(text: str) -> SpfRecord | Malformed:
    """The record with all its faults; `Malformed` only if it does not start with the version, so that it is no SPF record."""
    if not is_record(text):
        return Malformed(text, 0, "an SPF record starts with v=spf1 and a space (RFC 7208, 4.5)", min(len(text), 7))
    terms: list[Term] = []
    faults: list[Malformed] = []
    at = 6
    for word in text[6:].split(" "):
        if word:
            parsed = _parse_term(word)
            if isinstance(parsed, Malformed):
                faults.append(_placed(parsed, text, at))
            elif _is_repeated(parsed, terms):
                faults.append(Malformed(text, at, f"{word.partition('=')[0]}= may stand only once in a record (RFC 7208, 6)", len(word)))
            else:
                terms.append(parsed)
        at += len(word) + 1
    return SpfRecord(text, tuple(terms), _with_torn(tuple(faults)))


def render(record: SpfRecord) -> str:
    """The record's text from its terms; faults are left out."""
    return " ".join(("v=spf1", *(render_term(term) for term in record.terms)))


def _placed(fault: Malformed, text: str, at: int) -> Malformed:
    return replace(fault, text=text, position=at + fault.position)


def _is_repeated(term: Term, terms: list[Term]) -> bool:
    return isinstance(term, (Redirect, Explanation)) and any(type(other) is type(term) for other in terms)


def _with_torn(faults: tuple[Malformed, ...]) -> tuple[Malformed, ...]:
    """`ip4: 192.0.2.1` is one fault (a space too many), not a missing address and an unknown term."""
    joined: list[Malformed] = []
    for fault in faults:
        before = joined[-1] if joined else None
        gap = fault.text[before.position + before.length : fault.position] if before else ""
        if before and before.text[: before.position].endswith(":") and before.length == 0 and gap and not gap.strip(" "):
            start = before.text.rfind(" ", 0, before.position) + 1
            torn = before.text[start : before.position]
            end = fault.text.find(" ", fault.position) if " " in fault.text[fault.position :] else len(fault.text)
            reason = f"there must be no space after {torn}"
            joined[-1] = Malformed(fault.text, start, reason, end - start)
        else:
            joined.append(fault)
    return tuple(joined)


def _parse_term(word: str) -> Term | Malformed:
    if foreign := _FOREIGN.search(word):
        shown, invisible = visible(foreign.group()), not foreign.group().isprintable() or foreign.group().isspace()
        seen = f"the invisible character {shown} stands here" if invisible else f"the character {shown} is not allowed here"
        return Malformed(word, foreign.start(), f"{seen}; SPF is printable ASCII, and only the plain space parts terms (RFC 7208, 4.6.1)")
    match = _TERM.match(word)
    if match is None:
        return Malformed(word, 0, f"{visible(word)} is neither a mechanism nor a modifier", len(word))
    sign, name, rest = match.groups()
    start = len(sign) + len(name)
    if rest.startswith("=") and not sign:
        return _modifier(word, name, rest[1:], start + 1)
    known = name.lower()
    if known not in _MECHANISMS:
        return _unknown(word, sign, name, rest)
    qualifier = Qualifier(sign or "+")
    match known:
        case "all":
            return All(qualifier) if not rest else Malformed(word, start, "nothing may follow all within its term", len(rest))
        case "ip4" | "ip6":
            return _network(word, known, rest, start, qualifier)
        case "a" | "mx":
            return _hosts(word, known, rest, start, qualifier)
        case _:
            return _named(word, known, rest, start, qualifier)


def _unknown(word: str, sign: str, name: str, rest: str) -> Malformed:
    at = len(sign)
    lower = name.lower()
    if lower.startswith("all"):
        return Malformed(word, at + 3, f"text is glued to {sign}all; a space is missing", len(word) - at - 3)
    if rest[:1] == "=":
        return Malformed(word, 0, f"a modifier such as {visible(name)}= takes no {sign} before it")
    if lower in _MEANT:
        return Malformed(word, at, f"there is no mechanism {name}; {_MEANT[lower]} is meant", len(name))
    if lower in ("redirect", "exp"):
        return Malformed(word, at + len(name), f"{lower} is written with =, not with a colon", max(len(rest[:1]), 1))
    if re.fullmatch(r"[\w.-]+\.[a-z]{2,}", lower):
        return Malformed(word, at, f"{visible(name)} stands here without a mechanism such as include: before it", len(name))
    return Malformed(word, at, f"there is no mechanism {visible(name)} (RFC 7208, 4.6.1)", len(name))


def _modifier(word: str, name: str, value: str, at: int) -> Term | Malformed:
    known = name.lower()
    parsed = parse_domain_spec(value) if known in ("redirect", "exp") else parse_macro_string(value)
    if isinstance(parsed, Malformed):
        return _placed(parsed, word, at)
    if known == "redirect":
        return Redirect(parsed)
    return Explanation(parsed) if known == "exp" else UnknownModifier(name, parsed)


def _named(word: str, name: str, rest: str, at: int, qualifier: Qualifier) -> Term | Malformed:
    if name == "ptr" and not rest:
        return Ptr(None, qualifier)
    if rest[:1] != ":":
        return Malformed(word, at, f"{name} needs a colon and a domain name (RFC 7208, 5)", len(rest))
    domain = parse_domain_spec(rest[1:])
    if isinstance(domain, Malformed):
        return _placed(domain, word, at + 1)
    if name == "ptr":
        return Ptr(domain, qualifier)
    return Include(domain, qualifier) if name == "include" else Exists(domain, qualifier)


def _hosts(word: str, name: str, rest: str, at: int, qualifier: Qualifier) -> Term | Malformed:
    found = _LENGTHS.search(rest)
    split = found.start() if found else len(rest)
    bits4, bits6 = found.groups() if found else (None, None)
    domain: MacroString | None = None
    if split and rest[0] == ":":
        parsed = parse_domain_spec(rest[1:split])
        if isinstance(parsed, Malformed):
            return _placed(parsed, word, at + 1)
        domain = parsed
    elif split:
        return Malformed(word, at, f"after {name} comes a colon and a domain name, or a prefix length such as /24", len(rest))
    prefix4, prefix6 = _prefix(bits4, 32), _prefix(bits6, 128)
    if prefix4 is None or prefix6 is None:
        return Malformed(word, at + split, "a prefix length goes from 0 to 32 for IPv4 (/24) and to 128 for IPv6 (//64)", len(rest) - split)
    return A(domain, prefix4, prefix6, qualifier) if name == "a" else MxHosts(domain, prefix4, prefix6, qualifier)


def _network(word: str, name: str, rest: str, at: int, qualifier: Qualifier) -> Term | Malformed:
    if rest[:1] != ":":
        return Malformed(word, at, f"{name} needs a colon and an address", len(rest))
    address, slash, bits = rest[1:].partition("/")
    if not address:
        return Malformed(word, at + 1, f"an address is missing after {name}:", 0)
    prefix = _prefix(bits if slash else None, 32 if name == "ip4" else 128)
    if prefix is None:
        most = "32" if name == "ip4" else "128"
        return Malformed(word, at + 1 + len(address), f"the prefix length must be from 0 to {most}, without leading zeros", len(bits) + 1)
    try:
        if name == "ip4":
            return Ip4(IPv4Address(address), prefix, qualifier)
        if "%" not in address:
            return Ip6(IPv6Address(address), prefix, qualifier)
    except AddressValueError:
        pass
    return Malformed(word, at + 1, f"{visible(address)} is not an {'IPv4' if name == 'ip4' else 'IPv6'} address", len(address))


def _prefix(digits: str | None, most: int) -> int | None:
    if digits is None:
        return most
    if not digits.isascii() or not digits.isdigit() or len(digits) > 3 or (digits[0] == "0" and digits != "0"):
        return None
    return int(digits) if int(digits) <= most else None
