"""A DKIM key is published.

## What it means

A signed message names a selector; its key is a TXT record at `selector._domainkey.` before the domain. Selectors cannot be
listed, so what is found has grades: *confirmed* (you or a signed message named the selector), *found* (the name is usual for
the mail provider, common, or given away by the zone), *unknown* (something exists under `_domainkey`, but no key was found),
*absent* (`_domainkey` does not exist, so nothing below it does).

The check does not apply to a domain that sends no mail: one without mail hosts, or whose SPF is `v=spf1 -all` and whose DMARC policy
is `reject`, so that no mail in its name gets through anyway; unless a key is found or a selector was named.

## Why it matters

SPF breaks when mail is forwarded; a signature survives. Without DKIM such mail fails DMARC, and the policy cannot be raised
without losing legitimate mail.

## How to fix

Make a key pair where your mail leaves, let it sign, and publish the public half:

    s202611._domainkey.example.com. TXT "v=DKIM1; k=rsa; p=MIIBIjANBgkqhkiG9w0BAQEF..."

Where a provider sends for you, switch signing on there and publish the records it shows. If keys exist and were not found, name
the selector (`--dkim-selector s202611`) or hand in a message that the domain signed (`--eml message.eml`).
"""

from collections.abc import Iterable

from hauberk.checks.check import Check, Source
from hauberk.checks.dkim.searched import MOST_SHOWN, how_known, new_key, not_answered, searched, sends_no_mail, subject
from hauberk.checks.reading import Reading
from hauberk.model.assessment import Remedy
from hauberk.model.verdict import CheckVerdict, Finding, Verdict
from hauberk.protocols.dkim import DkimKey, DkimKeys, Presence
from hauberk.protocols.malformed import visible


def judge(reading: Reading) -> Iterable[Finding]:
    keys = searched(reading)
    if sends_no_mail(reading, keys):
        return
    for found in keys.usable[:MOST_SHOWN]:
        grade = "Confirmed" if found.origin.confirms else "Found"
        yield Finding(subject(found), Verdict.PASS, f"{grade}: {how_known(found)}.", (visible(found.text),))
    yield from _judge_missing(keys)
    yield from _judge_dangling(keys)
    if keys.usable:
        return
    yield from not_answered(keys)
    if not keys.missing and not keys.dangling:
        yield from _judge_nothing(keys)


def _judge_missing(keys: DkimKeys) -> Iterable[Finding]:
    for selector, origin in keys.missing:
        name = f"{selector}._domainkey.{keys.domain}"
        whose = "a message of the domain was signed with it" if origin == "message" else "the selector was named"
        message = f"There is no key, though {whose}: signatures with this selector cannot be verified."
        yield Finding(name, Verdict.WARN if keys.usable else Verdict.FAIL, message, code="selector-missing")


def _judge_dangling(keys: DkimKeys) -> Iterable[Finding]:
    """Providers prepare a second alias for the next key, so beside a key that works it means nothing."""
    for one in keys.dangling[:MOST_SHOWN]:
        message = f"The alias leads to {one.target}, where there is no key: signing is not switched on there, or was given up."
        verdict = Verdict.INFO if keys.usable else Verdict.FAIL
        yield Finding(one.name, verdict, message, (f"CNAME {one.target}",), "dkim-dangling")


def _judge_nothing(keys: DkimKeys) -> Iterable[Finding]:
    apex = f"_domainkey.{keys.domain}"
    if keys.presence is Presence.ABSENT:
        message = f"{apex} does not exist, so there is no DKIM key (RFC 8020)."
        yield Finding(apex, Verdict.FAIL, message, code="dkim-absent")
    elif keys.presence is Presence.UNKNOWN:
        return  # silence has been told
    elif _is_revocation(keys):
        message = "A wildcard says that every selector is revoked: the domain signs nothing."
        yield Finding(f"*.{apex}", Verdict.FAIL, message, (visible(keys.wildcard),), "dkim-absent")
    else:
        yield Finding(apex, Verdict.UNKNOWN, _unknown(keys), code="dkim-unknown")


def _is_revocation(keys: DkimKeys) -> bool:
    revoked = all(isinstance(found.key, DkimKey) for found in keys.keys)
    return bool(keys.wildcard) and revoked and "p=;" in keys.wildcard.replace(" ", "") + ";"


def _unknown(keys: DkimKeys) -> str:
    found = ", ".join(f"{one.selector} ({'revoked' if isinstance(one.key, DkimKey) else 'damaged'})" for one in keys.keys[:MOST_SHOWN])
    tried = f"Something exists under _domainkey.{keys.domain}, but none of {keys.tried} selectors tried has a usable key"
    silent = f"; {keys.left_open} were not answered" if keys.left_open else ""
    provider = f" {' and '.join(keys.unguessable)} makes up names that cannot be guessed." if keys.unguessable else ""
    seen = f" Found: {found}." if found else ""
    return f"{tried}{silent}.{seen}{provider} Name the selector, or hand in a message that the domain signed."


def remedy(reading: Reading, verdict: CheckVerdict) -> Iterable[Remedy]:
    codes = {finding.code for finding in verdict.findings}
    if "dkim-absent" in codes:
        yield new_key(verdict.check, "Make a DKIM key, sign with it, publish its public half", reading)
    elif "selector-missing" in codes:
        yield new_key(verdict.check, "Publish the key that mail is signed with, or sign with one that is published", reading)
    keys = searched(reading)
    for one in () if keys.usable else keys.dangling[:MOST_SHOWN]:
        what = f"Switch DKIM on at the provider, so that {one.target} exists, or remove the alias {one.name}"
        yield Remedy(verdict.check, what, settings=(f"{one.name}. CNAME {one.target}.  # its target has to hold the key",))


CHECK = Check(
    id="dkim.key-published",
    title="A DKIM key is published",
    sources=(Source("RFC 6376", "3.6.2"), Source("RFC 8020", "2")),
    judge=judge,
    remedy=remedy,
)
