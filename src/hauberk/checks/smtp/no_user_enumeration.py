"""No mail server lets strangers look up its users

## What it means
The answer to EHLO does not list VRFY or EXPN. That is only what the server says of itself: whether it would answer them with names is
found out by asking, which this scan does not do. Listed commands are therefore a note and no fault: Postfix lists VRFY when
it is not told otherwise, and most servers answer it with 252, which tells nothing.

EXPN, which spells out the members of mailing lists, is a warning.

## Why it matters
Who can ask which addresses exist saves guessing: the list of your staff is what a phishing campaign begins with.

## How to fix
Postfix, in `main.cf` (EXPN it does not know):

    disable_vrfy_command = yes

Exim refuses both unless `acl_smtp_vrfy` or `acl_smtp_expn` accepts them. Exchange knows neither.
"""

from collections.abc import Iterable, Iterator

from hauberk.checks.check import Check, Source
from hauberk.checks.endpoints import Seen, each_endpoint
from hauberk.checks.reading import Reading
from hauberk.model.assessment import Remedy
from hauberk.model.verdict import CheckVerdict, Finding, Verdict


def judge(reading: Reading) -> Iterable[Finding]:
    return each_endpoint(reading, _judge_one)


def _judge_one(one: Seen) -> Iterator[Finding]:
    subject, facts = str(one.endpoint), one.facts
    listed = [word for word in ("EXPN", "VRFY") if any(ehlo and ehlo.offers(word) for ehlo in (facts.ehlo_clear, facts.ehlo_encrypted))]
    if not listed:
        yield Finding(subject, Verdict.PASS, "Neither VRFY nor EXPN is offered.")
        return
    evidence = (f"EHLO offers: {' '.join(listed)}",)
    if "EXPN" in listed:
        message = "EXPN is offered: a server that answers it gives the members of mailing lists away. It was not tried."
        yield Finding(subject, Verdict.WARN, message, evidence, "expn-offered")
    else:
        message = "VRFY is offered; most servers answer it with nothing of use. It was not tried."
        yield Finding(subject, Verdict.INFO, message, evidence, "vrfy-offered")


def remedy(_reading: Reading, verdict: CheckVerdict) -> Iterator[Remedy]:
    hosts = ", ".join(one.subject for one in verdict.findings if one.code == "expn-offered")
    yield Remedy(
        CHECK.id,
        f"Switch EXPN and VRFY off at {hosts}.",
        settings=("O PrivacyOptions=noexpn,novrfy  # sendmail.cf", "disable_vrfy_command = yes  # Postfix main.cf"),
    )


CHECK = Check(
    id="smtp.no-user-enumeration",
    title="Users cannot be looked up",
    sources=(Source("RFC 5321", "3.5.3 and 7.3"),),
    judge=judge,
    remedy=remedy,
)
