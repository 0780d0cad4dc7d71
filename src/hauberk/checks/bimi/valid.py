"""The BIMI logo is sound.

## What it means

BIMI lets mailbox providers show your logo beside mail that is proven to come from you. A TXT record at `default._bimi` names the logo, an
SVG file of the profile *Tiny Portable/Secure*, and a mark certificate, which proves that the logo is yours. The check reads the record, the
logo, the certificate and whether DMARC is enforced; a name without a record takes that of its organisational domain. It is for information
only: having no logo costs nothing.

## Why it matters

People learn to look for the logo, and a forged message lacks it. Providers show it only where DMARC is enforced (`p=quarantine` or
`p=reject`, also for subdomains), so that DMARC comes first. Most of them, Gmail and Apple among them, want the certificate too.

## How to fix

Export the logo as SVG Tiny PS: square, at most 32 KiB, with a title, without scripts, animations, bitmaps and references to elsewhere:

    <svg xmlns="http://www.w3.org/2000/svg" version="1.2" baseProfile="tiny-ps" viewBox="0 0 64 64">
      <title>Example Ltd</title>

Order a mark certificate (VMC for a registered trade mark, CMC for a logo in use), serve both files over HTTPS, then publish:

    default._bimi.example.com. TXT "v=BIMI1; l=https://example.com/logo.svg; a=https://example.com/logo.pem"
"""

from collections.abc import Iterator

from hauberk.checks.answers import answered
from hauberk.checks.authentication import trust_store_known
from hauberk.checks.check import Check, Source
from hauberk.checks.endpoints import takes_mail, unanswered
from hauberk.checks.reading import Reading
from hauberk.model.dns import NoAnswer, Silence
from hauberk.model.transport import HttpsAnswer
from hauberk.model.verdict import Finding, Verdict
from hauberk.protocols import dmarc
from hauberk.protocols.bimi import mark, record, svg
from hauberk.protocols.bimi.record import BimiDiscovery, BimiRecord
from hauberk.protocols.malformed import Malformed, visible
from hauberk.protocols.x509 import verify


def judge(reading: Reading) -> Iterator[Finding]:
    found = reading.walked(record.discover, reading.domain, reading.options)
    name = found.name
    if not answered(found.answer):
        if takes_mail(reading):
            yield Finding(name, Verdict.UNKNOWN, f"The question for the BIMI record {unanswered(found.answer)}.")
    elif not found.records:
        if takes_mail(reading):
            yield Finding(name, Verdict.INFO, "There is no BIMI record: no logo is shown beside your mail.", code="bimi-missing")
    elif len(found.records) > 1:
        message = f"There are {len(found.records)} BIMI records; with more than one, receivers show no logo."
        yield Finding(name, Verdict.INFO, message, tuple(map(visible, found.records)), "bimi-invalid")
    else:
        yield from _judge_record(reading, name, found)


def _judge_record(reading: Reading, name: str, found: BimiDiscovery) -> Iterator[Finding]:
    parsed = record.parse(found.records[0])
    if isinstance(parsed, Malformed):
        yield Finding(name, Verdict.INFO, f"The record is malformed: {parsed.reason}.", (parsed.marked(),), "bimi-invalid")
        return
    if parsed.declines:
        message = "The record says that no logo is to be shown."
        yield Finding(name, Verdict.INFO, message, (visible(found.records[0]),), "bimi-declined")
        return
    findings = (*_judge_policy(reading), *_judge_logo(reading, parsed, found), *_judge_certificate(reading, parsed, found))
    yield from findings
    if not findings:
        message = "The record, the logo and the mark certificate are sound, and DMARC is enforced."
        yield Finding(name, Verdict.PASS, message, (visible(found.records[0]),), "bimi-valid")


def _judge_policy(reading: Reading) -> Iterator[Finding]:
    """Receivers look at BIMI only where all forged mail of the organisation is refused or set apart (draft, 7.1)."""
    found = reading.walked(dmarc.discover, reading.domain, reading.options)
    if found.unanswered or found.unanswered_below:
        why = "whether DMARC is enforced is not known, for not all of its records were answered"
        yield Finding(reading.domain, Verdict.UNKNOWN, f"Whether a logo is shown is not known: {why}.")
        return
    record = found.own.record
    share = record.tags.first("pct") if isinstance(record, dmarc.Dmarc) else None
    if found.own.applied in (None, dmarc.Policy.NONE):
        lacking = "no DMARC policy of quarantine or reject is in force"
    elif found.subdomains.applied in (None, dmarc.Policy.NONE):
        lacking = "the DMARC policy for subdomains is none"
    elif found.own.applied is dmarc.Policy.QUARANTINE and share is not None and share.value != "100":
        lacking = f"DMARC quarantines only a part of forged mail (pct={visible(share.value)[:8]})"
    else:
        return
    yield Finding(reading.domain, Verdict.INFO, f"Receivers show no logo: {lacking}.", code="bimi-dmarc")


def _fetched(reading: Reading, url: str, reply: HttpsAnswer | NoAnswer | None) -> Finding | bytes:
    """The file, or why receivers would not get it."""
    match reply:
        case HttpsAnswer() if not reply.tls.completed:
            trouble = f"TLS does not come about: {visible(reply.tls.error or reply.error)}"
        case HttpsAnswer() if reply.status != 200:
            trouble = f"the server answers with status {reply.status or 'nothing'}"
        case HttpsAnswer() if reply.truncated:
            trouble = f"the file is larger than {len(reply.body)} octets"
        case HttpsAnswer():
            trust, host = reading.observation.trust, reply.tls.server_name
            verdict = verify(reply.tls.chain, host, reading.observation.at, trust.anchors)
            if verdict.trusted or not trust_store_known(reading):
                return reply.body
            trouble = f"the web server's certificate is not valid: {verdict.faults[0].detail.rstrip('.')}"
        case NoAnswer() if reply.reason is Silence.REFUSED:
            trouble = "the server refuses connections"
        case NoAnswer():
            return Finding(visible(url), Verdict.UNKNOWN, f"The request for the file {unanswered(reply)}.")
        case None:
            return Finding(visible(url), Verdict.UNKNOWN, "The file was not asked for in this scan.")
    return Finding(visible(url), Verdict.INFO, f"Receivers cannot fetch the file: {trouble}.", code="bimi-unreachable")


def _judge_logo(reading: Reading, parsed: BimiRecord, found: BimiDiscovery) -> Iterator[Finding]:
    if not parsed.location:
        return
    file = _fetched(reading, parsed.location, found.logo)
    if isinstance(file, Finding):
        yield file
        return
    logo = svg.examine(file)
    if isinstance(logo, Malformed):
        yield Finding(visible(parsed.location), Verdict.INFO, f"The logo cannot be used: {logo.reason}.", code="bimi-logo-invalid")
    elif logo.departures:
        message = f"The logo is not SVG Tiny PS: {logo.departures[0]}."
        yield Finding(visible(parsed.location), Verdict.INFO, message, logo.departures, "bimi-logo-invalid")


def _judge_certificate(reading: Reading, parsed: BimiRecord, found: BimiDiscovery) -> Iterator[Finding]:
    if not parsed.evidence:
        message = "The record names no mark certificate (a=); Gmail, Apple and others show the logo only with one."
        yield Finding(found.name, Verdict.INFO, message, code="bimi-no-certificate")
        return
    file = _fetched(reading, parsed.evidence, found.certificate)
    if isinstance(file, Finding):
        yield file
        return
    certificate = mark.parse(file)
    if isinstance(certificate, Malformed):
        yield Finding(
            visible(parsed.evidence),
            Verdict.INFO,
            f"The mark certificate cannot be used: {certificate.reason}.",
            code="bimi-certificate-invalid",
        )
        return
    for trouble in _troubles(reading, certificate):
        yield Finding(visible(parsed.evidence), Verdict.INFO, f"The mark certificate {trouble}.", code="bimi-certificate-invalid")


def _troubles(reading: Reading, certificate: mark.MarkCertificate) -> Iterator[str]:
    at, domain = reading.observation.at, reading.domain
    if at > certificate.not_after:
        yield f"expired on {certificate.not_after:%Y-%m-%d}"
    if at < certificate.not_before:
        yield f"is not valid before {certificate.not_before:%Y-%m-%d}"
    if not certificate.has_usage:
        yield "lacks the usage for BIMI (1.3.6.1.5.5.7.3.31): it is a certificate of another kind"
    if not certificate.has_logotype:
        yield "holds no logo (logotype extension)"
    wanted = {domain, f"default._bimi.{domain}"}
    if not any(name in wanted or domain.endswith(f".{name}") for name in certificate.names):
        yield f"is for {visible(', '.join(certificate.names[:5])) or 'no name'}, not for {domain}"


CHECK = Check(
    id="bimi.valid",
    title="The BIMI logo is sound",
    sources=(
        Source("draft-brand-indicators-for-message-identification", "4"),
        Source("draft-svg-tiny-ps-abrotman", "2"),
        Source("RFC 9399"),
    ),
    judge=judge,
)
