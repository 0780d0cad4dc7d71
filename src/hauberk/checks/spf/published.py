"""Exactly one SPF record is published.

## What it means

An SPF record is a TXT record of the domain that begins with `v=spf1` and a space. It lists the servers that may send mail for the
domain. There must be one, not two. A record with something before `v=spf1`, or glued to it, is not seen as SPF at all.

## Why it matters

Without a record every server in the world may use the domain as sender, and nobody can tell. With two records receivers stop with
an error (`permerror`), which is as bad as none.

## How to fix

List every service that sends for you, in one record:

    example.com. TXT "v=spf1 mx include:_spf.example.net ~all"

A domain that sends no mail says so:

    example.com. TXT "v=spf1 -all"

If there are two records, write the terms of both into one and take the other away.
"""

from collections.abc import Iterable

from hauberk.checks.check import Check, Source
from hauberk.checks.reading import Reading
from hauberk.checks.spf.mending import NOBODY, first_record, merged, publish, repaired
from hauberk.checks.spf.policy import few_findings, not_answered, quoted, spf_tree
from hauberk.model.assessment import Remedy
from hauberk.model.verdict import CheckVerdict, Finding, Verdict
from hauberk.protocols import spf


def judge(reading: Reading) -> Iterable[Finding]:
    tree = spf_tree(reading)
    domain, selection = reading.domain, tree.selection
    records = tuple(quoted(text) for text in selection.records[:10])
    if tree.root.state in (spf.State.UNANSWERED, spf.State.LEFT_OUT):
        yield from not_answered(tree)
    elif len(records) == 1:
        yield Finding(domain, Verdict.PASS, "One SPF record is published.", records)
        yield from few_findings(_near_misses(tree, Verdict.WARN))
    elif records:
        count = len(selection.records)
        message = f"{count} SPF records are published; receivers stop with permerror unless there is exactly one."
        yield Finding(domain, Verdict.FAIL, message, records, "spf-duplicate")
    elif selection.near_misses:
        yield from few_findings(_near_misses(tree, Verdict.FAIL))
    elif tree.root.state is spf.State.NXDOMAIN:
        yield Finding(domain, Verdict.FAIL, "The domain leads to a name that does not exist, so it has no SPF record.", code="spf-missing")
    else:
        message = "No SPF record is published: any server may send mail in this name, and receivers cannot tell."
        yield Finding(domain, Verdict.FAIL, message, code="spf-missing")


def _near_misses(tree: spf.SpfTree, verdict: Verdict) -> Iterable[Finding]:
    for miss in tree.selection.near_misses:
        message = f"This TXT record looks like SPF, but no receiver takes it for one: {miss.reason}."
        yield Finding(tree.root.domain, verdict, message, (miss.marked(),), "spf-missing" if verdict is Verdict.FAIL else "spf-near-miss")


def remedy(reading: Reading, verdict: CheckVerdict) -> Iterable[Remedy]:
    tree = spf_tree(reading)
    selection = tree.selection
    if tree.root.state is spf.State.NXDOMAIN:
        return
    if len(selection.records) > 1:
        yield publish(reading, verdict.check, "Publish one SPF record with the terms of all", merged(selection.records))
    elif selection.records:
        yield publish(reading, verdict.check, "Take away the TXT records that only look like SPF", selection.records[0])
    elif mended := next((text for miss in selection.near_misses if (text := repaired(miss.text))), None):
        yield publish(reading, verdict.check, "Publish the SPF record so that receivers can read it", mended)
    else:
        text = first_record(reading)
        what = "Publish an SPF record; add every other service that sends in your name before you do"
        nobody = "Publish an SPF record which says that the domain sends no mail"
        yield publish(reading, verdict.check, nobody if text == NOBODY else what, text)


CHECK = Check(
    id="spf.published",
    title="Exactly one SPF record is published",
    sources=(Source("RFC 7208", "3.1"), Source("RFC 7208", "4.5")),
    judge=judge,
    remedy=remedy,
)
