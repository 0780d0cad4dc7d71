"""Every mail server prefers good cipher suites

## What it means
Where a server accepts suites that are to be phased out, or worse, it chooses a good or sufficient one whenever the client offers one,
whatever the client's own order. A server that accepts good and sufficient ones only passes: among those the order does not matter.

## Why it matters
Old and careless clients put weak suites first. A server that follows the client's order then gives away strength for nothing.

## How to fix
The better way is to accept good suites only (`tls.cipher-suites`). Else let the server choose. Postfix, in `main.cf`:

    tls_preempt_cipherlist = yes

Exim with OpenSSL: `openssl_options = +cipher_server_preference`. Windows always follows its own order; set it by group policy,
"SSL Cipher Suite Order".
"""

from collections.abc import Iterable, Iterator

from hauberk.checks.check import Check, Source
from hauberk.checks.probed import VERSION_NAMES, each_probed, not_found_out
from hauberk.checks.reading import Reading
from hauberk.model.assessment import Remedy
from hauberk.model.verdict import CheckVerdict, Finding, Verdict
from hauberk.protocols.tls.facts import TlsFacts
from hauberk.protocols.tls.grade import Grade


def judge(reading: Reading) -> Iterable[Finding]:
    return each_probed(reading, judge_facts)


def judge_facts(facts: TlsFacts) -> Iterator[Finding]:
    """One finding about one endpoint."""
    subject = str(facts.endpoint)
    bad = (facts.accepts_grade(Grade.PHASE_OUT), facts.accepts_grade(Grade.INSUFFICIENT))
    if facts.order:
        worst = facts.order[0]
        chooser = "it follows the client's order" if facts.server_preference is False else "its own order is wrong"
        message = f"The server chose {worst.chosen} although {worst.instead_of} was offered and is accepted: {chooser}."
        evidence = tuple(
            f"{VERSION_NAMES.get(one.version, one.version)}: chose {one.chosen} instead of {one.instead_of}" for one in facts.order
        )
        yield Finding(subject, Verdict.WARN, message, evidence, "order-wrong")
    elif bad == (False, False):
        yield Finding(subject, Verdict.PASS, "All accepted suites are good or sufficient, so that their order does not matter.")
    elif facts.server_preference:
        yield Finding(subject, Verdict.PASS, "The server chooses, and prefers better suites.")
    elif facts.server_preference is False and True in bad:
        message = "The client's order decides, and suites to phase out or worse are accepted: a careless client gets one of those."
        yield Finding(subject, Verdict.WARN, message, code="client-order")
    elif True in bad and not facts.partial and not _has_sound(facts):
        yield Finding(
            subject,
            Verdict.INFO,
            "No good or sufficient suite is accepted below TLS 1.3, so there is none to prefer.",
            code="nothing-better",
        )
    else:
        yield not_found_out(facts, "Which suites the server prefers is not known")


def _has_sound(facts: TlsFacts) -> bool:
    """Whether a good or sufficient suite stands beside the others; TLS 1.3 has its own suites, among which a worse one is no choice."""
    return any(fact.grade in (Grade.GOOD, Grade.SUFFICIENT) for fact in facts.suites if fact.version != "TLSv1.3")


def remedy(_reading: Reading, verdict: CheckVerdict) -> Iterator[Remedy]:
    hosts = ", ".join(finding.subject for finding in verdict.findings if finding.verdict is Verdict.WARN)
    yield Remedy(
        CHECK.id,
        f"Let {hosts} choose the suite, good ones first; it need not once only good ones are accepted.",
        settings=(
            "tls_preempt_cipherlist = yes  # Postfix main.cf",
            "openssl_options = +cipher_server_preference  # Exim, main section",
        ),
    )


CHECK = Check(
    id="tls.cipher-order",
    title="Good cipher suites are preferred",
    sources=(Source("NCSC-NL TLS guidelines 2025-05"), Source("BCP 195 (RFC 9325)", "4.2.1")),
    judge=judge,
    remedy=remedy,
)
