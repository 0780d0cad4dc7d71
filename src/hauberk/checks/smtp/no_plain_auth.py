"""No mail server offers AUTH before TLS

## What it means
The answer to EHLO before STARTTLS lists no AUTH. Passwords are asked for on the submission ports, inside TLS; an MX on port 25 needs none.

- **fail**: mechanisms that give the password away, PLAIN and LOGIN, or one that can be cracked or relayed, NTLM, CRAM-MD5, DIGEST-MD5.
- **warn**: any other mechanism.

## Why it matters
A program that is set up carelessly sends its user's password over this connection in clear, for everybody on the way to read. RFC 4954
forbids servers to permit PLAIN without TLS. AUTH on port 25 also invites guessing of passwords, day and night.

## How to fix
Postfix, in `main.cf` (and AUTH for the submission services only, in `master.cf`):

    smtpd_tls_auth_only = yes
    smtpd_sasl_auth_enable = no

Exim: `auth_advertise_hosts = ${if eq{$tls_in_cipher}{}{}{*}}`. Exchange: take "Basic authentication" and "Integrated Windows
authentication" off the receive connector that faces the internet.
"""

from collections.abc import Iterable, Iterator

from hauberk.checks.check import Check, Source
from hauberk.checks.endpoints import Seen, each_endpoint
from hauberk.checks.reading import Reading
from hauberk.model.assessment import Remedy
from hauberk.model.verdict import CheckVerdict, Finding, Verdict
from hauberk.protocols.malformed import visible

_PLAIN = ("PLAIN", "LOGIN", "XOAUTH2", "OAUTHBEARER")
_CRACKABLE = ("NTLM", "CRAM-MD5", "DIGEST-MD5")


def judge(reading: Reading) -> Iterable[Finding]:
    return each_endpoint(reading, _judge_one)


def _judge_one(one: Seen) -> Iterator[Finding]:
    subject = str(one.endpoint)
    ehlo = one.facts.ehlo_clear
    lines = [capability for capability in ehlo.capabilities if capability.keyword == "AUTH"] if ehlo else []
    if not lines:
        yield Finding(subject, Verdict.PASS, "AUTH is not offered before TLS.")
        return
    offered = tuple(dict.fromkeys(word.upper() for line in lines for word in line.parameters))
    evidence = tuple(visible(f"AUTH {' '.join(line.parameters)}".rstrip())[:200] for line in lines)
    named = visible(", ".join(offered))[:120]
    if any(mechanism in _PLAIN for mechanism in offered):
        message = f"AUTH is offered before TLS ({named}): a password sent here crosses the internet in clear (RFC 4954, 4)."
        yield Finding(subject, Verdict.FAIL, message, evidence, "auth-in-clear")
    elif any(mechanism in _CRACKABLE for mechanism in offered):
        message = f"AUTH is offered before TLS ({named}): who listens can crack the password from what is sent, or pass it on."
        yield Finding(subject, Verdict.FAIL, message, evidence, "auth-crackable")
    else:
        message = f"AUTH is offered before TLS ({named or 'no mechanism'}); it belongs inside TLS, on the submission ports."
        yield Finding(subject, Verdict.WARN, message, evidence, "auth-before-tls")


def remedy(_reading: Reading, verdict: CheckVerdict) -> Iterator[Remedy]:
    hosts = ", ".join(dict.fromkeys(one.subject for one in verdict.findings if one.verdict in (Verdict.FAIL, Verdict.WARN)))
    yield Remedy(
        CHECK.id,
        f"Offer AUTH only after STARTTLS at {hosts}, and best on the submission ports alone.",
        settings=(
            "smtpd_tls_auth_only = yes  # Postfix main.cf",
            "auth_advertise_hosts = ${if eq{$tls_in_cipher}{}{}{*}}  # Exim, main section",
            'Set-ReceiveConnector "Default Frontend" -AuthMechanism Tls  # Exchange Management Shell',
        ),
    )


CHECK = Check(
    id="smtp.no-plain-auth",
    title="AUTH is not offered before TLS",
    sources=(Source("RFC 4954", "4"), Source("RFC 8314", "3")),
    judge=judge,
    remedy=remedy,
)
