"""Every mail server accepts good cipher suites only

## What it means
Suites are graded as by the Dutch NCSC (2025-05): *good* and *sufficient* are those with elliptic-curve key exchange and authenticated
encryption (AES-GCM, ChaCha20-Poly1305). *Phase-out* is what still holds but should go: CBC, finite-field Diffie-Hellman. *Insufficient*
is what must go: key exchange with RSA (who gets hold of the key later reads all recorded mail), 3DES, RC4, NULL, EXPORT, and suites
without any certificate (anonymous).

- **pass**: good and sufficient only.  **warn**: phase-out ones as well.  **fail**: an insufficient one is accepted.

The suites of each grade are offered without the others, so the check finds what clients of today never see. A scan of standard depth names
those that the server chose; `--depth full` names all.

## Why it matters
A connection is as strong as the weakest suite that both sides accept, and who sits on the way helps them to find it.

## How to fix
Postfix, in `main.cf`:

    smtpd_tls_ciphers = medium
    smtpd_tls_exclude_ciphers = aNULL, kRSA, kDHE, SHA1, SHA256, SHA384, ARIA, CAMELLIA, AESCCM8, PSK, SRP

(`SHA1`, `SHA256` and `SHA384` mean the CBC suites with these checksums.) Exim with OpenSSL: `tls_require_ciphers =
ECDHE+AESGCM:ECDHE+CHACHA20`. Exchange: `Disable-TlsCipherSuite` for each that is named, or the group policy "SSL Cipher Suite Order"."""

from collections.abc import Iterable, Iterator

from hauberk.checks.check import Check, Source
from hauberk.checks.probed import VERSION_NAMES, each_probed, not_found_out, why_not
from hauberk.checks.reading import Reading
from hauberk.model.assessment import Remedy
from hauberk.model.verdict import CheckVerdict, Finding, Verdict
from hauberk.protocols.tls.facts import SuiteFact, TlsFacts
from hauberk.protocols.tls.grade import Grade

# What is worst in a suite, worst first.
_WORST_PARTS = ("_NULL", "_anon_", "_EXPORT", "RC2_", "RC4_", "_DES_CBC", "DES40", "3DES", "IDEA", "SEED", "TLS_RSA_")
_BAD = (Grade.INSUFFICIENT, Grade.PHASE_OUT)


def judge(reading: Reading) -> Iterable[Finding]:
    return each_probed(reading, judge_facts)


def judge_facts(facts: TlsFacts) -> Iterator[Finding]:
    """One finding about one endpoint."""
    subject = str(facts.endpoint)
    insufficient, phase_out = (facts.accepts_grade(grade) for grade in _BAD)
    evidence = listing(facts)
    if insufficient:
        also = " Phase-out ones are accepted as well." if phase_out else ""
        message = f"Insufficient cipher suites are accepted{_such_as(facts, Grade.INSUFFICIENT)}.{also}"
        yield Finding(subject, Verdict.FAIL, message, evidence, "suites-insufficient")
    elif phase_out:
        rest = "" if insufficient is False else f" Whether insufficient ones are is not known: {why_not(facts)}."
        message = f"Cipher suites to phase out are accepted{_such_as(facts, Grade.PHASE_OUT)}.{rest}"
        yield Finding(subject, Verdict.WARN, message, evidence, "suites-phase-out")
    elif insufficient is None or phase_out is None:
        yield not_found_out(facts, "Which cipher suites are accepted is not known in full")
    else:
        yield Finding(subject, Verdict.PASS, "Good and sufficient cipher suites only.", evidence)


def listing(facts: TlsFacts) -> tuple[str, ...]:
    """The suites seen, one line a version and grade, the worst first."""
    lines: dict[tuple[Grade, str], list[str]] = {}
    for fact in sorted(facts.suites, key=lambda fact: (-fact.grade.rank, fact.version)):
        lines.setdefault((fact.grade, fact.version), []).append(fact.suite)
    return tuple(
        f"{VERSION_NAMES.get(version, version)}, {grade.value}: {', '.join(dict.fromkeys(names))}"
        for (grade, version), names in lines.items()
    )


def _such_as(facts: TlsFacts, grade: Grade) -> str:
    """The worst one with its reason, and how many more there are where they are known."""
    found = sorted(facts.suites_of(grade), key=_badness)
    if not found:
        return ""
    worst = found[0]
    more = len({fact.suite for fact in found}) - 1
    counted = f" and {more} more" if more else ""
    return f": {worst.suite}{f' ({worst.why})' if worst.why else ''}{counted}"


def _badness(fact: SuiteFact) -> int:
    return next((index for index, part in enumerate(_WORST_PARTS) if part in fact.suite), len(_WORST_PARTS))


def remedy(_reading: Reading, verdict: CheckVerdict) -> Iterator[Remedy]:
    hosts = ", ".join(finding.subject for finding in verdict.findings if finding.verdict in (Verdict.FAIL, Verdict.WARN))
    yield Remedy(
        CHECK.id,
        f"Accept suites with ECDHE and authenticated encryption only at {hosts}.",
        settings=(
            "smtpd_tls_ciphers = medium  # Postfix main.cf",
            "smtpd_tls_exclude_ciphers = aNULL, kRSA, kDHE, SHA1, SHA256, SHA384, ARIA, CAMELLIA, AESCCM8, PSK, SRP",
            "tls_require_ciphers = ECDHE+AESGCM:ECDHE+CHACHA20  # Exim with OpenSSL, main section",
            'Disable-TlsCipherSuite -Name "TLS_RSA_WITH_AES_128_CBC_SHA"  # Exchange, PowerShell; once for each that is named',
        ),
    )


CHECK = Check(
    id="tls.cipher-suites",
    title="Good cipher suites only",
    sources=(Source("NCSC-NL TLS guidelines 2025-05"), Source("BCP 195 (RFC 9325)", "4.1"), Source("RFC 7465", "2")),
    judge=judge,
    remedy=remedy,
)
