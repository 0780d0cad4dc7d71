"""Worlds as data: the tables of worlds and expected verdicts that stand beside the checks (`*.cases.toml`).

A case names the records that exist, what the mail and web servers say, and the verdict that must come of it. Its world is
surveyed like the real one, so a case also shows that the survey asks what the check reads.
"""

import asyncio
import re
from collections import Counter
from collections.abc import Awaitable
from datetime import datetime
from functools import cache, cached_property
from hashlib import sha256
from ipaddress import ip_address, ip_network
from pathlib import Path

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from msgspec import UNSET
from msgspec.structs import replace

from hauberk.lab.casefile import Case, CaseFile, Certificate, Https, Server, Smtp
from hauberk.lab.casesmtp import HELLO_ENDS, HELO, SILENT, SOUND_TRIAL, relay_session, server_like, session, turns, worded
from hauberk.lab.casetls import handshake, renegotiated, server_certificate
from hauberk.lab.pki import CertificateSpec, Issued, Pki
from hauberk.lab.tlsserver import TlsServerSpec, respond
from hauberk.lab.zonetext import ZoneText
from hauberk.model.dns import DnsAnswer, NoAnswer, Question, Silence
from hauberk.model.observation import Observation, ScanOptions, Selector, TrustStore, Vantage
from hauberk.model.routing import Coverage, Covering, Vrp, VrpSource
from hauberk.model.transport import Ending, Endpoint, Flight, Hello, HttpsAnswer, SmtpSession, TlsHandshake, Trial, TrialMatter, Url
from hauberk.protocols.walk import Ask, Reply
from hauberk.survey.domain import survey
from hauberk.world.recorded import Ready

_PLACEHOLDER = re.compile(r"\{(spki|cert)-sha256:([^}\s]+)\}")


def load(path: Path) -> tuple[Case, ...]:
    """The cases of one file. Raises `msgspec.ValidationError` with the place of what is wrong."""
    return msgspec.toml.decode(path.read_bytes(), type=CaseFile).case


def observe(case: Case) -> Observation:
    """Survey the case's world."""
    selectors = tuple(Selector(name) for name in case.selectors)
    selectors += tuple(Selector(name, "message") for name in case.message_selectors)
    options = ScanOptions(
        selectors=selectors,
        smtp=case.scan_smtp,
        lookalikes=case.lookalikes,
        depth=case.depth,
        services=case.services,
        own=case.own,
        relay=case.relay or UNSET,
        origins=UNSET if case.roas is None else case.origins,
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
        roas = self._case.roas
        vrps = UNSET if not roas else VrpSource("vrps.json", self._case.roas_at, len(roas), "")
        return Vantage("hauberk", resolver, self._case.resolver_trusted, HELO, ipv4=True, ipv6=self._case.ipv6, vrps=vrps)

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
            case Coverage():
                return Ready(self._coverage(question))

    def _coverage(self, question: Coverage) -> Covering:
        address = ip_address(question.address)
        held = (Vrp(*roa) for roa in self._case.roas or () if address in ip_network(roa[0]))
        return Covering(tuple(sorted(held, key=lambda vrp: ip_network(vrp.prefix).prefixlen)))

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
            return session(endpoint, entry, worded(endpoint.host, entry.tls, chain))
        return session(endpoint, entry, self._shaken(endpoint, entry))

    def _trial(self, question: Trial) -> SmtpSession | NoAnswer:
        """As the entry's `trial` tells it; a server without one refuses what is tried and forgets what came with STARTTLS."""
        entry = self._smtp_entry(question.endpoint)
        if entry.preset in SILENT:
            return SILENT[entry.preset]
        if question.matter is TrialMatter.RENEGOTIATION:
            taken = bool(entry.tls_server and entry.tls_server.client_renegotiation)
            return SmtpSession((), Ending.QUIT, tls=renegotiated(self._shaken(question.endpoint, entry), taken=taken))
        if question.matter is TrialMatter.RELAYING:
            return relay_session(question, entry)
        dialogue = tuple(turns((entry.trial or SOUND_TRIAL).format(ehlo=entry.ehlo or question.endpoint.host, helo=HELO)))
        return SmtpSession(dialogue, Ending.QUIT)

    def _shaken(self, endpoint: Endpoint, entry: Smtp) -> TlsHandshake:
        allowed = entry.tls_server.early_data if entry.tls_server else 0
        return handshake(self._tls_server(endpoint, entry), endpoint.host, allowed)

    def _tls_server(self, endpoint: Endpoint, entry: Smtp) -> TlsServerSpec:
        server = entry.tls_server or server_like(entry.tls)
        certificates = [replace(entry.certificate, key=key) for key in server.keys or (entry.certificate.key,)]
        return server.spec(tuple(server_certificate(one.key, self._issue(endpoint.host, one).chain) for one in certificates))

    def _hello(self, question: Hello) -> Flight | NoAnswer:
        entry = self._smtp_entry(question.endpoint)
        self._connections[question.endpoint] += 1
        if entry.preset in SILENT:
            return SILENT[entry.preset]
        if entry.preset in HELLO_ENDS:
            return HELLO_ENDS[entry.preset]
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
