"""Worlds as data: the tables of worlds and expected verdicts that stand beside the checks (`*.cases.toml`).

A case names the records that exist, what the mail and web servers say, and the verdict that must come of it. Its world is
surveyed like the real one, so a case also shows that the survey asks what the check reads.
"""

import asyncio
import re
from collections import Counter
from collections.abc import Awaitable
from datetime import UTC, datetime
from functools import cache, cached_property
from hashlib import sha256
from pathlib import Path

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from msgspec.structs import replace

from hauberk.lab.casetls import TlsServer, handshake, server_certificate
from hauberk.lab.pki import CertificateSpec, Issued, Pki
from hauberk.lab.tlsserver import MODERN_GROUPS, MODERN_SUITES, TlsServerSpec, respond
from hauberk.lab.zonetext import ZoneText
from hauberk.model.dns import DnsAnswer, NoAnswer, Question, Silence
from hauberk.model.observation import Observation, ScanOptions, Selector, TrustStore, Vantage
from hauberk.model.transport import Ending, Endpoint, Flight, Hello, HttpsAnswer, SmtpSession, Speaker, TlsHandshake, Trial, Turn, Url
from hauberk.protocols.tls.groups import GROUPS
from hauberk.protocols.tls.registry import suites_by_name
from hauberk.protocols.walk import Ask, Reply
from hauberk.survey.domain import survey
from hauberk.world.recorded import Ready

HELO = "scanner.example.net"
_PLACEHOLDER = re.compile(r"\{(spki|cert)-sha256:([^}\s]+)\}")


class Certificate(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """As `CertificateSpec`; no names means the host's own."""

    names: tuple[str, ...] = ()
    key: str = "ec256"
    issuer: str = "trusted"
    days_left: int = 60
    signature: str = "sha256"
    chain: str = "full"


class Tls(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    version: str = "TLSv1.3"
    suite: str = "TLS_AES_256_GCM_SHA384"
    group: str = "X25519MLKEM768"


class Smtp(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What an endpoint says. `lines` replaces the preset's dialogue: `s: 220 ...`, `c: EHLO ...`, `S:`/`C:` for lines through TLS.

    `trial` is the dialogue of a trial (`--own`), in the same manner. `tls` words the handshake; `tls_server`
    simulates a server instead, which answers hellos (without one: as `tls` lets expect).
    """

    host: str
    address: str = ""
    port: int = 25
    preset: str = "good"
    banner: str = ""
    ehlo: str = ""
    lines: str = ""
    trial: str = ""
    tls: Tls = Tls()
    tls_server: TlsServer | None = None
    certificate: Certificate = Certificate()


class Https(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    url: str
    status: int = 200
    content_type: str = "text/plain"
    location: str = ""
    body: str = ""
    truncated: bool = False
    error: str = ""
    tls: Tls = Tls()
    certificate: Certificate = Certificate()


class Server(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An authoritative server that answers otherwise than the case's records say."""

    address: str
    records: str = ""
    silent: bool = False
    rcode: str = "NOERROR"


class Case(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: str
    verdict: str
    domain: str = "example.com"
    records: str = ""
    secure: tuple[str, ...] = ()
    silent: tuple[str, ...] = ()
    servfail: tuple[str, ...] = ()
    bogus: tuple[str, ...] = ()
    selectors: tuple[str, ...] = ()
    message_selectors: tuple[str, ...] = ()
    lookalikes: bool = False
    depth: str = "handshake"
    services: tuple[int, ...] = ()
    own: bool = False
    scan_smtp: bool = True
    at: datetime = datetime(2026, 11, 21, 12, tzinfo=UTC)
    resolver_trusted: bool = True
    validates: bool = True
    ipv6: bool = True
    codes: tuple[str, ...] | None = None
    says: str = ""
    remedy: str = ""
    smtp: tuple[Smtp, ...] = ()
    https: tuple[Https, ...] = ()
    server: tuple[Server, ...] = ()


class _CaseFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    case: tuple[Case, ...]


def load(path: Path) -> tuple[Case, ...]:
    """The cases of one file. Raises `msgspec.ValidationError` with the place of what is wrong."""
    return msgspec.toml.decode(path.read_bytes(), type=_CaseFile).case


def observe(case: Case) -> Observation:
    """Survey the case's world."""
    selectors = tuple(Selector(name) for name in case.selectors)
    selectors += tuple(Selector(name, "message") for name in case.message_selectors)
    options = ScanOptions(
        selectors=selectors, smtp=case.scan_smtp, lookalikes=case.lookalikes, depth=case.depth, services=case.services, own=case.own
    )
    return asyncio.run(survey(CaseWorld(case), case.domain, options, at=case.at))


@cache
def _pki(at: datetime) -> Pki:
    return Pki(at)


class CaseWorld:
    """A world that holds what one case lists."""

    def __init__(self, case: Case) -> None:
        self._case = case
        self._pki = _pki(case.at)
        self._issued: dict[tuple[str, Certificate], Issued] = {}
        self._servers = {server.address: server for server in case.server}
        self._connections: Counter[Endpoint] = Counter()

    @property
    def vantage(self) -> Vantage:
        resolver = "udp://127.0.0.1:53" if self._case.resolver_trusted else "udp://192.0.2.53:53"
        return Vantage("hauberk", resolver, self._case.resolver_trusted, HELO, ipv4=True, ipv6=self._case.ipv6)

    def ask(self, question: Ask, /) -> Awaitable[Reply]:
        match question:
            case Question():
                return Ready(self._dns(question))
            case Endpoint():
                return Ready(self._smtp(question))
            case Url():
                return Ready(self._https(question))
            case Hello():
                return Ready(self._hello(question))
            case Trial():
                return Ready(self._trial(question))

    def trust(self, chains: tuple[tuple[bytes, ...], ...], /) -> TrustStore:
        return TrustStore("the case's own root", sha256(self._pki.anchor).hexdigest(), (self._pki.anchor,))

    @cached_property
    def _zone(self) -> ZoneText:
        return ZoneText.parse(_PLACEHOLDER.sub(self._digest, self._case.records))

    def _digest(self, match: re.Match[str]) -> str:
        kind, host = match.groups()
        leaf = self._issue(host, self._smtp_entry(Endpoint(host, "")).certificate).chain[0]
        if kind == "cert":
            return sha256(leaf).hexdigest()
        key = x509.load_der_x509_certificate(leaf).public_key()
        return sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()

    def _issue(self, host: str, certificate: Certificate) -> Issued:
        key = (host, certificate)
        if key not in self._issued:
            self._issued[key] = self._pki.issue(
                CertificateSpec(
                    names=certificate.names or (host,),
                    key=certificate.key,
                    issuer=certificate.issuer,
                    days_left=certificate.days_left,
                    signature=certificate.signature,
                    chain=certificate.chain,
                )
            )
        return self._issued[key]

    def _dns(self, question: Question) -> DnsAnswer | NoAnswer:
        case = self._case
        if question.server:
            return self._authoritative(question)
        if _listed(question, case.silent):
            return NoAnswer(Silence.TIMEOUT, "no answer within 5 s")
        if _listed(question, case.servfail):
            return DnsAnswer("SERVFAIL", authenticated=False if case.resolver_trusted else None)
        if _listed(question, case.bogus) and not question.checking_disabled:
            return DnsAnswer("SERVFAIL", authenticated=False if case.resolver_trusted else None, extended_errors=(6,))
        if question == Question(".", "SOA"):
            root = ZoneText.parse(". SOA a.root-servers.net. nstld.verisign-grs.com. 2026112100 1800 900 604800 86400")
            return root.answer(question, secure=self._secure((".",)))
        return self._zone.answer(question, secure=self._secure(case.secure))

    def _secure(self, signed: tuple[str, ...]) -> tuple[str, ...] | None:
        """The names whose answers carry AD here; None where the bit means nothing."""
        if not self._case.resolver_trusted:
            return None
        return signed if self._case.validates else ()

    def _authoritative(self, question: Question) -> DnsAnswer | NoAnswer:
        server = self._servers.get(question.server, Server(question.server, self._case.records))
        if server.silent:
            return NoAnswer(Silence.TIMEOUT, "no answer within 5 s")
        if server.rcode != "NOERROR":
            return DnsAnswer(server.rcode)
        zone = ZoneText.parse(server.records) if question.server in self._servers else self._zone
        return zone.answer(question, secure=None)

    def _smtp_entry(self, endpoint: Endpoint) -> Smtp:
        for entry in self._case.smtp:
            if (entry.host, entry.port) == (endpoint.host, endpoint.port) and entry.address in ("", endpoint.address):
                return entry
        return Smtp(endpoint.host, port=endpoint.port, preset="good" if endpoint.port == 25 else "refused")

    def _smtp(self, endpoint: Endpoint) -> SmtpSession | NoAnswer:
        if ":" in endpoint.address and not self._case.ipv6:
            return NoAnswer(Silence.NO_ROUTE, "this machine has no IPv6")
        entry = self._smtp_entry(endpoint)
        self._connections[endpoint] += 1
        if entry.tls_server is None:
            chain = self._issue(endpoint.host, entry.certificate).chain
            return _session(endpoint, entry, _worded(endpoint.host, entry.tls, chain))
        return _session(endpoint, entry, handshake(self._tls_server(endpoint, entry), endpoint.host))

    def _trial(self, question: Trial) -> SmtpSession | NoAnswer:
        """As the entry's `trial` tells it; a server without one refuses what is tried and forgets what came with STARTTLS."""
        entry = self._smtp_entry(question.endpoint)
        if entry.preset in _SILENT:
            return _SILENT[entry.preset]
        dialogue = tuple(_turns((entry.trial or _SOUND_TRIAL).format(ehlo=entry.ehlo or question.endpoint.host, helo=HELO)))
        return SmtpSession(dialogue, Ending.QUIT)

    def _tls_server(self, endpoint: Endpoint, entry: Smtp) -> TlsServerSpec:
        server = entry.tls_server or _server_like(entry.tls)
        certificates = [replace(entry.certificate, key=key) for key in server.keys or (entry.certificate.key,)]
        return server.spec(tuple(server_certificate(one.key, self._issue(endpoint.host, one).chain) for one in certificates))

    def _hello(self, question: Hello) -> Flight | NoAnswer:
        entry = self._smtp_entry(question.endpoint)
        self._connections[question.endpoint] += 1
        if entry.preset in _SILENT:
            return _SILENT[entry.preset]
        if entry.preset in _HELLO_ENDS:
            return _HELLO_ENDS[entry.preset]
        server = entry.tls_server
        if server and 0 < server.refuses_after < self._connections[question.endpoint]:
            return Flight(b"", Ending.QUIT, server.refusal)
        received = respond(self._tls_server(question.endpoint, entry), question.octets)
        return Flight(received, Ending.QUIT if received else Ending.CLOSED)

    def _https(self, question: Url) -> HttpsAnswer | NoAnswer:
        for entry in self._case.https:
            if entry.url == question.url:
                return self._page(entry, question)
        return NoAnswer(Silence.REFUSED, "connection refused")

    def _page(self, entry: Https, question: Url) -> HttpsAnswer:
        host = entry.url.removeprefix("https://").partition("/")[0]
        chain = self._issue(host, entry.certificate).chain
        body = entry.body.encode()
        return HttpsAnswer(
            address="192.0.2.80",
            tls=TlsHandshake(not entry.error, host, entry.tls.version, entry.tls.suite, entry.tls.group, chain, error=entry.error),
            status=0 if entry.error else entry.status,
            content_type=entry.content_type,
            location=entry.location,
            body=body[: question.limit],
            truncated=entry.truncated or len(body) > question.limit,
            error=entry.error,
        )


def _listed(question: Question, entries: tuple[str, ...]) -> bool:
    return any(entry in (f"{question.name} {question.type}", f"{question.name} *") for entry in entries)


_GOOD = """
s: {banner}
c: EHLO {helo}
s: 250-{ehlo}
s: 250-SIZE 20480000
s: 250-STARTTLS
s: 250 8BITMIME
c: STARTTLS
s: 220 2.0.0 Ready to start TLS
C: EHLO {helo}
S: 250-{ehlo}
S: 250 8BITMIME
C: QUIT
S: 221 2.0.0 Bye
"""
_PRESETS: dict[str, tuple[str, Ending]] = {
    "good": (_GOOD, Ending.QUIT),
    "no-starttls": (_GOOD.partition("c: STARTTLS")[0].replace("s: 250-STARTTLS\n", "") + "c: QUIT\ns: 221 2.0.0 Bye\n", Ending.QUIT),
    "greeting-554": ("s: 554 5.7.1 {ehlo} Service unavailable; client host blocked\nc: QUIT\n", Ending.CLOSED),
    "greeting-421": ("s: 421 4.7.0 {ehlo} Error: too many connections from you\n", Ending.CLOSED),
    "greylisted-greeting": ("s: 450 4.2.0 {ehlo} Greylisted, try again later\nc: QUIT\n", Ending.CLOSED),
    "closes-after-starttls": (_GOOD.partition("C: EHLO")[0], Ending.CLOSED),
    "starttls-454": (
        _GOOD.partition("s: 220 2.0.0")[0] + "s: 454 4.7.0 TLS not available due to temporary reason\nc: QUIT\ns: 221 2.0.0 Bye\n",
        Ending.QUIT,
    ),
    "garbage": ("s: \\x00\\x01\\x02 this is not SMTP\n", Ending.GARBLED),
    "handshake-fails": (_GOOD.partition("C: EHLO")[0], Ending.CLOSED),
}
_SOUND_TRIAL = """
s: 220 {ehlo} ESMTP
c: EHLO {helo}
s: 250-{ehlo}
s: 250-STARTTLS
s: 250 8BITMIME
c: VRFY postmaster
s: 252 2.0.0 Send some mail, I will try my best
c: VRFY hauberk-nobody-7f3a9c51
s: 252 2.0.0 Send some mail, I will try my best
c: EXPN postmaster
s: 502 5.5.1 Not here
c: STARTTLS
c: NOOP
s: 220 2.0.0 Ready to start TLS
C: EHLO {helo}
S: 250-{ehlo}
S: 250 8BITMIME
C: QUIT
S: 221 2.0.0 Bye
"""
# What becomes of a hello to an endpoint that does not let it come that far.
_HELLO_ENDS = {
    "greeting-554": Flight(b"", Ending.QUIT, "554 5.7.1 Service unavailable; client host blocked"),
    "greeting-421": Flight(b"", Ending.QUIT, "421 4.7.0 Error: too many connections from you"),
    "greylisted-greeting": Flight(b"", Ending.QUIT, "450 4.2.0 Greylisted, try again later"),
    "no-starttls": Flight(b"", Ending.QUIT, "502 5.5.1 Command not implemented"),
    "starttls-454": Flight(b"", Ending.QUIT, "454 4.7.0 TLS not available due to temporary reason"),
    "garbage": Flight(b"", Ending.GARBLED, "this is not SMTP"),
    "closes-after-starttls": Flight(b"", Ending.CLOSED),
    "handshake-fails": Flight(b"\x15\x03\x03\x00\x02\x02\x28", Ending.QUIT),
}
_SILENT = {
    "refused": NoAnswer(Silence.REFUSED, "connection refused"),
    "timeout": NoAnswer(Silence.TIMEOUT, "no connection within 10 s"),
    "unreachable": NoAnswer(Silence.UNREACHABLE, "no route to host"),
}


def _worded(host: str, tls: Tls, chain: tuple[bytes, ...]) -> TlsHandshake:
    return TlsHandshake(True, host, tls.version, tls.suite, tls.group, chain, resumption=True)


def _server_like(tls: Tls) -> TlsServer:
    """The server that a worded handshake lets expect: a modern one, unless it was an old version or a poor suite."""
    if tls == Tls():
        return TlsServer()
    known = suites_by_name().get(tls.suite)
    suites = (*MODERN_SUITES, tls.suite) if known and tls.suite not in MODERN_SUITES else MODERN_SUITES
    groups = (tls.group, *(group for group in MODERN_GROUPS if group != tls.group)) if tls.group in GROUPS.values() else MODERN_GROUPS
    return TlsServer(versions=(tls.version,), suites=suites, groups=groups)


def _session(endpoint: Endpoint, entry: Smtp, shaken: TlsHandshake) -> SmtpSession | NoAnswer:
    if entry.preset in _SILENT:
        return _SILENT[entry.preset]
    text, ending = _PRESETS[entry.preset]
    ehlo = entry.ehlo or endpoint.host
    banner = entry.banner or f"220 {endpoint.host} ESMTP"
    dialogue = tuple(_turns(entry.lines or text.format(banner=banner, ehlo=ehlo, helo=HELO)))
    tls = None
    if entry.preset == "closes-after-starttls":
        tls = TlsHandshake(False, endpoint.host, error="the server closed the connection before its hello")
    elif entry.preset == "handshake-fails":
        tls = TlsHandshake(False, endpoint.host, error="the server sent the alert handshake_failure")
    elif any(turn.encrypted for turn in dialogue):
        tls = shaken
    return SmtpSession(dialogue, ending, "" if ending is Ending.QUIT else "the server closed the connection", tls)


def _turns(text: str) -> list[Turn]:
    turns: list[Turn] = []
    for line in text.strip().splitlines():
        who, _, said = line.partition(": ")
        speaker = Speaker.CLIENT if who.lower() == "c" else Speaker.SERVER
        turns.append(Turn(speaker, said, at_ms=10 * (len(turns) + 1), encrypted=who.isupper()))
    return turns
