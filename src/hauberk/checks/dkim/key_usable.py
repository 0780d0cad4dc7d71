"""Verifiers can use the DKIM keys.

## What it means

The record of every key found is whole (no lost or foreign characters), holds the kind of key that it says, allows SHA-256, is meant
for mail, and is not marked as a test (`t=y`). An empty `p=` revokes a key on purpose: that is in order, as long as nothing is
signed with it.

## Why it matters

A damaged record fails every signature without anybody being told. With `t=y` verifiers treat signed mail like unsigned mail.

## How to fix

Copy the record anew from the place where the key was made. A record longer than 255 octets goes into several quoted strings, which
are joined without spaces. Remove `t=y` once signing works, and `h=sha1` altogether.
"""

from collections.abc import Iterable

from hauberk.checks.check import Check, Source
from hauberk.checks.dkim.searched import MOST_SHOWN, how_known, new_key, not_answered, searched, sends_no_mail, subject
from hauberk.checks.reading import Reading
from hauberk.model.assessment import Remedy
from hauberk.model.verdict import CheckVerdict, Finding, Verdict
from hauberk.protocols.dkim import DkimKey, FoundKey, UnknownType, Unreadable, render
from hauberk.protocols.malformed import Malformed, visible
from hauberk.protocols.rdata import render_txt
from hauberk.protocols.tags import render_tags


def judge(reading: Reading) -> Iterable[Finding]:
    keys = searched(reading)
    if sends_no_mail(reading, keys):
        return
    for found in keys.keys[:MOST_SHOWN]:
        yield from _judge_record(found)
    yield from not_answered(keys)


def _judge_record(found: FoundKey) -> Iterable[Finding]:
    name, how = subject(found), how_known(found)
    if len(found.texts) > 1:
        message = f"{len(found.texts)} key records stand at one name ({how}); which one a verifier takes is left to chance."
        yield Finding(name, Verdict.WARN, message, tuple(map(visible, found.texts[:4])), "key-duplicate")
    key = found.key
    if isinstance(key, Malformed):
        yield Finding(name, Verdict.FAIL, f"The record ({how}) is damaged: {key.reason}.", (key.marked(),), "key-damaged")
        return
    evidence = (visible(found.text),)
    if key.revoked:
        yield _revoked(found, how, evidence)
        return
    faults = tuple(_faults(key))
    for verdict, code, message in faults:
        yield Finding(name, verdict, f"{message} ({how}).", evidence, code)
    if not faults:
        yield Finding(name, Verdict.PASS, f"The record is whole and can be used ({how}).", evidence)


def _revoked(found: FoundKey, how: str, evidence: tuple[str, ...]) -> Finding:
    if found.origin == "message":
        message = f"The key is revoked (p is empty), but a message of the domain was signed with it ({how})."
        return Finding(subject(found), Verdict.WARN, message, evidence, "key-revoked")
    return Finding(subject(found), Verdict.INFO, f"The key is revoked: p is empty ({how}).", evidence, "key-revoked")


def _faults(key: DkimKey) -> Iterable[tuple[Verdict, str, str]]:
    match key.material:
        case Unreadable(reason):
            yield Verdict.FAIL, "key-damaged", f"The key cannot be read: {reason}"
        case UnknownType(kind):
            yield Verdict.FAIL, "key-type", f"k={visible(kind)[:40]} is no key type that verifiers know; they pass over the record"
        case _:
            pass
    if key.hashes and "sha256" not in key.hashes:
        said = visible(":".join(key.hashes))[:80]
        yield Verdict.FAIL, "key-sha1-only", f"h={said} allows no SHA-256, and verifiers must not accept SHA-1 any more (RFC 8301, 3.1)"
    if not key.for_mail:
        yield Verdict.FAIL, "key-not-for-mail", f"s={visible(':'.join(key.services))[:80]} does not allow the key for mail"
    if key.testing:
        yield Verdict.WARN, "key-testing", "t=y marks the key as a test: verifiers treat signed mail like unsigned mail"
    for fault in key.faults[:4]:
        yield Verdict.WARN, "key-untidy", f"Part of the record is in disorder: {fault.reason}, at {fault.marked()}"


def remedy(reading: Reading, verdict: CheckVerdict) -> Iterable[Remedy]:
    for found in searched(reading).keys[:MOST_SHOWN]:
        at_fault = any(
            finding.subject == subject(found) and finding.verdict in (Verdict.FAIL, Verdict.WARN) for finding in verdict.findings
        )
        if not at_fault:
            continue
        mended = _mended(found)
        if mended and not found.aliases:
            name = f"{found.name}."
            yield Remedy(verdict.check, f"Correct the key record of selector {found.selector}", (mended,), (f"{name} TXT",))
        elif mended:
            what = f"Have whoever publishes {found.aliases[-1]} correct the key record"
            yield Remedy(verdict.check, what, settings=(mended.replace(f"{found.name}.", f"{found.aliases[-1]}.", 1),))
        else:
            yield new_key(verdict.check, f"Publish the key of selector {found.selector} anew, or make another", reading)


def _mended(found: FoundKey) -> str | None:
    """The record without what makes it unusable, where the key itself is sound."""
    if not isinstance(found.key, DkimKey) or isinstance(found.key.material, (Unreadable, UnknownType)) or len(found.texts) > 1:
        return None
    flags = ":".join(flag for flag in found.key.flags if flag != "y")
    tags = found.key.tags.without("h", "s", "t")
    text = render_tags(tags.with_tag("t", flags) if flags else tags)
    return f"{found.name}. TXT {render_txt(text)}" if text != render(found.key) else None


CHECK = Check(
    id="dkim.key-usable",
    title="DKIM keys can be used by verifiers",
    sources=(Source("RFC 6376", "3.6.1"), Source("RFC 8301", "3.1"), Source("RFC 8463", "4")),
    judge=judge,
    remedy=remedy,
)
