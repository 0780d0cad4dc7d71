"""No certificate is about to expire

## What it means
Each endpoint's certificate, and each intermediate that it is trusted by, is valid for 30 more days at least. Under 30 days is a warning,
under 7 days and expired a fail. Certificates made for 10 days or less (the CA/Browser Forum calls them
short-lived) live by another rule: a warning in the last day.

## Why it matters
Renewal normally happens a month before the end. A certificate with less than that left means that renewal has failed already, or that
nobody has automated it. Once it has expired, senders that follow MTA-STS stop delivering.

Where DANE proves the certificate by usage 3, senders do not look at the date; an expired certificate is then a warning only.

## How to fix
Find out why renewal did not happen, and renew:

    certbot renew --force-renewal --cert-name mx.example.com --deploy-hook "postfix reload"

Where TLSA records name the key (DANE), keep it with `--reuse-key`, or publish the new key's record first.

If the file on disk is new and the server still presents the old one, it was not reloaded: that is what the deploy hook is for.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from shlex import quote

from hauberk.checks.authentication import intermediates, named_by_tlsa, proven_by_dane
from hauberk.checks.check import Check, Source
from hauberk.checks.endpoints import Seen
from hauberk.checks.probed import each_chain
from hauberk.checks.reading import Reading
from hauberk.model.assessment import Remedy
from hauberk.model.transport import TlsHandshake
from hauberk.model.verdict import CheckVerdict, Finding, Verdict
from hauberk.protocols import x509
from hauberk.protocols.malformed import Malformed
from hauberk.protocols.x509 import Certificate

_SHORT_LIVED = timedelta(days=10)


def judge(reading: Reading) -> Iterable[Finding]:
    def judge_one(one: Seen, tls: TlsHandshake) -> Iterator[Finding]:
        yield _judge_one(reading, one, tls)

    return each_chain(reading, judge_one)


def _judge_one(reading: Reading, one: Seen, tls: TlsHandshake) -> Finding:
    subject, at = str(one.endpoint), reading.observation.at
    leaf = x509.describe(tls.chain[0])
    if isinstance(leaf, Malformed):
        return Finding(subject, Verdict.UNKNOWN, f"The certificate cannot be read: {leaf.reason}.", code="malformed")
    first = min((leaf, *intermediates(reading, one)), key=lambda read: read.not_after)
    evidence = (f"{first.subject}, {first.not_before:%Y-%m-%d %H:%M} to {first.not_after:%Y-%m-%d %H:%M} UTC",)
    whose = "The certificate" if first is leaf else f"The intermediate certificate {first.subject}"
    verdict, code = _rule(first, at)
    left = (first.not_after - at).days
    if code == "expired":
        ago = (at - first.not_after).days
        message = f"{whose} expired {_days(ago) if ago else 'less than a day'} ago, on {first.not_after:%Y-%m-%d}."
        if proven_by_dane(reading, one):
            verdict, message = Verdict.WARN, f"{message} Senders that check DANE do not mind; those that follow MTA-STS do."
    else:
        message = f"{whose} is valid for {_days(left) if left else 'less than a day'} more, until {first.not_after:%Y-%m-%d}."
    return Finding(subject, verdict, message, evidence, code)


def _days(number: int) -> str:
    return f"{number} day{'s' if number != 1 else ''}"


def _rule(certificate: Certificate, at: datetime) -> tuple[Verdict, str]:
    left = certificate.not_after - at
    if left < timedelta(0):
        return Verdict.FAIL, "expired"
    if certificate.not_after - certificate.not_before <= _SHORT_LIVED:
        return (Verdict.WARN, "expires-soon") if left < timedelta(days=1) else (Verdict.PASS, "")
    if left < timedelta(days=7):
        return Verdict.FAIL, "expires-soon"
    if left < timedelta(days=14):
        return Verdict.WARN, "expires-soon"
    return (Verdict.WARN, "expires-30") if left < timedelta(days=30) else (Verdict.PASS, "")


def remedy(reading: Reading, verdict: CheckVerdict) -> Iterator[Remedy]:
    for host in dict.fromkeys(one.subject.partition(" ")[0] for one in verdict.findings if one.verdict in (Verdict.FAIL, Verdict.WARN)):
        pinned = named_by_tlsa(reading, host)
        keep = " Keep its key: its TLSA records name it, and DANE senders do not deliver to another." if pinned else ""
        yield Remedy(
            CHECK.id,
            f"Renew the certificate of {host} and find out why that did not happen by itself.{keep}",
            settings=(
                f"certbot renew --force-renewal{' --reuse-key' if pinned else ''} --cert-name {quote(host)} --deploy-hook 'postfix reload'",
            ),
        )


CHECK = Check(
    id="cert.expiry",
    title="Certificates are not about to expire",
    sources=(Source("RFC 5280", "4.1.2.5"), Source("RFC 8461", "4.2"), Source("RFC 7671", "5.1")),
    judge=judge,
    remedy=remedy,
)
