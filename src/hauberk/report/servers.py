"""The endpoints and the certificates they showed, row by row."""

from dataclasses import dataclass, replace
from datetime import datetime

from hauberk.checks.probed import probed
from hauberk.checks.reading import Reading
from hauberk.model.assessment import EndpointTls
from hauberk.model.dns import NoAnswer, Silence
from hauberk.model.transport import Endpoint, SmtpSession, TlsHandshake
from hauberk.model.verdict import SEVERITY, CheckVerdict, Finding, Verdict
from hauberk.protocols import mx, x509
from hauberk.protocols.malformed import Malformed
from hauberk.protocols.names import to_unicode
from hauberk.protocols.smtp import SmtpFacts, read_session
from hauberk.report.content import CertificateRow, EndpointRow, Mark
from hauberk.report.tls import weakness
from hauberk.report.wording import MARKS, NOT_TESTED, counted, distinguished, listed, short_day

MOST_ROWS = 60
_EMPTY = Mark("none", "Not seen")
_NOT_OURS = (Silence.NOT_ASKED, Silence.FORBIDDEN, Silence.OUT_OF_TIME, Silence.NO_ROUTE)
_SILENCES = {
    Silence.TIMEOUT: "Timed out",
    Silence.REFUSED: "Refused",
    Silence.UNREACHABLE: "Unreachable",
    Silence.NO_ROUTE: "No route here",
    Silence.FORBIDDEN: "Not allowed",
    Silence.OUT_OF_TIME: "Out of time",
    Silence.GARBLED: "Garbled",
    Silence.NOT_ASKED: "Not tested",
}
_VERSIONS = {"TLSv1.3": "TLS 1.3", "TLSv1.2": "TLS 1.2", "TLSv1.1": "TLS 1.1", "TLSv1": "TLS 1.0", "SSLv3": "SSL 3"}
_ROUTINGS = {
    mx.Routing.IMPLICIT: "There is no MX record: mail goes to the address of the domain itself (RFC 5321, 5.1).",
    mx.Routing.NULL: "The domain takes no mail: it publishes a null MX (RFC 7505).",
    mx.Routing.NONE: "The domain takes no mail: it has neither an MX nor an address record.",
    mx.Routing.NO_DOMAIN: "The domain does not exist in the DNS.",
    mx.Routing.UNKNOWN: "Where mail for the domain goes could not be found out: the question for its MX records was not answered.",
}


@dataclass(frozen=True, slots=True)
class Servers:
    rows: tuple[EndpointRow, ...]
    note: str
    certificates: tuple[CertificateRow, ...]


@dataclass(frozen=True, slots=True)
class _CertificateFindings:
    trusted: tuple[Finding, ...]
    expiry: tuple[Finding, ...]


def servers(reading: Reading, verdicts: tuple[CheckVerdict, ...], probed: tuple[EndpointTls, ...] = ()) -> Servers:
    transport = reading.walked(mx.transport, reading.domain, reading.options)
    sessions = transport.sessions or tuple((endpoint, None) for endpoint in transport.route.endpoints)
    about_certificates = _CertificateFindings(_of("cert.trusted", verdicts), _of("cert.expiry", verdicts))
    seen = (_row(endpoint, session, about_certificates) for endpoint, session in sessions)
    rows = tuple(replace(row, weakness=weakness(probed, endpoint)) for row, (endpoint, _) in zip(seen, sessions, strict=True))
    return Servers(rows[:MOST_ROWS], _note(transport.route, len(rows)), _certificates(reading, sessions)[:MOST_ROWS])


def _note(route: mx.MailRoute, rows: int) -> str:
    sentences = [_ROUTINGS.get(route.routing, "")]
    nowhere = tuple(to_unicode(host.name) for host in route.hosts if not host.addresses)
    if nowhere:
        sentences.append(f"Without any address: {listed(nowhere, 6)}.")
    if route.left_out:
        sentences.append(f"{counted(route.left_out, 'further MX host')} were not looked at.")
    if rows > MOST_ROWS:
        sentences.append(f"{MOST_ROWS} of {counted(rows, 'endpoint')} are listed here; the attached evidence has all of them.")
    return " ".join(filter(None, sentences))


def _row(endpoint: Endpoint, session: SmtpSession | NoAnswer | None, findings: _CertificateFindings) -> EndpointRow:
    host = to_unicode(endpoint.host)
    if not isinstance(session, SmtpSession):
        return EndpointRow(host, endpoint.address, _silent(session), _EMPTY, "–", "", "", _EMPTY)
    facts = read_session(session)
    tls = session.tls
    if tls is None:
        return EndpointRow(host, endpoint.address, _reached(facts), _starttls(facts), "–", "", "", _EMPTY)
    version = _VERSIONS.get(tls.version, tls.version) or "–"
    shown = version if tls.completed else "Handshake failed"
    certificate = _certificate_mark(endpoint, findings) if tls.chain else _EMPTY
    return EndpointRow(host, endpoint.address, _reached(facts), _starttls(facts), shown, tls.suite, tls.group, certificate)


def _silent(silence: NoAnswer | None) -> Mark:
    if silence is None:
        return NOT_TESTED
    return Mark("unknown" if silence.reason in _NOT_OURS else "fail", _SILENCES[silence.reason])


def _reached(facts: SmtpFacts) -> Mark:
    if facts.refusal is not None:
        return Mark("unknown", facts.refusal.value.replace("-", " ").capitalize())
    return Mark("pass", "Reachable") if facts.served else Mark("unknown", "Broke off")


def _starttls(facts: SmtpFacts) -> Mark:
    if facts.starttls_offered:
        return Mark("pass", "Yes")
    return Mark("fail", "No") if facts.served else _EMPTY


def _of(check: str, verdicts: tuple[CheckVerdict, ...]) -> tuple[Finding, ...]:
    return tuple(finding for verdict in verdicts if verdict.check == check for finding in verdict.findings)


def _certificate_mark(endpoint: Endpoint, findings: _CertificateFindings) -> Mark:
    trust = _worst_about(endpoint, findings.trusted)
    if trust is None:
        return MARKS[Verdict.UNKNOWN]
    if trust.verdict is not Verdict.PASS:
        mark = MARKS[trust.verdict]
        return Mark(mark.state, trust.code.replace("-", " ").capitalize() or mark.word)
    expiry = _worst_about(endpoint, findings.expiry)
    if expiry is not None and expiry.verdict in (Verdict.WARN, Verdict.FAIL):
        return Mark(MARKS[expiry.verdict].state, "Expired" if expiry.code == "expired" else "Expires soon")
    return Mark("pass", "By DANE" if "DANE" in trust.message else "Trusted")


def _worst_about(endpoint: Endpoint, findings: tuple[Finding, ...]) -> Finding | None:
    own = [finding for finding in findings if finding.subject in (str(endpoint), endpoint.host, endpoint.address)]
    return min(own, key=lambda finding: SEVERITY.index(finding.verdict), default=None)


def _certificates(reading: Reading, sessions: tuple[tuple[Endpoint, SmtpSession | NoAnswer | None], ...]) -> tuple[CertificateRow, ...]:
    """Those that the handshakes showed, then those that the probe found besides (RSA beside ECDSA, say)."""
    seen: dict[bytes, list[str]] = {}
    for endpoint, session in sessions:
        tls: TlsHandshake | None = session.tls if isinstance(session, SmtpSession) else None
        if tls is not None and tls.chain:
            seen.setdefault(tls.chain[0], []).append(to_unicode(endpoint.host))
    for facts in probed(reading):
        for shown in facts.chains:
            seen.setdefault(shown.chain[0], []).append(to_unicode(facts.endpoint.host))
    at = reading.observation.at
    return tuple(_certificate(leaf, tuple(dict.fromkeys(hosts)), at) for leaf, hosts in seen.items())


def _certificate(leaf: bytes, hosts: tuple[str, ...], at: datetime) -> CertificateRow:
    read = x509.describe(leaf)
    seen_at = listed(hosts, 4)
    if isinstance(read, Malformed):
        return CertificateRow("Unreadable", read.reason, "–", "–", "–", Mark("fail", "Unreadable"), "–", seen_at)
    names = tuple(name for name in read.dns_names if name != read.common_name)
    subject = read.common_name or (names[0] if names else distinguished(read.subject)) or "(no name)"
    return CertificateRow(
        subject,
        listed(tuple(name for name in names if name != subject), 5),
        "itself (self-signed)" if read.self_issued else distinguished(read.issuer),
        short_day(read.not_before),
        short_day(read.not_after),
        _left(read.not_before, read.not_after, at),
        read.key,
        seen_at,
    )


def _left(start: datetime, end: datetime, at: datetime) -> Mark:
    days = (end - at).days
    if at < start:
        return Mark("fail", "Not valid yet")
    if end < at:
        ago = (at - end).days
        return Mark("fail", f"Expired {counted(ago, 'day') if ago else 'less than a day'} ago")
    return Mark("fail" if days < 7 else "warn" if days < 30 else "pass", counted(days, "day"))
