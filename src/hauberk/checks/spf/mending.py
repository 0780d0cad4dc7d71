"""Mended SPF records: the one that is published, with something changed, as the whole TXT set to publish."""

import re
from collections.abc import Callable, Collection

from hauberk.checks.reading import Reading
from hauberk.checks.spf.policy import spf_tree
from hauberk.model.assessment import Remedy
from hauberk.model.dns import DnsAnswer
from hauberk.protocols import mx, spf
from hauberk.protocols.mx import Routing
from hauberk.protocols.names import is_at_or_below
from hauberk.protocols.rdata import render_txt
from hauberk.protocols.spf.record import is_record
from hauberk.protocols.spf.selection import near_miss, spf_text
from hauberk.protocols.spf.terms import A, All, Exists, Include, Ip4, Ip6, MxHosts, Ptr, Qualifier, Redirect, Term

# Where mail is received by these, the provider documents this name for its senders.
_PROVIDERS = (
    ("google.com", "_spf.google.com"),
    ("googlemail.com", "_spf.google.com"),
    ("outlook.com", "spf.protection.outlook.com"),
    ("mx.microsoft", "spf.protection.outlook.com"),
    ("zoho.com", "zohomail.com"),
    ("zoho.eu", "zohomail.eu"),
    ("protonmail.ch", "_spf.protonmail.ch"),
    ("messagingengine.com", "spf.messagingengine.com"),
    ("secureserver.net", "secureserver.net"),
    ("yandex.net", "_spf.yandex.net"),
    ("mailbox.org", "mailbox.org"),
    ("ovh.net", "mx.ovh.com"),
    ("gandi.net", "_mailcust.gandi.net"),
    ("migadu.com", "spf.migadu.com"),
    ("icloud.com", "icloud.com"),
    ("amazonaws.com", "amazonses.com"),
)
NOBODY = "v=spf1 -all"
_LONGEST_REPAIRED = 2000
_ODD = re.compile(r"[^\x21-\x7e]+|[\"'`\\]+")
_VERSION = re.compile(r"\A.*?v?\W*spf\W?[0-9l]?(?P<terms>.*)\Z", re.IGNORECASE)


def publish(reading: Reading, check: str, what: str, text: str) -> Remedy:
    """A remedy that publishes `text` as the only SPF record and keeps every other TXT record of the name."""
    answer = spf_tree(reading).root.answer
    others = answer.of("TXT") if isinstance(answer, DnsAnswer) else ()
    kept = (one.data for one in others if not _is_meant_as_spf(spf_text(one.data)))
    owner = f"{reading.domain}. TXT"
    return Remedy(check, what, (f"{owner} {render_txt(text)}", *(f"{owner} {data}" for data in kept)), (owner,) if others else ())


def _is_meant_as_spf(text: str) -> bool:
    return is_record(text) or near_miss(text) is not None


def written(terms: Collection[Term]) -> str:
    """The text of a record with these terms."""
    return spf.render(spf.SpfRecord("", tuple(terms)))


def without(record: spf.SpfRecord, dropped: Collection[Term]) -> tuple[Term, ...]:
    """The record's terms but some; `~all` stands in for a redirect that goes."""
    kept = tuple(term for term in record.terms if term not in dropped)
    return ending_in(kept, Qualifier.SOFTFAIL) if record.redirect in dropped else kept


def remaining(reading: Reading, record: spf.SpfRecord, dropped: Collection[Term], instead: Collection[Term] = ()) -> str:
    """The text of the record with some terms gone or replaced. Where nobody who may send would be left, it is a record to begin
    with instead, never `-all`: somebody sent by the old one, and all of that mail would be refused."""
    terms = (*instead, *without(record, dropped))
    if names_a_sender(terms):
        return written(terms)
    begun = first_record(reading)
    return written(ending_in((), Qualifier.SOFTFAIL)) if begun == NOBODY else begun


def names_a_sender(terms: Collection[Term]) -> bool:
    """Whether the terms let anybody in particular send."""
    return any(isinstance(term, (Include, A, MxHosts, Ptr, Ip4, Ip6, Exists, Redirect)) for term in terms)


def ending_in(terms: Collection[Term], qualifier: Qualifier) -> tuple[Term, ...]:
    """The terms with one `all` of this qualifier behind the other mechanisms, and no redirect that it would make idle."""
    return (*(term for term in terms if not isinstance(term, (All, Redirect))), All(qualifier))


def drop_where(tree: spf.SpfTree, wanted: Callable[[spf.Lookup], bool]) -> tuple[Term, ...]:
    """The terms of the domain's own record with a wanted lookup in them or anywhere below."""
    return tuple(
        one.term
        for one in tree.root.lookups
        if wanted(one) or (one.child is not None and any(wanted(below) for node in one.child.walk() for below in node.lookups))
    )


def first_record(reading: Reading) -> str:
    """A record to begin with: from where the domain's mail goes."""
    route = reading.walked(mx.route, reading.domain)
    if route.routing in (Routing.NULL, Routing.NONE):
        return NOBODY
    hosts = tuple(host.name for host in route.hosts)
    names = (include for suffix, include in _PROVIDERS if any(is_at_or_below(host, suffix) for host in hosts))
    includes = " ".join(f"include:{name}" for name in dict.fromkeys(names))
    own = " mx" if not includes and route.routing is Routing.MX else " a" if not includes else ""
    return f"v=spf1{own}{' ' if includes else ''}{includes} ~all"


def merged(records: tuple[str, ...]) -> str:
    """One record that lets send whom any of several lets send; the mildest `all` of them, so that no mail is lost."""
    parsed = [one for text in records if isinstance(one := spf.parse(text), spf.SpfRecord)]
    terms = dict.fromkeys(term for record in parsed for term in record.terms)
    found = [record.all.qualifier for record in parsed if record.all]
    return written(ending_in(tuple(terms), Qualifier.FAIL if found and set(found) == {Qualifier.FAIL} else Qualifier.SOFTFAIL))


def repaired(text: str) -> str | None:
    """A text that was meant as a record, in the spelling that receivers read; None if nothing is left of it."""
    version = _VERSION.match(_ODD.sub(" ", text)) if len(text) <= _LONGEST_REPAIRED else None
    if version is None:
        return None
    words = re.sub(r"\b(ip4|ip6|ipv4|ipv6|a|mx|include|exists|ptr): +", r"\1:", version["terms"].strip())
    words = re.sub(r"\bipv([46]):", r"ip\1:", words, flags=re.IGNORECASE)
    words = re.sub(r"(?<!\S)([-+~?]?all)[^\s]+", r"\1", words, flags=re.IGNORECASE)
    words = re.sub(r"(?<!\S)(\d+\.\d+\.\d+\.\d+(?:/\d+)?)(?!\S)", r"ip4:\1", words)
    words = re.sub(r"(?<!\S)([-+~?]?)(a|mx|include):(\d+\.\d+\.\d+\.\d+(?:/\d+)?)(?!\S)", r"\1ip4:\3", words, flags=re.IGNORECASE)
    words = re.sub(r"(?<!\S)redirect:", "redirect=", words, flags=re.IGNORECASE)
    parsed = spf.parse(f"v=spf1 {words}")
    return written(parsed.terms) if isinstance(parsed, spf.SpfRecord) and parsed.terms else None
