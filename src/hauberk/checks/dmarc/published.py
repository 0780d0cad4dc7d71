"""Exactly one valid DMARC record applies to the domain.

## What it means

A DMARC record is a TXT record at `_dmarc.` before the domain that begins with `v=DMARC1`. A receiver of mail from the domain
looks there first, and then at the names above, at most eight in all (the tree walk of RFC 9989). Two records at one name are
both discarded; so is one whose version is misspelt.

## Why it matters

Without a record anybody can put the domain into the From line of a message, and no receiver is asked to object. Nobody
tells the owner either.

## How to fix

Publish one record and collect reports for some weeks before asking for more:

    _dmarc.example.com. TXT "v=DMARC1; p=none; rua=mailto:dmarc-reports@example.com"
"""

from collections.abc import Iterable

from hauberk.checks.check import Check, Source
from hauberk.checks.dmarc.discovered import MOST_SHOWN, discovered, not_answered, publish, quoted, record_text, reports_to
from hauberk.checks.reading import Reading
from hauberk.model.assessment import Remedy
from hauberk.model.verdict import CheckVerdict, Finding, Verdict
from hauberk.protocols.dmarc import Dmarc, DmarcDiscovery, parse
from hauberk.protocols.dmarc.record import amended
from hauberk.protocols.malformed import Malformed


def judge(reading: Reading) -> Iterable[Finding]:
    found = discovered(reading)
    at_domain = found.at_domain
    if len(at_domain.texts) > 1:
        governed = f"The policy of {found.own.policy_domain} applies instead." if found.own.policy_domain else "No policy applies."
        message = f"{len(at_domain.texts)} DMARC records stand at {at_domain.name}; receivers discard them all. {governed}"
        yield Finding(at_domain.name, Verdict.FAIL, message, quoted(at_domain.texts), "dmarc-duplicate")
    elif found.unanswered:
        yield from not_answered(found.unanswered)
    elif isinstance(found.own.record, Dmarc):
        yield from _judge_record(found, found.own.record)
    elif isinstance(found.own.record, Malformed):
        yield _invalid(f"_dmarc.{found.own.policy_domain}", found.own.record)
    elif at_domain.almost:
        yield from (_invalid(at_domain.name, wrong) for wrong in _almost(found))
    else:
        yield _missing(found)


def _judge_record(found: DmarcDiscovery, record: Dmarc) -> Iterable[Finding]:
    name = f"_dmarc.{found.own.policy_domain}"
    if record.policy_fault:
        yield _invalid(name, record.policy_fault, " Receivers act as if it said p=none.")
        return
    whose = "" if found.own.policy_domain == found.domain else f" It governs {found.domain}, which has none of its own."
    aliases = next((step.aliases for step in found.steps if step.domain == found.own.policy_domain), ())
    behind = f" It is kept at {aliases[-1]} (CNAME)." if aliases else ""
    yield Finding(name, Verdict.PASS, f"One valid DMARC record.{whose}{behind}", (record_text(record),))
    for fault in record.faults[:MOST_SHOWN]:
        yield Finding(name, Verdict.WARN, f"Part of the record is ignored: {fault.reason}.", (fault.marked(),), "dmarc-damaged")
    if record.unknown_tags:
        names = ", ".join(record.unknown_tags[:MOST_SHOWN])
        yield Finding(name, Verdict.INFO, f"Receivers ignore tags that no RFC defines: {names}.", code="dmarc-unknown-tag")
    for wrong in _almost(found):
        message = f"A further TXT record was meant to be DMARC, but is ignored: {wrong.reason}."
        yield Finding(found.at_domain.name, Verdict.INFO, message, (wrong.marked(),), "dmarc-stray")


def _almost(found: DmarcDiscovery) -> tuple[Malformed, ...]:
    read = (parse(text) for text in found.at_domain.almost[:MOST_SHOWN])
    return tuple(one for one in read if isinstance(one, Malformed))


def _invalid(name: str, wrong: Malformed, more: str = "") -> Finding:
    return Finding(name, Verdict.FAIL, f"The DMARC record is not valid: {wrong.reason}.{more}", (wrong.marked(),), "dmarc-invalid")


def _missing(found: DmarcDiscovery) -> Finding:
    asked = ", ".join(step.name for step in found.steps)
    others = found.at_domain.others
    strays = f" The {others} TXT records at {found.at_domain.name} are not DMARC (a wildcard?)." if others else ""
    return Finding(found.at_domain.name, Verdict.FAIL, f"There is no DMARC record (asked: {asked}).{strays}", code="dmarc-missing")


def remedy(reading: Reading, verdict: CheckVerdict) -> Iterable[Remedy]:
    found = discovered(reading)
    at_domain = found.at_domain
    if len(at_domain.texts) > 1:
        text = amended(parse(at_domain.texts[0]))
        yield publish(verdict.check, "Keep one DMARC record and delete the others", found, found.domain, text)
    elif isinstance(found.own.record, (Dmarc, Malformed)):
        text = amended(found.own.record)
        yield publish(verdict.check, "Correct the DMARC record", found, found.own.policy_domain, text)
    elif wrong := _almost(found):
        yield publish(verdict.check, "Correct the DMARC record", found, found.domain, amended(wrong[0]))
    else:
        text = amended(None, ("p", "none"), *reports_to(reading, found.domain))
        what = "Publish a DMARC record that asks for reports; raise the policy once they show that your own senders pass"
        yield publish(verdict.check, what, found, found.domain, text)


CHECK = Check(
    id="dmarc.published",
    title="A valid DMARC record is published",
    sources=(Source("RFC 9989", "4.7"), Source("RFC 9989", "4.10")),
    judge=judge,
    remedy=remedy,
)
