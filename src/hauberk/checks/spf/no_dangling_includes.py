"""SPF trusts no domain that anybody could register.

## What it means

An include, a redirect, or a host in the record (or in one that it includes) lies in a domain that does not exist: nobody holds it.

## Why it matters

Whoever registers that domain for a few dollars decides who may send in your name, with an SPF pass. Attackers look for such records.

## How to fix

Take the term out. It usually belongs to a service that has been given up, or is a slip of the pen:

    example.com. TXT "v=spf1 mx include:_spf.example.net ~all"
"""

from collections.abc import Iterable, Iterator

from hauberk.checks.check import Check, Source
from hauberk.checks.reading import Reading
from hauberk.checks.spf.mending import drop_where, publish, remaining
from hauberk.checks.spf.policy import few_findings, named, not_answered, quoted, spf_tree
from hauberk.model.assessment import Remedy
from hauberk.model.verdict import CheckVerdict, Finding, Verdict
from hauberk.protocols import spf
from hauberk.protocols.malformed import visible
from hauberk.protocols.spf.terms import Include, Redirect


def judge(reading: Reading) -> Iterable[Finding]:
    tree = spf_tree(reading)
    if tree.root.state in (spf.State.UNANSWERED, spf.State.LEFT_OUT):
        yield from not_answered(tree)
    elif tree.root.record is not None:
        gone = tuple(_gone(tree))
        unknown = tuple(_unknown(tree))
        yield from few_findings(dict.fromkeys(gone))
        yield from few_findings(dict.fromkeys(unknown))
        if not gone and not unknown:
            count = len({one.name for _, one in tree.lookups if one.name})
            message = f"No name that SPF trusts ({count} in all) lies in a domain that anybody could register."
            yield Finding(reading.domain, Verdict.PASS, message if count else "The record trusts no other name.")


def _gone(tree: spf.SpfTree) -> Iterator[Finding]:
    for node, one in tree.lookups:
        if one.gone:
            evidence = (quoted(node.record.text),) if node.record else ()
            message = f"{named(one.term)} hangs on {visible(one.gone)}, which does not exist: whoever registers it may send in your name."
            code = "dangling-include" if isinstance(one.term, (Include, Redirect)) else "dangling-name"
            yield Finding(node.domain, Verdict.FAIL, message, evidence, code)


def _unknown(tree: spf.SpfTree) -> Iterator[Finding]:
    for node, one in tree.lookups:
        if one.gone_unknown:
            message = f"{visible(one.name)} does not exist; whether the domain that it belongs to does was not answered."
            yield Finding(node.domain, Verdict.UNKNOWN, message, (named(one.term),), "unanswered")
        elif one.unanswered:
            message = f"Whether all that {named(one.term)} trusts exists is not known: {visible(one.unanswered[0])}."
            yield Finding(node.domain, Verdict.UNKNOWN, message, (named(one.term),), "unanswered")


def remedy(reading: Reading, verdict: CheckVerdict) -> Iterable[Remedy]:
    tree = spf_tree(reading)
    record = tree.root.record
    dropped = drop_where(tree, lambda one: bool(one.gone))
    if record is not None and dropped:
        what = f"Take out {', '.join(map(named, dropped[:6]))} at once: it trusts a domain that anybody could register"
        yield publish(reading, verdict.check, what, remaining(reading, record, dropped))


CHECK = Check(
    id="spf.no-dangling-includes",
    title="SPF trusts no domain that anybody could register",
    sources=(Source("RFC 7208", "5.2"), Source("RFC 7208", "6.1")),
    judge=judge,
    remedy=remedy,
)
