"""SPF refuses everybody who is not listed.

## What it means

The term `all` at the end of the record says what holds for every other server: `-all` fail, `~all` softfail, `?all` nothing, `+all` pass.
A record with `redirect=` takes the `all` of the record that it points to.

## Why it matters

With `?all`, or without any `all`, the list has no consequence. With `+all` the whole world may send in your name, and the mail even passes
SPF. `-all` and `~all` are both accepted here: DMARC treats them alike, and `~all` spares forwarded mail that still has a valid DKIM
signature, while with `-all` some receivers refuse it before DMARC is looked at.

## How to fix

End the record in `~all` (with DMARC) or `-all`:

    example.com. TXT "v=spf1 mx include:_spf.example.net ~all"
"""

from collections.abc import Iterable

from hauberk.checks.check import Check, Source
from hauberk.checks.reading import Reading
from hauberk.checks.spf.mending import NOBODY, drop_where, ending_in, first_record, names_a_sender, publish, written
from hauberk.checks.spf.policy import few, no_answer_to, not_answered, quoted, record_of, spf_tree
from hauberk.model.assessment import Remedy
from hauberk.model.verdict import CheckVerdict, Finding, Verdict
from hauberk.protocols import spf
from hauberk.protocols.malformed import visible
from hauberk.protocols.spf.terms import Qualifier, Redirect, Term, render_term

_BOTH = "-all and ~all are both accepted: DMARC treats them alike, and ~all spares forwarded mail with a valid DKIM signature."


def judge(reading: Reading) -> Iterable[Finding]:
    tree = spf_tree(reading)
    domain = reading.domain
    if tree.root.state in (spf.State.UNANSWERED, spf.State.LEFT_OUT):
        yield from not_answered(tree)
    elif tree.root.state is spf.State.DUPLICATE:
        message = "With more than one SPF record receivers stop with permerror, so nobody is refused."
        yield Finding(domain, Verdict.FAIL, message, tuple(map(quoted, tree.selection.records[:10])), "spf-duplicate")
    elif tree.root.record is None:
        yield Finding(domain, Verdict.FAIL, "Without an SPF record nobody is refused.", code="spf-missing")
    elif tree.open_to_all:
        yield _open(tree)
    else:
        yield _default(tree)


def _open(tree: spf.SpfTree) -> Finding:
    owner = tree.open_to_all[0]
    where = "" if owner == tree.root.domain else f" (it stands in the record of {visible(owner)}, which is included)"
    message = f"+all lets every server in the world send in this name and pass SPF{where}."
    return Finding(tree.root.domain, Verdict.FAIL, message, _texts(tree, owner), "plus-all")


def _default(tree: spf.SpfTree) -> Finding:
    domain, owner = tree.root.domain, tree.all_owner
    evidence = _texts(tree, owner)
    where = "" if owner == domain else f" (by redirect, in the record of {visible(owner)})"
    match tree.all:
        case Qualifier.FAIL:
            return Finding(domain, Verdict.PASS, f"Servers that are not listed fail: -all{where}.", evidence)
        case Qualifier.SOFTFAIL:
            return Finding(domain, Verdict.PASS, f"Servers that are not listed softfail: ~all{where}. {_BOTH}", evidence, "softfail")
        case Qualifier.NEUTRAL:
            message = f"?all{where} says nothing of servers that are not listed, so nobody is refused."
            return Finding(domain, Verdict.FAIL, message, evidence, "neutral-all")
        case _:
            return _without_all(tree, evidence)


def _without_all(tree: spf.SpfTree, evidence: tuple[str, ...]) -> Finding:
    last = next((node for node in tree.nodes if node.domain == tree.all_owner and node.record is None), None)
    if last is not None and last.state in (spf.State.UNANSWERED, spf.State.MACRO, spf.State.LEFT_OUT):
        why = "it hangs on the message" if last.state is spf.State.MACRO else no_answer_to(last)
        message = f"What holds for servers that are not listed stands behind redirect={visible(last.domain)}, which was not seen: {why}."
        return Finding(tree.root.domain, Verdict.UNKNOWN, message, evidence, "unanswered")
    if last is not None:
        message = f"The redirect leads to {visible(last.domain)}, where there is no usable SPF record; receivers stop with permerror."
        return Finding(tree.root.domain, Verdict.FAIL, message, evidence, "no-all")
    message = "The record ends without all and without redirect, so nobody is refused: what is not listed is neutral."
    return Finding(tree.root.domain, Verdict.FAIL, message, evidence, "no-all")


def _texts(tree: spf.SpfTree, owner: str) -> tuple[str, ...]:
    """The domain's own record and, if the words stand elsewhere, that one too."""
    other = next((node.record for node in tree.nodes if node.domain == owner and node.record and node is not tree.root), None)
    return few((*record_of(tree), *((f"{visible(owner)}: {quoted(other.text)}",) if other else ())))


def remedy(reading: Reading, verdict: CheckVerdict) -> Iterable[Remedy]:
    tree = spf_tree(reading)
    record = tree.root.record
    if record is None:
        return
    opening = set(drop_where(tree, lambda one: one.child is not None and one.child.domain in tree.open_to_all))
    kept = tuple(term for term in record.terms if term not in opening)
    redirect = next((term for term in kept if isinstance(term, Redirect)), None)
    if redirect is not None and record.all is None and not tree.open_to_all:
        owner = visible(tree.all_owner)
        what = f"Have the owner of {owner} end its record in ~all, or write out in your own record who sends for you"
        yield Remedy(verdict.check, what)
    elif opening:
        what = f"Take out {', '.join(visible(render_term(term)) for term in opening)}, which lets everybody in, and end in ~all"
        yield publish(reading, verdict.check, what, _listing(reading, kept))
    elif names_a_sender(kept):
        what = "End the SPF record in ~all, after making sure that every service which sends for you is listed"
        yield publish(reading, verdict.check, what, _listing(reading, kept))
    else:
        text = first_record(reading)
        list_all = "Publish an SPF record that lists who sends for you; add every other service that sends in your name before you do"
        nobody = "Publish an SPF record which says that the domain sends no mail"
        yield publish(reading, verdict.check, nobody if text == NOBODY else list_all, text)


def _listing(reading: Reading, kept: tuple[Term, ...]) -> str:
    return written(ending_in(kept, Qualifier.SOFTFAIL)) if names_a_sender(kept) else first_record(reading)


CHECK = Check(
    id="spf.restrictive",
    title="SPF refuses everybody who is not listed",
    sources=(Source("RFC 7208", "5.1"), Source("RFC 7208", "2.6.5"), Source("RFC 9989", "7.1")),
    judge=judge,
    remedy=remedy,
)
