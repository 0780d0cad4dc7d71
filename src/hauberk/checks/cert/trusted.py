"""Every certificate is trusted for the name of its server

## What it means
Each endpoint presents a certificate that leads to a trusted root, bears the name of the MX host as a DNS name (RFC 9525; the common name
does not count, a wildcard stands for one label), and is within its dates. Which roots were believed is said in the report.

Where the probe found a second certificate for another kind of key (RSA beside ECDSA), it is looked at as well; what is wrong with that
one is a warning.

## Why it matters
A certificate that cannot be checked proves nothing: a sender cannot tell the server from an impostor in the middle. Senders that follow
MTA-STS do not deliver to such a server at all.

Where a signed TLSA record fits the certificate (DANE), senders check that instead, so an untrusted certificate is excused.

## How to fix
Get a certificate for the name in the MX record from a public authority; this is free and renews itself. With certbot:

    certbot certonly --standalone -d mx.example.com

Let the server send the whole chain (`fullchain.pem`, not `cert.pem`), and reload it after each renewal.
"""

from collections.abc import Iterable, Iterator
from shlex import quote

from hauberk.checks.authentication import chain_verdict, named_by_tlsa, proven_by_dane, trust_store_known
from hauberk.checks.check import Check, Source
from hauberk.checks.endpoints import Seen
from hauberk.checks.probed import each_chain
from hauberk.checks.reading import Reading
from hauberk.model.assessment import Remedy
from hauberk.model.transport import TlsHandshake
from hauberk.model.verdict import CheckVerdict, Finding, Verdict
from hauberk.protocols import x509
from hauberk.protocols.malformed import Malformed
from hauberk.protocols.x509 import Trust

_CODES = {
    Trust.SELF_SIGNED: "self-signed",
    Trust.INCOMPLETE_CHAIN: "incomplete-chain",
    Trust.WRONG_NAME: "wrong-name",
    Trust.EXPIRED: "expired",
    Trust.NOT_YET_VALID: "not-yet-valid",
    Trust.WEAK_SIGNATURE: "sha1-signature",
}
_OF_ISSUER = (Trust.SELF_SIGNED, Trust.INCOMPLETE_CHAIN, Trust.UNKNOWN_ISSUER)


def judge(reading: Reading) -> Iterable[Finding]:
    def judge_one(one: Seen, tls: TlsHandshake) -> Iterator[Finding]:
        yield _judge_one(reading, one, tls)

    return each_chain(reading, judge_one)


def _judge_one(reading: Reading, one: Seen, tls: TlsHandshake) -> Finding:
    subject, verdict, evidence = str(one.endpoint), chain_verdict(reading, one), _shown(tls)
    if verdict.trusted:
        remark = (f"the strict profile of web browsers objects: {verdict.remark}",) if verdict.remark else ()
        return Finding(subject, Verdict.PASS, f"The certificate is trusted for {one.endpoint.host}.", (*evidence, *remark))
    said = " ".join(fault.detail for fault in verdict.faults)
    code = _CODES.get(verdict.reason, "untrusted")
    if proven_by_dane(reading, one):
        return Finding(subject, Verdict.PASS, f"Excused by DANE: a signed TLSA record fits this certificate. Without it: {said}", evidence)
    if verdict.reason is Trust.MALFORMED:
        return Finding(subject, Verdict.UNKNOWN, f"Whether the certificate is trusted is not known: {said}", evidence, "malformed")
    if not trust_store_known(reading) and all(fault.reason in _OF_ISSUER[1:] for fault in verdict.faults):
        return Finding(subject, Verdict.UNKNOWN, "The scanner had no trust store, so the issuer could not be checked.", evidence)
    return Finding(subject, Verdict.FAIL, said, evidence, code)


def _shown(tls: TlsHandshake) -> tuple[str, ...]:
    read = x509.describe(tls.chain[0])
    if isinstance(read, Malformed):
        return (f"certificate of {len(tls.chain[0])} octets: {read.reason}",)
    names = ", ".join(read.dns_names[:5]) or "no DNS names"
    return (
        f"subject {read.subject}; names {names}; issuer {read.issuer}; {read.not_before:%Y-%m-%d} to {read.not_after:%Y-%m-%d}",
        f"sha256 {read.sha256}; {len(tls.chain)} certificate{'s' if len(tls.chain) != 1 else ''} sent",
    )


def remedy(reading: Reading, verdict: CheckVerdict) -> Iterator[Remedy]:
    faulty = (finding for finding in verdict.findings if finding.verdict in (Verdict.FAIL, Verdict.WARN))
    bad = {finding.subject.partition(" ")[0]: finding.code.removeprefix("other-") for finding in faulty}
    for host, code in bad.items():
        if code == "incomplete-chain":
            what = f"Let {host} send the whole chain: its own certificate and the authority's intermediate certificates."
            yield Remedy(CHECK.id, what, settings=(f"smtpd_tls_chain_files = /etc/letsencrypt/live/{host}/privkey.pem, {_full(host)}",))
        else:
            what = f"Get a certificate for {host} from a public authority, and renew it automatically."
            if named_by_tlsa(reading, host):
                what += " Before you put it in place, publish the TLSA record of its key: DANE senders do not deliver to an unknown one."
            settings = (
                f"certbot certonly --standalone -d {quote(host)} --deploy-hook 'postfix reload'",
                f"smtpd_tls_chain_files = /etc/letsencrypt/live/{host}/privkey.pem, {_full(host)}  # Postfix main.cf",
            )
            yield Remedy(CHECK.id, what, settings=settings)


def _full(host: str) -> str:
    return f"/etc/letsencrypt/live/{host}/fullchain.pem"


CHECK = Check(
    id="cert.trusted",
    title="Certificates are trusted for their names",
    sources=(Source("RFC 9525", "6"), Source("RFC 5280", "6"), Source("RFC 8461", "4.2"), Source("RFC 7672", "3")),
    judge=judge,
    remedy=remedy,
)
