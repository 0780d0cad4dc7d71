"""SPF stays within ten lookups.

## What it means

Each `include`, `a`, `mx`, `ptr`, `exists` and `redirect` makes receivers ask the DNS, and what is included counts too. Receivers stop at
ten. Behind one `mx` there may be at most ten names. `ip4`, `ip6` and `all` cost nothing.

## Why it matters

With the eleventh lookup receivers stop with `permerror`: SPF passes for nobody, your own mail included. Providers change their
records without telling you, so nine or ten today may be eleven tomorrow.

## How to fix

Take out services that no longer send for you. Write your own servers as `ip4:` and `ip6:` instead of `a` and `mx`. Let bulk mail use a
subdomain with a record of its own:

    example.com. TXT "v=spf1 ip4:192.0.2.10 include:_spf.example.net ~all"
    news.example.com. TXT "v=spf1 include:_spf.newsletter.example ~all"
"""

from collections.abc import Iterable

from hauberk.checks.check import Check, Source
from hauberk.checks.reading import Reading
from hauberk.checks.spf.mending import drop_where, publish, remaining, without, written
from hauberk.checks.spf.policy import few, hidden, named, not_answered, record_of, spf_tree
from hauberk.model.assessment import Remedy
from hauberk.model.verdict import CheckVerdict, Finding, Verdict
from hauberk.protocols import spf
from hauberk.protocols.malformed import visible
from hauberk.protocols.spf.result import MOST_LOOKUPS, MOST_MX_NAMES
from hauberk.protocols.spf.terms import A, Ip4, Ip6, MxHosts, Ptr, Qualifier, Term

_CLOSE = 9
_MOST_WRITTEN_OUT = 8


def judge(reading: Reading) -> Iterable[Finding]:
    tree = spf_tree(reading)
    if tree.root.state in (spf.State.UNANSWERED, spf.State.LEFT_OUT):
        yield from not_answered(tree)
    elif tree.root.record is not None:
        yield _total(tree)
        yield from _mx_names(tree)


def _total(tree: spf.SpfTree) -> Finding:
    domain, count = tree.root.domain, tree.cost
    costs = few(f"{named(one.term)}: {one.cost}" for one in tree.root.lookups)
    if any(node.state is spf.State.LOOP for node in tree.nodes):
        message = f"The includes go round in a circle, so that receivers always reach the limit of {MOST_LOOKUPS} lookups: permerror."
        return Finding(domain, Verdict.FAIL, message, costs, "too-many-lookups")
    if count > MOST_LOOKUPS:
        message = f"SPF needs {_at_least(tree)}{count} lookups; receivers stop at {MOST_LOOKUPS} with permerror."
        return Finding(domain, Verdict.FAIL, message, costs, "too-many-lookups")
    unseen = tuple(node.domain for node in tree.nodes if node.state in (spf.State.UNANSWERED, spf.State.LEFT_OUT))
    if unseen:
        message = f"SPF needs at least {count} lookups; how many more is not known, for {visible(unseen[0])} gave no answer."
        return Finding(domain, Verdict.UNKNOWN, message, costs, "unanswered")
    if count >= _CLOSE:
        message = f"SPF needs {_at_least(tree)}{count} of {MOST_LOOKUPS} lookups; a provider that adds one more breaks it."
        return Finding(domain, Verdict.WARN, message, costs, "near-lookup-limit")
    return Finding(domain, Verdict.PASS, f"SPF needs {_at_least(tree)}{count} of {MOST_LOOKUPS} lookups.", costs)


def _at_least(tree: spf.SpfTree) -> str:
    return "" if tree.is_whole else "at least "


def _mx_names(tree: spf.SpfTree) -> Iterable[Finding]:
    over = {(node.domain, one.name, len(one.hosts)): one.term for node, one in tree.lookups if len(one.hosts) > MOST_MX_NAMES}
    for (domain, name, count), term in tuple(over.items())[:10]:
        message = f"Behind {named(term)} stand {count} MX names of {name}; receivers stop at {MOST_MX_NAMES} with permerror."
        yield Finding(domain, Verdict.FAIL, message, record_of(tree), "too-many-mx-names")
    for node, one in tree.lookups:
        if isinstance(one.term, MxHosts) and any(said.startswith(f"{one.name} MX:") for said in one.unanswered):
            message = f"How many names stand behind {named(one.term)} is not known."
            yield Finding(node.domain, Verdict.UNKNOWN, message, few(hidden(tree)), "unanswered")
            return


def remedy(reading: Reading, verdict: CheckVerdict) -> Iterable[Remedy]:
    tree = spf_tree(reading)
    record = tree.root.record
    if record is None:
        return
    broken = tuple(one.term for one in tree.root.lookups if len(one.hosts) > MOST_MX_NAMES)
    circular = drop_where(tree, lambda one: one.child is not None and one.child.state is spf.State.LOOP)
    if broken or circular:
        instead = tuple(address for term in broken for address in _as_addresses(tree, term))
        what = f"Take out {', '.join(map(named, dict.fromkeys((*broken, *circular))))}; write the addresses your mail leaves from instead"
        yield publish(reading, verdict.check, what, remaining(reading, record, (*broken, *circular), instead))
        return
    terms, cost = _cheaper(tree, record)
    dear = sorted(tree.root.lookups, key=lambda one: -one.cost)
    if cost <= MOST_LOOKUPS and terms != record.terms:
        what = "Write your own servers as addresses and take out what is asked twice or in vain"
        yield publish(reading, verdict.check, what, written(terms))
    else:
        costs = ", ".join(f"{named(one.term)} ({one.cost})" for one in dear[:6])
        what = f"Take out services that no longer send for you, or move some to a subdomain; the dearest are {costs}"
        yield Remedy(verdict.check, what)


def _cheaper(tree: spf.SpfTree, record: spf.SpfRecord) -> tuple[tuple[Term, ...], int]:
    """The record's terms without what costs and brings nothing, and its own hosts as addresses while that is needed."""
    idle = tuple(one.term for one in tree.root.lookups if isinstance(one.term, Ptr) or (one.void and one.child is None))
    terms = list(dict.fromkeys(without(record, idle)))
    costs: dict[Term, int] = {one.term: one.cost for one in tree.root.lookups}
    cost = sum(costs.get(term, 0) for term in terms)
    for term in tuple(terms):
        addresses = _as_addresses(tree, term) if cost > _CLOSE - 1 else ()
        if addresses:
            at = terms.index(term)
            terms[at : at + 1] = addresses
            cost -= costs.get(term, 0)
    return tuple(dict.fromkeys(terms)), cost


def _as_addresses(tree: spf.SpfTree, term: Term) -> tuple[Term, ...]:
    """The `ip4` and `ip6` terms that an `a` or `mx` stands for, if they are few."""
    if not isinstance(term, (A, MxHosts)) or term.qualifier is not Qualifier.PASS:
        return ()
    if term.prefix4 != 32 or term.prefix6 != 128:
        return ()
    found = tuple(dict.fromkeys(one.address for one in tree.root.networks if one.term == named(term)))
    if not found or len(found) > _MOST_WRITTEN_OUT:
        return ()
    return tuple(Ip4(address) if address.version == 4 else Ip6(address) for address in found)


CHECK = Check(
    id="spf.lookup-limit",
    title="SPF stays within ten lookups",
    sources=(Source("RFC 7208", "4.6.4"),),
    judge=judge,
    remedy=remedy,
)
