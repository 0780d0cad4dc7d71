"""SPF asks for nothing that is not there.

## What it means

A term that asks the DNS for a name that does not exist, or that has no such record, is a void lookup. Receivers should allow two.

## Why it matters

With the third void lookup receivers stop with `permerror`. Void lookups are what a service leaves behind that has been given up; they
cost a lookup each time and let nobody send.

## How to fix

Take the terms out whose names are gone:

    example.com. TXT "v=spf1 mx include:_spf.example.net ~all"
"""

from collections.abc import Iterable

from hauberk.checks.check import Check, Source
from hauberk.checks.reading import Reading
from hauberk.checks.spf.mending import drop_where, publish, remaining
from hauberk.checks.spf.policy import few, hidden, named, not_answered, spf_tree
from hauberk.model.assessment import Remedy
from hauberk.model.verdict import CheckVerdict, Finding, Verdict
from hauberk.protocols import spf
from hauberk.protocols.malformed import visible
from hauberk.protocols.spf.result import MOST_VOID_LOOKUPS


def judge(reading: Reading) -> Iterable[Finding]:
    tree = spf_tree(reading)
    if tree.root.state in (spf.State.UNANSWERED, spf.State.LEFT_OUT):
        yield from not_answered(tree)
    elif tree.root.record is not None:
        yield _voids(tree)


def _voids(tree: spf.SpfTree) -> Finding:
    domain = tree.root.domain
    voids = tuple(f"{visible(said)} ({named(one.term)} of {visible(node.domain)})" for node, one in tree.lookups for said in one.void)
    unseen = hidden(tree)
    if len(voids) > MOST_VOID_LOOKUPS:
        message = f"{len(voids)} lookups find nothing; receivers may stop at more than {MOST_VOID_LOOKUPS} with permerror."
        return Finding(domain, Verdict.FAIL, message, few(voids), "void-lookups")
    if unseen and len(voids) + len(unseen) > MOST_VOID_LOOKUPS:
        message = f"{len(voids)} lookups find nothing; of {len(unseen)} more it is not known, for they were not answered."
        return Finding(domain, Verdict.UNKNOWN, message, few((*voids, *map(visible, unseen))), "unanswered")
    if voids:
        message = f"{len(voids)} of the {MOST_VOID_LOOKUPS} lookups are used up that may find nothing; better take such terms out."
        return Finding(domain, Verdict.PASS, message, voids)
    return Finding(domain, Verdict.PASS, "No lookup is in vain.")


def remedy(reading: Reading, verdict: CheckVerdict) -> Iterable[Remedy]:
    tree = spf_tree(reading)
    record = tree.root.record
    dropped = drop_where(tree, lambda one: bool(one.void) and not one.hosts)
    if record is not None and dropped:
        what = f"Take out the terms that find nothing: {', '.join(map(named, dropped[:6]))}"
        yield publish(reading, verdict.check, what, remaining(reading, record, dropped))


CHECK = Check(
    id="spf.void-lookups",
    title="SPF asks for nothing that is not there",
    sources=(Source("RFC 7208", "4.6.4"), Source("RFC 7208", "11.1")),
    judge=judge,
    remedy=remedy,
)
