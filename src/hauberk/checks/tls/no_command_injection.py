"""No mail server obeys commands from before the handshake inside TLS

## What it means
Tried on request only, at hosts that are the operator's own (`--own`): a NOOP is sent in clear, in one piece with STARTTLS. A sound server
forgets it, or refuses such a STARTTLS. A vulnerable one answers it after the handshake, as if it had come through TLS.

## Why it matters
Whoever sits on the way can put commands in front of a client's own, inside the encrypted session that the client trusts: take over its
login, or its message (CVE-2011-0411; found again in many servers in 2021, "NO STARTTLS").

## How to fix
Update the mail server: Postfix from 2.8, Exim from 4.77, Exchange, Sendmail and qmail's TLS patches of after 2011 forget what they have
read when TLS begins. A proxy or "mail security" box in front of it can have the fault as well."""

from collections.abc import Iterable, Iterator

from hauberk.checks.check import Check, Source
from hauberk.checks.endpoints import Seen, Starttls, each_endpoint
from hauberk.checks.reading import Reading
from hauberk.checks.tried import trial_of
from hauberk.model.assessment import Remedy
from hauberk.model.dns import NoAnswer
from hauberk.model.verdict import CheckVerdict, Finding, Verdict
from hauberk.protocols import smtp
from hauberk.protocols.malformed import visible
from hauberk.protocols.trial import Obeyed, TrialFacts


def judge(reading: Reading) -> Iterable[Finding]:
    def judge_one(one: Seen) -> Iterator[Finding]:
        if one.starttls is not Starttls.ABSENT:
            yield _judge_one(one, trial_of(reading, one.endpoint))

    return each_endpoint(reading, judge_one) if reading.options.own else ()


def _judge_one(one: Seen, trial: TrialFacts | NoAnswer) -> Finding:
    subject = str(one.endpoint)
    if isinstance(trial, NoAnswer):
        return Finding(subject, Verdict.UNKNOWN, f"Not tried: {visible(trial.detail or trial.reason)}.", code="not-tried")
    evidence = tuple(smtp.quoted(reply) for reply in (trial.starttls_reply, *trial.after_handshake) if reply)
    match trial.obeyed:
        case Obeyed.YES:
            message = "A command that came in clear, together with STARTTLS, is answered inside TLS: others can command a client's session."
            return Finding(subject, Verdict.FAIL, message, evidence, "injection")
        case Obeyed.NO:
            return Finding(subject, Verdict.PASS, "What comes in clear together with STARTTLS is forgotten.", evidence[:1])
        case Obeyed.REFUSED:
            return Finding(subject, Verdict.PASS, "STARTTLS with something behind it is refused.", evidence[:1])
        case Obeyed.UNKNOWN:
            return Finding(subject, Verdict.UNKNOWN, "The trial did not come to its end.", evidence, "trial-unfinished")


def remedy(_reading: Reading, verdict: CheckVerdict) -> Iterator[Remedy]:
    hosts = ", ".join(finding.subject for finding in verdict.findings if finding.verdict is Verdict.FAIL)
    yield Remedy(
        CHECK.id, f"Update the mail server, or the proxy in front of it, at {hosts}: it must forget what it has read when TLS begins."
    )


CHECK = Check(
    id="tls.no-command-injection",
    title="Nothing from before the handshake is obeyed inside TLS",
    sources=(Source("RFC 3207", "4.2"), Source("CVE-2011-0411"), Source("BCP 195 (RFC 9325)", "3.2")),
    judge=judge,
    remedy=remedy,
)
