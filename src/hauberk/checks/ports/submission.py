"""Submission and mailbox ports keep passwords inside TLS

## What it means
Looked at only on request (`--services 465,587,993,995,143,110`): those ports of the mail servers, with the same TLS probe as port 25. A
port where nothing listens is a note.

- **fail**: no TLS, a login offered in clear, SSL or TLS 1.1 and older, insufficient cipher suites, a certificate that mail programs reject.
- **warn**: what is to be phased out, or a certificate for another name than the mail server's (people may use that other name).

## Why it matters
Behind these ports are the passwords of everybody who has a mailbox. Mail programs, unlike mail servers, have nobody to fall back to: an
attacker on the way who gets one login in clear has the mailbox.

## How to fix
Offer 465 and 993 (RFC 8314) and close 110 and 143 to the outside. Postfix, in `main.cf`, and Dovecot, in `10-ssl.conf`:

    smtpd_tls_auth_only = yes
    smtpd_tls_protocols = >=TLSv1.2

    ssl = required
    ssl_min_protocol = TLSv1.2
    ssl_cipher_list = ECDHE+AESGCM:ECDHE+CHACHA20
"""

from collections.abc import Iterator

from hauberk.checks.check import Check, Source
from hauberk.checks.endpoints import takes_mail, untestable
from hauberk.checks.probed import facts_of
from hauberk.checks.reading import Reading
from hauberk.checks.tls import cipher_suites, groups, no_legacy_versions, sound_handshake
from hauberk.model.assessment import Remedy
from hauberk.model.dns import NoAnswer, Silence
from hauberk.model.transport import Endpoint, SmtpSession, Speaker
from hauberk.model.verdict import SEVERITY, CheckVerdict, Finding, Verdict
from hauberk.protocols import smtp, x509
from hauberk.protocols.mailbox import MailProtocol, MailService, read_mailbox, service_on
from hauberk.protocols.malformed import visible
from hauberk.protocols.tls.probe import services
from hauberk.protocols.x509 import Trust

_IN_CLEAR = ("AUTH=PLAIN", "AUTH=LOGIN")


def judge(reading: Reading) -> Iterator[Finding]:
    if not reading.options.services or not takes_mail(reading):
        return
    why = untestable(reading)
    if why:
        yield why
        return
    for endpoint, session in reading.walked(services, reading.domain, reading.options):
        if isinstance(session, SmtpSession):
            yield _summed_up(endpoint, list(_faults(reading, endpoint, session)))
        else:
            yield _silent(endpoint, session)


def _silent(endpoint: Endpoint, silence: NoAnswer) -> Finding:
    said = visible(silence.detail or silence.reason)
    if silence.reason in (Silence.REFUSED, Silence.TIMEOUT, Silence.UNREACHABLE):
        return Finding(str(endpoint), Verdict.INFO, f"Nothing is offered here to the outside: {said}.", code="closed")
    verdict = Verdict.INFO if silence.reason is Silence.NO_ROUTE else Verdict.UNKNOWN
    return Finding(str(endpoint), verdict, f"Not tested: {said}.", code="not-tested")


def _summed_up(endpoint: Endpoint, faults: list[Finding]) -> Finding:
    """One finding about one port: the worst first, the rest short."""
    if not faults:
        return Finding(str(endpoint), Verdict.PASS, "TLS and certificate are sound, and no login is offered in clear.")
    worst, *others = sorted(faults, key=lambda fault: SEVERITY.index(fault.verdict))
    bad = [fault for fault in others if fault.verdict in (Verdict.FAIL, Verdict.WARN)]
    more = f" And {len(bad)} more." if bad else ""
    quoted = tuple(fault.message for fault in bad)
    return Finding(str(endpoint), worst.verdict, worst.message + more, (*quoted, *worst.evidence), worst.code)


def _faults(reading: Reading, endpoint: Endpoint, session: SmtpSession) -> Iterator[Finding]:
    service = service_on(endpoint.port)
    yield from _login(endpoint, session, service)
    if session.tls is None:
        if _refuses_tls(session, service):
            yield Finding(str(endpoint), Verdict.FAIL, "No TLS is to be had: STARTTLS is not offered or not accepted.", code="no-tls")
        else:
            yield Finding(str(endpoint), Verdict.UNKNOWN, f"Not tested: {_last_words(session)}.", code="not-tested")
        return
    facts = facts_of(reading, endpoint)
    if facts is not None:
        for check in (no_legacy_versions, cipher_suites, groups, sound_handshake):
            yield from (one for one in check.judge_facts(facts) if one.verdict not in (Verdict.PASS, Verdict.INFO))
    if session.tls.completed:
        yield from _certificate(reading, endpoint, session)
    elif facts is None or not facts.accepted_versions:
        yield Finding(str(endpoint), Verdict.FAIL, f"The TLS handshake fails: {visible(session.tls.error)}.", code="no-tls")


def _refuses_tls(session: SmtpSession, service: MailService) -> bool:
    """A server that talks with us and has no TLS; one that sends us away, puts us off or falls silent has said nothing of it."""
    if service.protocol is MailProtocol.SMTP:
        said = smtp.read_session(session)
        answer = said.starttls_reply
        return said.served and not (said.starttls_offered and (answer is None or answer.transient))
    heard = read_mailbox(session, service.protocol)
    listed = heard.capabilities is not None and not heard.starttls_offered
    return listed or (heard.starttls_reply is not None and not heard.starttls_reply.positive)


def _last_words(session: SmtpSession) -> str:
    """Why the session came to nothing, in the server's own words where there are some."""
    said = [turn.text for turn in session.dialogue if turn.speaker is Speaker.SERVER and not turn.text.startswith(("221", "* BYE Logging"))]
    if session.detail:
        return visible(session.detail)
    return f"the server said {visible(said[-1])[:200]}" if said else "nothing was said"


def _login(endpoint: Endpoint, session: SmtpSession, service: MailService) -> Iterator[Finding]:
    """Passwords that the server takes before TLS; those who asked for TLS first are not among them, others are."""
    if service.tls_at_once:
        return
    if service.protocol is MailProtocol.SMTP:
        ehlo = smtp.read_session(session).ehlo_clear
        words = tuple(word.upper() for one in ehlo.capabilities if one.keyword == "AUTH" for word in one.parameters) if ehlo else ()
        offered = any(word in ("PLAIN", "LOGIN") for word in words)
        shown = f"AUTH {' '.join(words)}"
    else:
        facts = read_mailbox(session, service.protocol)
        words = facts.capabilities or ()
        imap = service.protocol is MailProtocol.IMAP
        offered = bool(words) and ("LOGINDISABLED" not in words if imap else any(word.startswith(("USER", "SASL PLAIN")) for word in words))
        shown = " ".join(words)
    if offered:
        message = "A login with a password is offered in clear, before TLS (RFC 8314, 4)."
        yield Finding(str(endpoint), Verdict.FAIL, message, (visible(shown)[:200],), "login-in-clear")


def _certificate(reading: Reading, endpoint: Endpoint, session: SmtpSession) -> Iterator[Finding]:
    chain = session.tls.chain if session.tls else ()
    if not chain or not reading.observation.trust.source:
        return
    verdict = x509.verify(chain, endpoint.host, reading.observation.at, reading.observation.trust.anchors)
    if verdict.trusted or verdict.reason is Trust.MALFORMED:
        return
    said = " ".join(fault.detail for fault in verdict.faults)
    if all(fault.reason is Trust.WRONG_NAME for fault in verdict.faults):
        yield Finding(str(endpoint), Verdict.WARN, f"{said} People may use another name for it.", code="wrong-name")
    else:
        yield Finding(str(endpoint), Verdict.FAIL, f"Mail programs reject the certificate: {said}", code="untrusted")


def remedy(_reading: Reading, verdict: CheckVerdict) -> Iterator[Remedy]:
    bad = [finding for finding in verdict.findings if finding.verdict in (Verdict.FAIL, Verdict.WARN)]
    yield Remedy(
        CHECK.id,
        f"Allow TLS 1.2 and 1.3 with good suites only, and no login without, at {', '.join(finding.subject for finding in bad)}.",
        settings=(
            "smtpd_tls_auth_only = yes  # Postfix main.cf",
            "smtpd_tls_protocols = >=TLSv1.2",
            "ssl = required  # Dovecot 10-ssl.conf",
            "ssl_min_protocol = TLSv1.2",
            "ssl_cipher_list = ECDHE+AESGCM:ECDHE+CHACHA20",
        ),
    )


CHECK = Check(
    id="ports.submission",
    title="Submission and mailbox ports are sound",
    sources=(Source("RFC 8314", "3 and 4"), Source("RFC 4954", "4"), Source("BCP 195 (RFC 9325)", "3.1 and 4.1")),
    judge=judge,
    remedy=remedy,
)
