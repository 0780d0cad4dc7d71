"""The SPF record and everything it includes are free of errors.

## What it means

Receivers read the whole record first. One term that they cannot read, or one include that leads to no record, makes them stop with
`permerror`, whoever the sender is. The same holds for every record that is included.

## Why it matters

With `permerror` SPF passes for nobody: your own mail loses its SPF pass, and forged mail is not refused. Most such errors are slips:
a space after `ip4:`, `ipv4:`, an invisible space from a web page, text glued to `~all`.

## How to fix

Correct the place that is marked, for example `ip4: 192.0.2.1` to `ip4:192.0.2.1`:

    example.com. TXT "v=spf1 ip4:192.0.2.1 include:_spf.example.net ~all"

If the error is in an included record, ask its owner to mend it, or take the include out.
"""

from collections.abc import Iterable, Iterator

from hauberk.checks.check import Check, Source
from hauberk.checks.reading import Reading
from hauberk.checks.spf.mending import drop_where, ending_in, merged, publish, remaining, repaired, without, written
from hauberk.checks.spf.policy import by_message, few_findings, named, no_answer_to, not_answered, quoted, record_of, spf_tree
from hauberk.model.assessment import Remedy
from hauberk.model.verdict import CheckVerdict, Finding, Verdict
from hauberk.protocols import spf
from hauberk.protocols.malformed import visible
from hauberk.protocols.spf.terms import Exists, Include, MxHosts, Redirect, UnknownModifier, render_term

_BROKEN = {
    spf.State.NONE: "leads to a name without an SPF record",
    spf.State.NXDOMAIN: "leads to a name that does not exist",
    spf.State.DUPLICATE: "leads to a name with more than one SPF record",
    spf.State.NO_NAME: "names no possible domain",
    spf.State.LOOP: "leads back to a record that it came from, so that receivers never come to an end",
}
_MECHANISM_NAMES = ("all", "include", "a", "mx", "ptr", "ip4", "ip6", "exists", "ipv4", "ipv6", "v")


def judge(reading: Reading) -> Iterable[Finding]:
    tree = spf_tree(reading)
    if tree.root.state in (spf.State.UNANSWERED, spf.State.LEFT_OUT):
        yield from not_answered(tree)
    elif tree.root.state is spf.State.DUPLICATE:
        message = "Receivers stop with permerror, for there is more than one SPF record."
        yield Finding(reading.domain, Verdict.FAIL, message, tuple(map(quoted, tree.selection.records[:10])), "permerror")
    elif tree.root.record is not None:
        errors = tuple(_errors(tree))
        unknown = tuple(_unknown(tree))
        yield from few_findings(errors)
        yield from few_findings(unknown)
        yield from few_findings(_without_effect(tree.root.record, reading.domain))
        if not errors and not unknown:
            yield _sound(tree)


def _errors(tree: spf.SpfTree) -> Iterator[Finding]:
    seen = set[str]()
    for node in tree.nodes:
        if node.record is None or node.domain in seen:
            continue
        seen.add(node.domain)
        for fault in node.record.faults:
            yield Finding(node.domain, Verdict.FAIL, f"Receivers stop with permerror: {fault.reason}.", (fault.marked(),), "permerror")
        for lookup in node.lookups:
            if lookup.child is not None and lookup.child.state in _BROKEN:
                message = f"Receivers stop with permerror: {named(lookup.term)} {_BROKEN[lookup.child.state]}."
                yield Finding(node.domain, Verdict.FAIL, message, (quoted(node.record.text),), "permerror")


def _unknown(tree: spf.SpfTree) -> Iterator[Finding]:
    for node in tree.nodes:
        if node.state in (spf.State.UNANSWERED, spf.State.LEFT_OUT):
            message = f"Whether the record of {visible(node.domain)} is free of errors is not known: {no_answer_to(node)}."
            yield Finding(node.domain, Verdict.UNKNOWN, message, code="unanswered")


def _without_effect(record: spf.SpfRecord, domain: str) -> Iterator[Finding]:
    """What receivers pass over in silence, though it was surely meant to do something."""
    for term in record.terms:
        if isinstance(term, UnknownModifier) and (term.name.lower() in _MECHANISM_NAMES or term.name.lower().startswith("all")):
            message = f"{visible(render_term(term))} has no effect: with an = it is an unknown modifier, which receivers ignore."
            yield Finding(domain, Verdict.WARN, message, (quoted(record.text),), "no-effect")
    if record.all is None:
        return
    if any(isinstance(term, Redirect) for term in record.terms):
        message = "The redirect has no effect, for there is an all in the same record."
        yield Finding(domain, Verdict.WARN, message, (quoted(record.text),), "no-effect")
    behind = tuple(term for term in record.terms[record.terms.index(record.all) + 1 :] if isinstance(term, (Include, MxHosts, Exists)))
    if behind:
        message = f"{visible(render_term(behind[0]))} stands behind all, where receivers never look."
        yield Finding(domain, Verdict.WARN, message, (quoted(record.text),), "no-effect")


def _sound(tree: spf.SpfTree) -> Finding:
    included = len({node.domain for node in tree.nodes if node.record is not None}) - 1
    others = "" if included == 0 else " and the record it leads to" if included == 1 else f" and the {included} records it leads to"
    open_ends = "".join(f" {visible(name)} hangs on the message and cannot be followed beforehand." for name in by_message(tree)[:5])
    return Finding(tree.root.domain, Verdict.PASS, f"No error was found in the record{others}.{open_ends}", record_of(tree))


def remedy(reading: Reading, verdict: CheckVerdict) -> Iterable[Remedy]:
    tree = spf_tree(reading)
    record = tree.root.record
    if record is None:
        if len(tree.selection.records) > 1:
            yield publish(reading, verdict.check, "Publish one SPF record with the terms of all", merged(tree.selection.records))
        return
    if record.faults:
        yield _corrected(reading, verdict.check, record)
        return
    dropped = drop_where(tree, _is_broken)
    if dropped:
        terms = ", ".join(map(named, dropped[:5]))
        what = f"Take {terms} out, or have its owner mend it"
        yield publish(reading, verdict.check, what, remaining(reading, record, dropped))
        return
    idle = tuple(term for term in record.terms if isinstance(term, UnknownModifier))
    if idle:
        yield publish(reading, verdict.check, "Take out what has no effect", written(without(record, idle)))
    elif record.all is not None:
        what = "Put all at the end, and leave out a redirect beside it"
        yield publish(reading, verdict.check, what, written(ending_in(record.terms, record.all.qualifier)))


def _corrected(reading: Reading, check: str, record: spf.SpfRecord) -> Remedy:
    """The record with its faults mended; what cannot be guessed is left out, and the remedy says so."""
    text = repaired(record.text) or written(record.terms)
    mended = spf.parse(text)
    readable = len(mended.terms) if isinstance(mended, spf.SpfRecord) else 0
    lost = readable < len(record.terms) + len(record.faults)
    what = "Correct the SPF record; what is marked and could not be read is left out here, so write it anew if it stood for a sender"
    return publish(reading, check, what if lost else "Correct the SPF record", text)


def _is_broken(lookup: spf.Lookup) -> bool:
    child = lookup.child
    return child is not None and (child.state in _BROKEN or (child.record is not None and bool(child.record.faults)))


CHECK = Check(
    id="spf.valid",
    title="SPF is free of errors",
    sources=(Source("RFC 7208", "4.6"), Source("RFC 7208", "5.2"), Source("RFC 7208", "12")),
    judge=judge,
    remedy=remedy,
)
