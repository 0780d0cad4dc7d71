"""SPF lets no huge share of the internet send.

## What it means

The networks of the record and of all it includes are added up, each address counted once: the "blast radius" of your SPF. Private
networks (RFC 1918 and the like) are left out.

## Why it matters

Whoever controls any one of these addresses may send in your name with an SPF pass, and with DMARC aligned to it. A slip such as
`ip4:192.0.2.0/2` lets a quarter of the internet in. `ptr` makes the owner of an address decide by his reverse DNS, is slow, and RFC 7208
says not to use it.

## How to fix

Give only the networks your mail leaves from, and write addresses instead of `ptr`:

    example.com. TXT "v=spf1 ip4:192.0.2.16/29 include:_spf.example.net ~all"
"""

from collections.abc import Iterable, Iterator

from msgspec.structs import replace

from hauberk.checks.check import Check, Source
from hauberk.checks.reading import Reading
from hauberk.checks.spf.mending import drop_where, publish, remaining
from hauberk.checks.spf.policy import few, hidden, named, not_answered, record_of, spf_tree
from hauberk.model.assessment import Remedy
from hauberk.model.verdict import CheckVerdict, Finding, Verdict
from hauberk.protocols import spf
from hauberk.protocols.malformed import visible
from hauberk.protocols.spf.terms import A, MxHosts, Ptr

# More than a /8 of IPv4, a 256th of the whole, or a /16 of IPv6: no sender has that, though Apple lists the whole of its own /8.
# The large providers come to about a million together.
_HUGE = {4: 2**24, 6: 2**112}
_LARGE = {4: 2**22, 6: 2**104}


def judge(reading: Reading) -> Iterable[Finding]:
    tree = spf_tree(reading)
    if tree.root.state in (spf.State.UNANSWERED, spf.State.LEFT_OUT):
        yield from not_answered(tree)
    elif tree.root.record is not None:
        yield _size(tree)
        yield from _ptr(tree)
        yield from _private(tree)


def _size(tree: spf.SpfTree) -> Finding:
    domain, evidence = tree.root.domain, few(_widest(tree))
    if tree.open_to_all:
        message = f"+all in the record of {visible(tree.open_to_all[0])} lets the whole internet send."
        return Finding(domain, Verdict.FAIL, message, record_of(tree), "wide-space")
    counted = f"{_count(tree)} may send with an SPF pass"
    if tree.space.ipv4 > _HUGE[4] or tree.space.ipv6 >= _HUGE[6]:
        return Finding(domain, Verdict.FAIL, f"{counted}. No sender needs that many.", evidence, "wide-space")
    if any(node.state in (spf.State.UNANSWERED, spf.State.LEFT_OUT) for node in tree.nodes) or hidden(tree):
        message = f"At least {counted}; how many more is not known, for not all questions were answered."
        return Finding(domain, Verdict.UNKNOWN, message, few(map(visible, hidden(tree))), "unanswered")
    if tree.space.ipv4 >= _LARGE[4] or tree.space.ipv6 >= _LARGE[6]:
        message = f"{counted}, more than the largest providers together have."
        return Finding(domain, Verdict.WARN, message, evidence, "large-space")
    return Finding(domain, Verdict.PASS, f"{counted}.", evidence)


def _count(tree: spf.SpfTree) -> str:
    ipv4, ipv6 = tree.space.ipv4, tree.space.ipv6
    share = ipv4 / 2**32
    of_all = f" ({share:.1%} of all)" if share >= 0.001 else ""
    return f"{ipv4:,} IPv4 {'address' if ipv4 == 1 else 'addresses'}{of_all}" + (f" and {_power(ipv6)} of IPv6" if ipv6 else "")


def _power(count: int) -> str:
    """Numbers of IPv6 addresses in the size of one network, rounded up."""
    return f"a /{128 - (count - 1).bit_length()}" if count > 1 else "one address"


def _widest(tree: spf.SpfTree) -> Iterator[str]:
    """The widest networks first, each with its term and whose record it stands in."""
    counted = [one for one in tree.networks if not one.is_private]
    counted.sort(key=lambda one: (one.version, -one.size))
    for one in dict.fromkeys(counted[:5] + [one for one in counted if one.version == 6][:2]):
        yield f"{one}: {visible(one.term)} of {visible(one.owner)}"


def _ptr(tree: spf.SpfTree) -> Iterator[Finding]:
    having = {node.domain: one.term for node, one in tree.lookups if isinstance(one.term, Ptr)}
    for domain, term in tuple(having.items())[:5]:
        message = f"{named(term)} in the record of {visible(domain)} lets reverse DNS decide, is slow, and should not be used."
        yield Finding(domain, Verdict.WARN, message, record_of(tree), "ptr")


def _private(tree: spf.SpfTree) -> Iterator[Finding]:
    private = tuple(dict.fromkeys(visible(one.term) for one in tree.root.networks if one.is_private))
    if private:
        message = f"{', '.join(private[:5])}: no mail comes from private addresses over the internet; this can be taken out."
        yield Finding(tree.root.domain, Verdict.INFO, message, record_of(tree), "private-network")


def remedy(reading: Reading, verdict: CheckVerdict) -> Iterable[Remedy]:
    tree = spf_tree(reading)
    record = tree.root.record
    if record is None or tree.open_to_all:
        return
    most = {version: limit // 256 for version, limit in _HUGE.items()}
    wide = {(one.owner, one.term) for one in tree.networks if one.size > most[one.version] and not one.is_private}
    own = tuple(term for term in record.terms if (tree.root.domain, spf.render_term(term)) in wide) if _is_wide(verdict) else ()
    ptr = drop_where(tree, lambda one: isinstance(one.term, Ptr))
    dropped = (*own, *ptr)
    narrow = tuple(_narrowed(term) for term in own if isinstance(term, (A, MxHosts)))
    if dropped:
        terms = ", ".join(visible(spf.render_term(term)) for term in dropped[:6])
        what = f"Take out {terms}; write the addresses your mail leaves from instead"
        yield publish(reading, verdict.check, what, remaining(reading, record, dropped, narrow))
    elif wide:
        owners = ", ".join(sorted({visible(owner) for owner, _ in wide})[:5])
        yield Remedy(verdict.check, f"Take out what includes the wide networks of {owners}, or ask the owner for a narrower record")


def _narrowed(term: A | MxHosts) -> A | MxHosts:
    """The hosts themselves, without the networks around them."""
    return replace(term, prefix4=32, prefix6=128)


def _is_wide(verdict: CheckVerdict) -> bool:
    return any(finding.code in ("wide-space", "large-space") for finding in verdict.findings)


CHECK = Check(
    id="spf.address-space",
    title="SPF lets no huge share of the internet send",
    sources=(Source("RFC 7208", "5.5"), Source("RFC 7208", "5.6")),
    judge=judge,
    remedy=remedy,
)
