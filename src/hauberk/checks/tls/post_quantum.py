"""Every mail server offers a post-quantum key exchange

## What it means
The server takes a hybrid key exchange of a classical curve and ML-KEM, such as X25519MLKEM768, from a client that offers one. It is
a bonus: whoever does not have it yet loses nothing.

## Why it matters
Mail that is recorded today can be read once large quantum computers exist, unless its key was exchanged with an algorithm that they do
not break.

## How to fix
OpenSSL from 3.5 on offers it by itself where no list of groups stands in the way. Postfix, in `main.cf`:

    tls_eecdh_auto_curves = X25519MLKEM768, X25519, prime256v1, secp384r1

Exim with OpenSSL 3.5: `tls_eccurve = X25519MLKEM768:X25519:P-256`.
"""

from collections.abc import Iterator

from msgspec.structs import replace

from hauberk.checks.check import Check, Source
from hauberk.checks.probed import each_probed, not_found_out
from hauberk.checks.reading import Reading
from hauberk.model.verdict import Finding, Verdict
from hauberk.protocols.tls.facts import TlsFacts

_HYBRID = "MLKEM"


def judge(reading: Reading) -> Iterator[Finding]:
    """A pass, and with it the bonus, only where every endpoint has it."""
    findings = tuple(each_probed(reading, judge_facts))
    everywhere = all(finding.verdict is Verdict.PASS for finding in findings)
    for finding in findings:
        if finding.verdict is Verdict.PASS:
            yield replace(finding, code="post-quantum") if everywhere else replace(finding, verdict=Verdict.INFO)
        else:
            yield finding


def judge_facts(facts: TlsFacts) -> Iterator[Finding]:
    """One finding about one endpoint."""
    subject = str(facts.endpoint)
    groups = tuple(dict.fromkeys(fact.group for fact in facts.groups if fact.accepted and _HYBRID in fact.group.upper()))
    if facts.post_quantum:
        yield Finding(subject, Verdict.PASS, "A post-quantum key exchange is offered.", (", ".join(groups),) if groups else ())
    elif facts.post_quantum is False or facts.accepted("TLSv1.3") is False:
        yield Finding(subject, Verdict.INFO, "No post-quantum key exchange yet; that costs nothing.", code="no-post-quantum")
    else:
        yield not_found_out(facts, "Whether a post-quantum key exchange is offered is not known")


CHECK = Check(
    id="tls.post-quantum",
    title="A post-quantum key exchange is offered",
    sources=(Source("draft-ietf-tls-ecdhe-mlkem", "3"), Source("FIPS 203"), Source("NCSC-NL TLS guidelines 2025-05")),
    judge=judge,
)
