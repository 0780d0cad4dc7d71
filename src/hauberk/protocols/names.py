"""Domain names as people write them and as the DNS holds them (RFC 1035, RFC 5890, UTS 46)."""

import re
from functools import cache, lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address
from urllib.parse import urlsplit

import idna
from publicsuffixlist import PublicSuffixList

from hauberk.protocols.malformed import Malformed, visible

_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
_LITERAL = re.compile(r"\[(IPv6:)?([0-9a-f:.]+)\]", re.IGNORECASE)


def parse_domain(text: str) -> str | Malformed:
    """The A-label form, lower case and without trailing dot, of a domain name that somebody typed or pasted.

    A URL gives its host, an e-mail address its domain. At least two labels are wanted: `localhost` has no mail to look at.
    """
    shown = text.strip().strip("<>").strip()
    if shown.count("@") > 1 and re.search(r"[,;\s]", shown):
        return Malformed(text, 0, "there is more than one address here; give one at a time", len(text))
    host = _host_of(shown)
    name = host.strip().replace("\u3002", ".").replace("\uff0e", ".").replace("\uff61", ".").removesuffix(".")
    if not name:
        return Malformed(text, 0, "there is no domain name here", len(text))
    if _is_address(name):
        return Malformed(text, 0, "this is an IP address; give the domain name that stands after the @ of your mail addresses", len(text))
    domain = _to_a_labels(name, text)
    if isinstance(domain, str) and "." not in domain:
        return Malformed(text, 0, "a single label is no mail domain; give it in full, like example.com", len(text))
    return domain


def parse_helo(text: str) -> str | Malformed:
    """What a client may call itself: a host name, in A-labels and lower case, or an address literal (RFC 5321, 4.1.1.1 and 4.1.3)."""
    if text.startswith("["):
        return text if _is_literal(text) else Malformed(text, 0, "it is no address literal (RFC 5321, 4.1.3)", len(text))
    if _is_address(text):
        return Malformed(text, 0, "an address is written [192.0.2.1] or [IPv6:2001:db8::1] (RFC 5321, 4.1.3)", len(text))
    return _to_a_labels(text.removesuffix("."), text)


def _is_literal(text: str) -> bool:
    found = _LITERAL.fullmatch(text)
    try:
        return found is not None and bool(IPv6Address(found[2]) if found[1] else IPv4Address(found[2]))
    except ValueError:
        return False


def _host_of(shown: str) -> str:
    if "://" in shown:
        try:
            return urlsplit(shown).hostname or ""
        except ValueError:
            return ""
    if shown.lower().startswith("mailto:"):
        shown = shown[7:].partition("?")[0]
    if "@" in shown:
        return shown.rpartition("@")[2].rstrip(">")
    return shown.partition("/")[0]


def _is_address(name: str) -> bool:
    text = name.strip("[]")
    if ":" not in text and not text[-1:].isdigit():  # nearly every name is told from an address by this
        return False
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _to_a_labels(name: str, text: str) -> str | Malformed:
    if len(name) > 1000:
        return Malformed(text[:300], 0, "a domain name has at most 253 octets")
    if any(not label for label in name.split(".")):
        return Malformed(text, max(text.find(".."), 0), "there is an empty label (two dots in a row, or a dot at the start)", 2)
    if name.isascii():
        encoded = name.lower()
    else:
        try:
            encoded = idna.encode(name, uts46=True, transitional=False).decode()
        except (idna.IDNAError, UnicodeError) as error:
            return Malformed(text, 0, f"not an internationalised domain name: {visible(str(error))}", len(text))
    if len(encoded) > 253:
        return Malformed(text[:300], 0, f"a domain name has at most 253 octets, this one {len(encoded)} (RFC 1035, 2.3.4)")
    for label in encoded.split("."):
        if len(label) > 63:
            return Malformed(text, max(text.lower().find(label), 0), "a label has at most 63 octets (RFC 1035, 2.3.4)", len(label))
        if label[0] == "-" or label[-1] == "-":
            return Malformed(
                text, max(text.lower().find(label), 0), f"the label {visible(label)!r} begins or ends with a hyphen", len(label)
            )
        if not _LABEL.fullmatch(label):
            return Malformed(
                text, max(text.lower().find(label), 0), f"the label {visible(label)!r} has a character no domain name has", len(label)
            )
    return encoded


def to_unicode(name: str) -> str:
    """The name as people read it; labels that do not decode stay as they are."""
    if "xn--" not in name:
        return name
    labels: list[str] = []
    for label in name.split("."):
        try:
            labels.append(idna.ulabel(label) if label.startswith("xn--") else label)
        except (idna.IDNAError, UnicodeError):
            labels.append(label)
    return ".".join(labels)


def absolute(name: str) -> str:
    """A name out of record data, as questions spell it: lower case, no trailing dot; the root is `.`."""
    return name.lower().removesuffix(".") or "."


def parent(name: str) -> str:
    """The name one label up; the root for a single label."""
    return name.partition(".")[2] or "."


def ancestors(name: str) -> tuple[str, ...]:
    """The name and everything above it, the root left out: `a.b.c` gives `a.b.c`, `b.c`, `c`."""
    labels = name.split(".")
    return tuple(".".join(labels[start:]) for start in range(len(labels))) if name != "." else ()


def is_at_or_below(name: str, apex: str) -> bool:
    return apex == "." or name == apex or name.endswith("." + apex)


@lru_cache(maxsize=16384)
def registrable(name: str) -> str | None:
    """The registrable domain by the public suffix list; None for a public suffix itself."""
    return _suffixes().privatesuffix(name)


@cache
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList()
