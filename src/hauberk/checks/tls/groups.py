"""Every mail server exchanges keys in strong groups

## What it means
The groups that the server accepts for the key exchange: elliptic curves of 256 bits or more (X25519, X448, P-256, P-384, P-521) and the
post-quantum hybrids pass. P-224 is to be phased out, any other curve fails. Of finite fields, those of RFC 7919 with 3072 bits or more
are to be phased out (warn); 2048 bits, or a prime of the server's own making, fail.

## Why it matters
The group decides how hard it is to compute the key of a recorded connection. For a prime that many servers share, most of the work is
done once for all of them (Logjam), and a prime that nobody has vetted may be a trap.

## How to fix
Switch finite fields off; every sender of the last ten years has elliptic curves. Postfix, in `main.cf`:

    smtpd_tls_exclude_ciphers = kDHE
    tls_eecdh_auto_curves = X25519, prime256v1, secp384r1
    tls_ffdhe_auto_groups =

(the last one from Postfix 3.8 on). Exim with OpenSSL: `tls_dhparam = none` and `tls_eccurve = X25519:P-256:P-384`. Exchange:
`Disable-TlsCipherSuite` for every suite that begins with `TLS_DHE_`.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from hauberk.checks.check import Check, Source
from hauberk.checks.probed import VERSION_NAMES, each_probed, not_found_out, speaks_before_13, why_not
from hauberk.checks.reading import Reading
from hauberk.model.assessment import Remedy
from hauberk.model.verdict import CheckVerdict, Finding, Verdict
from hauberk.protocols.tls.facts import TlsFacts
from hauberk.protocols.tls.grade import Grade


@dataclass(frozen=True, slots=True)
class _Exchange:
    """A group as it is told of: `name` in words, `bits` to order finite fields by (0 for curves)."""

    name: str
    version: str
    grade: Grade
    bits: int = 0
    why: str = ""


def judge(reading: Reading) -> Iterable[Finding]:
    return each_probed(reading, judge_facts)


def judge_facts(facts: TlsFacts) -> Iterator[Finding]:
    """One finding about one endpoint; none where keys are not exchanged in groups at all."""
    subject = str(facts.endpoint)
    found = sorted(_exchanges(facts), key=lambda one: (-one.grade.rank, one.bits))
    untold = _untold(facts, found)
    if not found:
        if untold or facts.accepted("TLSv1.3"):
            yield not_found_out(facts, "The groups of the key exchange are not known")
        return
    worst = found[0]
    evidence = _listing(found)
    named = worst.name + (f" ({worst.why})" if worst.why else "")
    rest = f" Whether worse ones are is not known: {why_not(facts)}." if untold else ""
    if worst.grade is Grade.INSUFFICIENT:
        yield Finding(subject, Verdict.FAIL, f"Keys are exchanged in a group that is too weak: {named}.", evidence, "group-insufficient")
    elif worst.grade is Grade.PHASE_OUT:
        message = f"Keys are exchanged in a group that is to be phased out: {named}.{rest}"
        yield Finding(subject, Verdict.WARN, message, evidence, "group-phase-out")
    elif untold:
        yield not_found_out(facts, "Whether weak groups are accepted is not known")
    else:
        yield Finding(subject, Verdict.PASS, "Strong groups only.", evidence)


def _untold(facts: TlsFacts, found: list[_Exchange]) -> bool:
    """Whether something worse than what was found may be accepted as well."""
    worst = found[0].grade.rank if found else -1
    if any(fact.accepted is None and fact.grade.rank > worst for fact in facts.groups):
        return True
    return None in (facts.weak_curves, facts.finite_exchange) and bool(facts.partial or speaks_before_13(facts) is not False)


def _exchanges(facts: TlsFacts) -> Iterator[_Exchange]:
    for fact in facts.groups:
        if fact.accepted:
            yield _Exchange(fact.group, fact.version, fact.grade, why=fact.why)
    for one in facts.dh:
        prime = one.group or "a prime of its own"
        yield _Exchange(f"a finite field of {one.bits:,} bits, {prime}", one.version, one.grade, one.bits)


def _listing(found: list[_Exchange]) -> tuple[str, ...]:
    lines: dict[Grade, list[str]] = {}
    for one in found:
        lines.setdefault(one.grade, []).append(f"{one.name} [{VERSION_NAMES.get(one.version, one.version)}]")
    return tuple(f"{grade.value}: {', '.join(dict.fromkeys(names))}" for grade, names in lines.items())


def remedy(_reading: Reading, verdict: CheckVerdict) -> Iterator[Remedy]:
    hosts = ", ".join(finding.subject for finding in verdict.findings if finding.verdict in (Verdict.FAIL, Verdict.WARN))
    yield Remedy(
        CHECK.id,
        f"Exchange keys in strong elliptic curves only at {hosts}.",
        settings=(
            "smtpd_tls_exclude_ciphers = kDHE  # Postfix main.cf; add it to what stands there",
            "tls_eecdh_auto_curves = X25519, prime256v1, secp384r1",
            "tls_ffdhe_auto_groups =  # empty; from Postfix 3.8 on",
            "tls_dhparam = none  # Exim with OpenSSL, main section",
            "tls_eccurve = X25519:P-256:P-384",
        ),
    )


CHECK = Check(
    id="tls.groups",
    title="Keys are exchanged in strong groups",
    sources=(
        Source("NCSC-NL TLS guidelines 2025-05"),
        Source("BCP 195 (RFC 9325)", "4.2.1 and 4.5"),
        Source("RFC 7919", "3"),
    ),
    judge=judge,
    remedy=remedy,
)
