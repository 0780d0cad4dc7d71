"""No mail server lets strangers look up its users

## What it means
The answer to EHLO does not list VRFY or EXPN. That is only what the server says of itself: whether it would answer them with names is
found out by asking, which a scan does only at hosts that are the operator's own (`--own`). Without that, VRFY in the list is a note and
no fault (Postfix lists it when it is not told otherwise), and EXPN, which spells out the members of mailing lists, is a warning.

With `--own` the server is asked for `postmaster`, who must exist, and for somebody who cannot. When the two answers differ, or EXPN is
answered with names, that is a fail.

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
from hauberk.checks.tried import trial_of
from hauberk.model.assessment import Remedy
from hauberk.model.verdict import CheckVerdict, Finding, Verdict
from hauberk.protocols import smtp
from hauberk.protocols.trial import COMMANDS, TrialFacts


def judge(reading: Reading) -> Iterable[Finding]:
    def judge_one(one: Seen) -> Iterator[Finding]:
        trial = trial_of(reading, one.endpoint) if reading.options.own else None
        if isinstance(trial, TrialFacts) and (trial.somebody or trial.list_members):
            yield _judge_trial(str(one.endpoint), trial)
        else:
            yield from _judge_one(one)

    return each_endpoint(reading, judge_one)


def _judge_trial(subject: str, trial: TrialFacts) -> Finding:
    evidence = tuple(
        f"{command}: {smtp.quoted(reply)}"
        for command, reply in zip(COMMANDS, (trial.somebody, trial.nobody, trial.list_members), strict=True)
        if reply
    )
    somebody, nobody = trial.somebody, trial.nobody
    if somebody and nobody and somebody.positive and not nobody.positive and not nobody.transient:
        message = "VRFY tells who exists: postmaster is confirmed, and somebody who does not exist is denied."
        return Finding(subject, Verdict.FAIL, message, evidence, "vrfy-answered")
    if trial.list_members and trial.list_members.code == 250:
        return Finding(subject, Verdict.FAIL, "EXPN is answered with names.", evidence, "expn-answered")
    return Finding(subject, Verdict.PASS, "VRFY and EXPN were tried and tell nothing.", evidence)


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
    hosts = ", ".join(one.subject for one in verdict.findings if one.verdict in (Verdict.FAIL, Verdict.WARN))
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
