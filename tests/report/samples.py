"""Assessments and tapes to make reports of: a typical domain, one with many hosts, one where strangers wrote hostile text."""

from hauberk.lab.casebook import Case, Smtp, observe
from hauberk.lab.casebook import Certificate as CaseCertificate
from hauberk.model.assessment import Assessment, FixStep, Remedy
from hauberk.model.observation import Observation
from hauberk.model.score import Band, Cap, Score, ScoreLine
from hauberk.model.verdict import CheckVerdict, Finding, Verdict
from hauberk.report.appendix import CheckInfo
from hauberk.report.compose import compose
from hauberk.report.content import ReportContent
from hauberk.world.tape import evidence_id

P, W, F, U, N = Verdict.PASS, Verdict.WARN, Verdict.FAIL, Verdict.UNKNOWN, Verdict.NOT_APPLICABLE
DOMAIN = "example.com"
TITLES = {
    "spf.published": "Exactly one SPF record is published",
    "spf.valid": "The SPF record and all it includes are valid",
    "spf.lookup-limit": "SPF needs at most ten DNS lookups",
    "spf.restrictive": "SPF ends in a restrictive term",
    "dkim.key-published": "A DKIM key is published",
    "dkim.key-strength": "DKIM keys are strong",
    "dmarc.published": "Exactly one DMARC record is published",
    "dmarc.policy-enforced": "DMARC policy is enforced",
    "dmarc.reports-received": "DMARC reports are received",
    "mx.resolves": "Every MX host resolves",
    "mx.reachable": "Every endpoint is reachable",
    "tls.starttls-offered": "STARTTLS is offered",
    "tls.modern-version": "TLS 1.2 or 1.3 is spoken",
    "cert.trusted": "Certificates are trusted",
    "cert.expiry": "Certificates are not about to expire",
    "cert.key-strength": "Certificate keys are strong",
    "dane.valid": "DANE is valid",
    "mta-sts.valid": "MTA-STS is valid",
    "tls-rpt.published": "TLS reports are asked for",
    "dnssec.domain-signed": "The domain is signed with DNSSEC",
    "dnssec.mx-signed": "The MX hosts’ zones are signed",
    "caa.present": "CAA limits who may issue certificates",
    "ptr.confirmed": "Reverse DNS is confirmed",
    "bimi.valid": "BIMI is valid",
}
CHECKS = tuple(CheckInfo(id, title, ("RFC 7208, 4.5",)) for id, title in TITLES.items())
GROUPS = {
    **dict.fromkeys(("spf", "dkim", "dmarc"), "Anti-spoofing"),
    "tls": "Transport encryption",
    **dict.fromkeys(("cert", "dane", "mta-sts", "tls-rpt"), "Authenticated transport"),
    **dict.fromkeys(("dnssec", "caa", "mx"), "DNS integrity"),
}


def verdict(
    check: str, state: Verdict, message: str, *evidence: str, subjects: tuple[str, ...] = (DOMAIN,), code: str = ""
) -> CheckVerdict:
    return CheckVerdict(check, state, tuple(Finding(subject, state, message, evidence, code) for subject in subjects))


def observation(hosts: int = 2, domain: str = DOMAIN, txt: str = "v=spf1 include:_spf.example.net ?all") -> Observation:
    """A domain with `hosts` MX hosts, each with an IPv4 and an IPv6 address."""
    lines = [f"{domain}. MX 10 mx{n}.{domain}." for n in range(1, hosts + 1)]
    lines += [f"mx{n}.{domain}. A 192.0.2.{9 + n}" for n in range(1, hosts + 1)]
    lines += [f"mx{n}.{domain}. AAAA 2001:db8:1234:5678::{9 + n:x}" for n in range(1, hosts + 1)]
    lines.append(f'{domain}. TXT "{txt}"')
    shared = CaseCertificate(names=tuple(f"mx{n}.{domain}" for n in range(1, hosts + 1)))
    smtp = tuple(Smtp(f"mx{n}.{domain}", certificate=shared) for n in range(1, hosts + 1))
    return observe(Case("sample", "pass", domain, "\n".join(lines), smtp=smtp))


def assessment(tape: Observation, verdicts: tuple[CheckVerdict, ...] = ()) -> Assessment:
    judged = verdicts or typical(tape)
    return Assessment(
        domain=tape.domain,
        observed_at=tape.at,
        observation=evidence_id(tape),
        catalogue="2026.11",
        rubric="hauberk-2026",
        score=_score(judged),
        verdicts=judged,
        fix_plan=_fixes(tape.domain),
    )


def report(company: str = "Example Ltd", tape: Observation | None = None, verdicts: tuple[CheckVerdict, ...] = ()) -> ReportContent:
    seen = tape or observation()
    return compose(assessment(seen, verdicts), seen, company, CHECKS)


def typical(tape: Observation) -> tuple[CheckVerdict, ...]:
    domain = tape.domain
    endpoints = tuple(str(exchange.endpoint) for exchange in tape.smtp)
    spf = f'{domain}. TXT "v=spf1 include:_spf.example.net ?all"'
    return (
        verdict("spf.published", P, "One SPF record is published.", spf, subjects=(domain,)),
        verdict("spf.valid", P, "The record and the 3 it includes have no error.", subjects=(domain,)),
        verdict(
            "spf.lookup-limit", W, "SPF needs 9 of the 10 DNS lookups that receivers allow (RFC 7208, 4.6.4).", spf, subjects=(domain,)
        ),
        verdict(
            "spf.restrictive", F, "The record ends in ?all, so it says nothing about strangers.", spf, subjects=(domain,), code="neutral"
        ),
        verdict("dkim.key-published", P, "Selector s1 has a key, confirmed by the operator.", subjects=(f"s1._domainkey.{domain}",)),
        verdict("dkim.key-strength", P, "RSA with 2048 bits.", subjects=(f"s1._domainkey.{domain}",)),
        verdict("dmarc.published", P, "One DMARC record is published.", 'TXT "v=DMARC1; p=none"', subjects=(f"_dmarc.{domain}",)),
        verdict("dmarc.policy-enforced", W, "The policy is none: receivers only watch.", 'TXT "v=DMARC1; p=none"', subjects=(domain,)),
        verdict("dmarc.reports-received", W, "There is no rua: nobody learns who sends as this domain.", subjects=(domain,)),
        verdict("bimi.valid", N, "", subjects=()),
        verdict("mx.resolves", P, "Resolves to an IPv4 and an IPv6 address.", subjects=tuple({one.endpoint.host: 0 for one in tape.smtp})),
        verdict("mx.reachable", P, "Answers on port 25.", subjects=endpoints),
        verdict("tls.starttls-offered", P, "STARTTLS is offered.", subjects=endpoints),
        verdict("tls.modern-version", P, "TLS 1.3 with TLS_AES_256_GCM_SHA384 over X25519MLKEM768.", subjects=endpoints),
        verdict("cert.trusted", P, "The chain leads to a trusted root and names the host.", subjects=endpoints),
        verdict("cert.expiry", P, "Valid for 60 more days.", subjects=endpoints),
        verdict("cert.key-strength", P, "EC secp256r1.", subjects=endpoints),
        verdict("dane.valid", W, "There is no TLSA record.", subjects=endpoints),
        verdict("mta-sts.valid", W, "There is no MTA-STS record: downgrade attacks are not noticed.", subjects=(domain,)),
        verdict("tls-rpt.published", W, "There is no TLS-RPT record.", subjects=(domain,)),
        verdict("dnssec.domain-signed", W, "The zone is not signed.", subjects=(domain,)),
        verdict("dnssec.mx-signed", U, "ns1.example.net did not answer within 5 s.", subjects=(domain,)),
        verdict("caa.present", W, "There is no CAA record.", subjects=(domain,)),
        verdict("ptr.confirmed", P, "The name leads back to the address.", subjects=endpoints),
    )


def _score(verdicts: tuple[CheckVerdict, ...]) -> Score:
    worth = {P: 1.0, W: 0.5, F: 0.0}
    lines = tuple(
        ScoreLine(one.check, GROUPS.get(area, "Hygiene"), one.verdict.value, 4, 4 * worth.get(one.verdict, 0), one.verdict in worth)
        for one in verdicts
        for area in (one.check.partition(".")[0],)
    )  # fmt: skip
    caps = (Cap(49, "spf.restrictive", "SPF lets anybody send"), Cap(79, "dmarc.policy-enforced", "the DMARC policy is not enforced"))
    return Score("hauberk-2026", 49, 71.5, "F", Band.RED, 0.962, caps=caps, lines=lines, bonus=1)


def _fixes(domain: str) -> tuple[FixStep, ...]:
    key = "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA" * 9
    return (
        FixStep(
            Remedy(
                "spf.restrictive",
                "End the SPF record in ~all, so that mail from strangers is suspicious",
                (f'{domain}. TXT "v=spf1 include:_spf.example.net ~all"',),
                (f"{domain}. TXT",),
            ),
            F, 23.5, 72.5, "C",
            remove=(f'{domain}. TXT "v=spf1 include:_spf.example.net ?all"',),
            publish=(f'{domain}. TXT "v=spf1 include:_spf.example.net ~all"',),
        ),
        FixStep(
            Remedy(
                "dmarc.policy-enforced",
                "Enforce DMARC, once its reports show that all your senders are aligned",
                (f'_dmarc.{domain}. TXT "v=DMARC1; p=reject; rua=mailto:dmarc@{domain}"',),
                (f"_dmarc.{domain}. TXT",),
            ),
            W, 9, 81.5, "B",
            remove=(f'_dmarc.{domain}. TXT "v=DMARC1; p=none; rua=mailto:dmarc@{domain}"',),
            publish=(f'_dmarc.{domain}. TXT "v=DMARC1; p=reject; rua=mailto:dmarc@{domain}"',),
        ),
        FixStep(
            Remedy("dkim.key-strength", "Publish a longer key", (f's2._domainkey.{domain}. TXT "v=DKIM1; k=rsa; p={key}"',)),
            W, 2, 83.5, "B",
            publish=(f's2._domainkey.{domain}. TXT "v=DKIM1; k=rsa; p={key}"',),
        ),
        FixStep(
            Remedy(
                "tls.modern-version",
                "Speak TLS 1.2 and 1.3 only",
                settings=("smtpd_tls_mandatory_protocols = >=TLSv1.2  # Postfix main.cf", "smtpd_tls_protocols = >=TLSv1.2"),
            ),
            W, 1, 84.5, "B", assumed=True,
        ),
    )  # fmt: skip
