"""Every mail server speaks TLS 1.2 or newer

## What it means
The handshake with each endpoint ends in TLS 1.3 (good) or TLS 1.2 (sufficient). The scanner offers every version from 1.0 to 1.3, so an
older result means that the server has nothing better.

## Why it matters
SSL 3.0, TLS 1.0 and TLS 1.1 are broken and must not be used any more (RFC 8996, RFC 7568). Up-to-date senders refuse them: their mail
then arrives in clear or, if they follow MTA-STS or DANE, not at all.

A handshake that fails for another reason leaves the version unknown, unless the probe found it. A server without STARTTLS has no version to
judge.

## How to fix
Update the TLS library of the server, then allow the new versions. Postfix, in `main.cf`:

    smtpd_tls_protocols = >=TLSv1.2
    smtpd_tls_mandatory_protocols = >=TLSv1.2
"""

from collections.abc import Iterable, Iterator

from hauberk.checks.check import Check, Source
from hauberk.checks.endpoints import Seen, Starttls, each_endpoint, starttls_trouble
from hauberk.checks.probed import VERSION_NAMES, facts_of
from hauberk.checks.reading import Reading
from hauberk.checks.tls_versions import MODERN, version_shown
from hauberk.model.assessment import Remedy
from hauberk.model.verdict import CheckVerdict, Finding, Verdict
from hauberk.protocols.malformed import visible


def judge(reading: Reading) -> Iterable[Finding]:
    def judge_one(one: Seen) -> Iterator[Finding]:
        newest = _newest(reading, one)
        if newest:
            yield _judge_probed(str(one.endpoint), newest)
        else:
            yield from _judge_one(one)

    return each_endpoint(reading, judge_one)


def _newest(reading: Reading, one: Seen) -> str:
    """The newest version that the probe found where the handshake itself came to nothing; empty else."""
    facts = facts_of(reading, one.endpoint) if one.tls is None or not one.tls.completed else None
    if facts is None or not facts.accepted_versions or any(facts.accepted(version) is None for version in MODERN):
        return ""
    return facts.accepted_versions[-1]


def _judge_probed(subject: str, newest: str) -> Finding:
    name = VERSION_NAMES[newest]
    if newest in MODERN:
        return Finding(subject, Verdict.PASS, f"{name} is chosen, though the scanner's own handshake did not come about.", (newest,))
    message = f"The server speaks {name} at best; TLS 1.2 is the least that is safe (RFC 8996)."
    return Finding(subject, Verdict.FAIL, message, (newest,), "tls-old-only")


def _judge_one(one: Seen) -> Iterator[Finding]:
    subject, tls = str(one.endpoint), one.tls
    if one.starttls is Starttls.ABSENT:
        return
    shown = version_shown(tls) if tls else None
    if tls is None or shown is None or not shown.name:
        yield Finding(subject, Verdict.UNKNOWN, f"The version is not known: {starttls_trouble(one)}.", one.evidence)
        return
    evidence = (" ".join(part for part in (tls.version or shown.name, tls.suite, tls.group) if part),)
    if shown.old:
        message = f"The server speaks {shown.name} at best; TLS 1.2 is the least that is safe (RFC 8996)."
        yield Finding(subject, Verdict.FAIL, message, (*evidence, *((visible(tls.error),) if tls.error else ())), "tls-old-only")
    elif shown.name == "TLS 1.2":
        yield Finding(subject, Verdict.PASS, "TLS 1.2 at best, which is sufficient; TLS 1.3 is better.", evidence)
    else:
        yield Finding(subject, Verdict.PASS, f"{shown.name}.", evidence)


def remedy(_reading: Reading, verdict: CheckVerdict) -> Iterator[Remedy]:
    hosts = ", ".join(finding.subject for finding in verdict.findings if finding.code == "tls-old-only")
    yield Remedy(
        CHECK.id,
        f"Update the TLS library of {hosts} and allow TLS 1.2 and 1.3.",
        settings=(
            "smtpd_tls_protocols = >=TLSv1.2  # Postfix main.cf",
            "smtpd_tls_mandatory_protocols = >=TLSv1.2",
        ),
    )


CHECK = Check(
    id="tls.modern-version",
    title="TLS 1.2 or newer is spoken",
    sources=(Source("RFC 8996", "4 and 5"), Source("BCP 195 (RFC 9325)", "3.1.1"), Source("NCSC-NL TLS guidelines 2025-05")),
    judge=judge,
    remedy=remedy,
)
