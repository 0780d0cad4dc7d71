"""No mail server accepts SSL, TLS 1.0 or TLS 1.1

## What it means
A client that offers nothing better than SSL 2.0, SSL 3.0, TLS 1.0 or TLS 1.1 is turned away. Each version is offered alone, so the check
also finds what up-to-date clients never see.

## Why it matters
Who sits on the way can push both sides down to the worst version that they share. SSL 2.0 and 3.0 are broken (DROWN, POODLE), and one SSL
2.0 server endangers every other that has the same key. TLS 1.0 and 1.1 rest on MD5 and SHA-1 and must not be used any more (RFC 8996).

A sender so old that it knows nothing newer then delivers in clear. That is the price, and it is small: what such a sender encrypts, an
attacker reads. `sender.matrix` says who is meant.

## How to fix
Postfix, in `main.cf` (before 3.6 write `!SSLv2, !SSLv3, !TLSv1, !TLSv1.1`):

    smtpd_tls_protocols = >=TLSv1.2
    smtpd_tls_mandatory_protocols = >=TLSv1.2

Exim with OpenSSL: `openssl_options = +no_sslv2 +no_sslv3 +no_tlsv1 +no_tlsv1_1`. Exchange and everything else on Windows: switch the
versions off in the registry under `SCHANNEL\\Protocols` and restart."""

from collections.abc import Iterable, Iterator

from hauberk.checks.check import Check, Source
from hauberk.checks.probed import VERSION_NAMES, and_listed, each_probed, not_found_out
from hauberk.checks.reading import Reading
from hauberk.model.assessment import Remedy
from hauberk.model.verdict import CheckVerdict, Finding, Verdict
from hauberk.protocols.malformed import visible
from hauberk.protocols.tls.facts import LEGACY_VERSIONS, TlsFacts

_WHY = {
    "SSLv2": "it is broken, and endangers every server with the same key (RFC 6176)",
    "SSLv3": "it is broken (POODLE, RFC 7568)",
    "TLSv1": "RFC 8996 forbids it",
    "TLSv1.1": "RFC 8996 forbids it",
}


def judge(reading: Reading) -> Iterable[Finding]:
    return each_probed(reading, judge_facts)


def judge_facts(facts: TlsFacts) -> Iterator[Finding]:
    """One finding about one endpoint."""
    subject = str(facts.endpoint)
    legacy = [fact for version in LEGACY_VERSIONS for fact in facts.versions if fact.version == version]
    accepted = [fact for fact in legacy if fact.accepted]
    unknown = [version for version in LEGACY_VERSIONS if facts.accepted(version) is None]
    if accepted:
        worst, *rest = accepted
        also = f"; so {'is' if len(rest) == 1 else 'are'} {and_listed(VERSION_NAMES[fact.version] for fact in rest)}" if rest else ""
        message = f"{VERSION_NAMES[worst.version]} is accepted: {_WHY[worst.version]}{also}."
        evidence = tuple(visible(f"{VERSION_NAMES[fact.version]}: {fact.evidence or 'accepted'}")[:200] for fact in accepted)
        code = "ssl-accepted" if worst.version.startswith("SSL") else "legacy-accepted"
        yield Finding(subject, Verdict.FAIL, message, evidence, code)
    elif unknown:
        named = and_listed(VERSION_NAMES[version] for version in unknown)
        yield not_found_out(facts, f"Whether {named} {'is' if len(unknown) == 1 else 'are'} accepted is not known")
    else:
        versions = tuple(VERSION_NAMES[version] for version in facts.accepted_versions)
        yield Finding(subject, Verdict.PASS, "Nothing older than TLS 1.2 is accepted.", (f"accepted: {', '.join(versions) or 'none'}",))


def remedy(_reading: Reading, verdict: CheckVerdict) -> Iterator[Remedy]:
    hosts = ", ".join(finding.subject for finding in verdict.findings if finding.verdict is Verdict.FAIL)
    yield Remedy(
        CHECK.id,
        f"Allow nothing older than TLS 1.2 at {hosts}.",
        settings=(
            "smtpd_tls_protocols = >=TLSv1.2  # Postfix main.cf; before 3.6: !SSLv2, !SSLv3, !TLSv1, !TLSv1.1",
            "smtpd_tls_mandatory_protocols = >=TLSv1.2",
            "openssl_options = +no_sslv2 +no_sslv3 +no_tlsv1 +no_tlsv1_1  # Exim, main section",
            r'reg add "HKLM\SYSTEM\CurrentControlSet\Control\SecurityProviders\SCHANNEL\Protocols\TLS 1.0\Server"'
            " /v Enabled /t REG_DWORD /d 0  # Exchange; likewise TLS 1.1, SSL 3.0, SSL 2.0",
        ),
    )


CHECK = Check(
    id="tls.no-legacy-versions",
    title="Nothing older than TLS 1.2 is accepted",
    sources=(Source("RFC 8996", "4 and 5"), Source("RFC 7568", "3"), Source("RFC 6176", "3"), Source("NCSC-NL TLS guidelines 2025-05")),
    judge=judge,
    remedy=remedy,
)
