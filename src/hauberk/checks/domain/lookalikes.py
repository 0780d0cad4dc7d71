"""No neighbour of the name accepts mail.

## What it means

Names that a reader takes for the domain (letters that look alike, one left out, doubled or swapped, a hyphen, another ending) are
looked up; those that are registered and have mail hosts are listed. At most 150 names are asked for, and only on demand
(`--lookalikes`). A listed name may belong to anybody: a namesake, yourself, or somebody who waits for mistyped mail.

## Why it matters

No record of yours stops mail from a neighbour's name: it passes SPF, DKIM and DMARC there. Staff and customers have to know.

## How to fix

Register the names that matter and park them. Tell staff about the others, mark mail from them in the filter, and complain to the
registrar where one is abused.
"""

from collections.abc import Iterable

from hauberk.checks.check import Check, Source
from hauberk.checks.reading import Reading
from hauberk.model.verdict import Finding, Verdict
from hauberk.protocols.lookalikes import Neighbourhood, neighbours
from hauberk.protocols.names import to_unicode

_MOST_SHOWN = 40


def judge(reading: Reading) -> Iterable[Finding]:
    found = reading.walked(neighbours, reading.domain, reading.options)
    if not found.asked:
        return
    mailing = [neighbour for neighbour in found.neighbours if neighbour.exchanges]
    for neighbour in mailing[:_MOST_SHOWN]:
        name, hosts = neighbour.candidate.name, ", ".join(neighbour.exchanges[:4])
        shown = f" (read {to_unicode(name)})" if name.startswith("xn--") else ""
        own = " It has the same mail hosts as the domain, so it is probably yours." if neighbour.exchanges == found.exchanges else ""
        message = f"{name}{shown} is registered and accepts mail ({neighbour.candidate.change}).{own}"
        yield Finding(name, Verdict.INFO, message, (f"MX {hosts}",), "lookalike")
    yield _summary(found, len(mailing))


def _summary(found: Neighbourhood, mailing: int) -> Finding:
    total = len(found.neighbours)
    silent = sum(neighbour.registered is None for neighbour in found.neighbours)
    if silent == total:
        return Finding(found.domain, Verdict.UNKNOWN, f"None of {total} neighbouring names was answered.", code="lookalikes-unanswered")
    unanswered = f", {silent} not answered" if silent else ""
    message = f"{total} neighbouring names asked for: {mailing} accept mail{unanswered}."
    return Finding(found.domain, Verdict.INFO if mailing else Verdict.PASS, message)


CHECK = Check(
    id="domain.lookalikes",
    title="Neighbouring names do not accept mail",
    sources=(Source("UTS 39", "4"),),
    judge=judge,
)
