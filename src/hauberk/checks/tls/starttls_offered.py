"""Every mail server offers STARTTLS, and it works

## What it means
Each MX host, at each of its addresses, lists STARTTLS in its answer to EHLO, accepts the command and begins a TLS session.

## Why it matters
Without STARTTLS every message to this server crosses the internet in clear: everybody on the way can read and change it. Most senders
do not wait for encryption, they deliver without it and tell nobody. A server that offers STARTTLS and then fails the handshake is as
bad: some senders go on in clear, others never deliver.

A server that refused to talk to the scanner (greylisting, block lists, rate limits) is unknown here, and so is one that put STARTTLS off
with a 4yz reply: that says nothing of what it does for others. A server that only speaks old versions of TLS passes this check; the
check `tls.modern-version` judges it.

## How to fix
Give the server a certificate and switch STARTTLS on. Postfix, in `main.cf`:

    smtpd_tls_security_level = may
    smtpd_tls_chain_files = /etc/ssl/private/mx.example.com.pem

Look for a firewall or "SMTP inspection" that takes STARTTLS out of the answer (a row of `XXXXXXXX` in its place is the sign of it), and
do the same at every address, backup MX included.
"""

import re
from collections.abc import Iterable, Iterator

from hauberk.checks.check import Check, Source
from hauberk.checks.endpoints import Seen, Starttls, each_endpoint, starttls_trouble
from hauberk.checks.probed import speaks_only_old
from hauberk.checks.reading import Reading
from hauberk.checks.tls_versions import version_shown
from hauberk.model.assessment import Remedy
from hauberk.model.verdict import CheckVerdict, Finding, Verdict
from hauberk.protocols.malformed import visible

_STRIPPED = re.compile(r"X{6,}")


def judge(reading: Reading) -> Iterable[Finding]:
    def judge_one(one: Seen) -> Iterator[Finding]:
        yield from _judge_one(one, old=speaks_only_old(reading, one.endpoint) or (one.tls is not None and version_shown(one.tls).old))

    return each_endpoint(reading, judge_one)


def _judge_one(one: Seen, *, old: bool) -> Iterator[Finding]:
    """`old`: what the server speaks is older than TLS 1.2."""
    subject = str(one.endpoint)
    match one.starttls:
        case Starttls.WORKS:
            yield Finding(subject, Verdict.PASS, "STARTTLS is offered and works.", one.evidence)
        case Starttls.ABSENT:
            yield Finding(subject, Verdict.FAIL, _absence(one), _ehlo(one), "no-starttls")
        case Starttls.HANDSHAKE_FAILED if one.tls and old:
            message = f"STARTTLS is offered; the handshake did not come about ({visible(one.tls.error)}), which the version check judges."
            yield Finding(subject, Verdict.PASS, message, one.evidence)
        case Starttls.HANDSHAKE_FAILED | Starttls.REJECTED:
            message = f"No encryption comes about: {starttls_trouble(one)}. Some senders then deliver in clear, others not at all."
            yield Finding(subject, Verdict.FAIL, message, one.evidence, "starttls-broken")
        case Starttls.DEFERRED | Starttls.UNHEARD:
            message = f"Offered, but not seen to work: {starttls_trouble(one)}. This may be a limit set on the scanner."
            yield Finding(subject, Verdict.UNKNOWN, message, one.evidence, "starttls-deferred")


def _absence(one: Seen) -> str:
    if one.facts.ehlo_clear is None:
        return "The server knows no EHLO, only HELO, and so cannot offer STARTTLS: all mail to it travels in clear."
    if any(_STRIPPED.fullmatch(capability.keyword) for capability in one.facts.ehlo_clear.capabilities):
        return "STARTTLS is not offered: a firewall with SMTP inspection has overwritten it with X. All mail travels in clear."
    return "STARTTLS is not offered: all mail to this server travels in clear."


def _ehlo(one: Seen) -> tuple[str, ...]:
    ehlo = one.facts.ehlo_clear
    offered = ("EHLO offers: " + (" ".join(capability.keyword for capability in ehlo.capabilities)[:200] or "nothing"),) if ehlo else ()
    return (*one.evidence, *offered)


def remedy(_reading: Reading, verdict: CheckVerdict) -> Iterator[Remedy]:
    codes = {finding.code for finding in verdict.findings}
    hosts = ", ".join(finding.subject for finding in verdict.findings if finding.verdict is Verdict.FAIL)
    settings = (
        "smtpd_tls_security_level = may  # Postfix main.cf",
        "smtpd_tls_chain_files = /etc/ssl/private/mx.pem  # key and certificate chain",
    )
    if "no-starttls" in codes:
        yield Remedy(CHECK.id, f"Switch STARTTLS on at {hosts}.", settings=settings)
    elif "starttls-broken" in codes:
        yield Remedy(
            CHECK.id, f"Find in the log of {hosts} why the handshake fails; most often key, certificate or their rights.", settings=settings
        )


CHECK = Check(
    id="tls.starttls-offered",
    title="STARTTLS is offered at every endpoint",
    sources=(Source("RFC 3207", "4"), Source("RFC 7435", "3"), Source("BCP 195 (RFC 9325)", "3.2")),
    judge=judge,
    remedy=remedy,
)
