"""No mail server signs its key exchange with SHA-1

## What it means
In TLS 1.2 the server signs its share of the key exchange, with one of the hashes that the client lists. A client that lists SHA-1 (or
MD5) only has to be turned away; SHA-224 is a warning. TLS 1.3 knows neither, so a server that speaks nothing else has nothing to judge
here.

## Why it matters
Collisions of SHA-1 can be computed. Who can make the server sign with it and finds one in time (SLOTH) poses as the server.

## How to fix
Update the TLS library: OpenSSL 3 refuses SHA-1 from security level 1 on, which most systems have by default. Else say which signatures are
allowed, for all programs, in `/etc/ssl/openssl.cnf` (section `system_default_sect`):

    SignatureAlgorithms = ECDSA+SHA256:ECDSA+SHA384:ed25519:RSA-PSS+SHA256:RSA-PSS+SHA384:RSA+SHA256:RSA+SHA384:RSA+SHA512

Postfix lowers the security level for opportunistic TLS, so it needs that line. Exchange: take `RSA/SHA1` and `ECDSA/SHA1` out of the
registry value `Functions` under `SSL\\00010003`."""

from collections.abc import Iterable, Iterator

from hauberk.checks.check import Check, Source
from hauberk.checks.probed import each_probed, not_found_out
from hauberk.checks.reading import Reading
from hauberk.model.assessment import Remedy
from hauberk.model.verdict import CheckVerdict, Finding, Verdict
from hauberk.protocols.tls.facts import SHA1_SCHEMES, SHA224_SCHEMES, TlsFacts


def judge(reading: Reading) -> Iterable[Finding]:
    return each_probed(reading, judge_facts)


def judge_facts(facts: TlsFacts) -> Iterator[Finding]:
    """One finding about one endpoint; none where no key exchange is signed in TLS 1.2."""
    subject = str(facts.endpoint)
    if facts.accepted("TLSv1.2") is False or (not facts.schemes and not facts.partial):
        return
    sha1, sha224 = facts.accepts_sha1, facts.accepts_sha224
    if sha1:
        message = f"The key exchange is signed with SHA-1 if the client wants it: {_named(facts, SHA1_SCHEMES)}."
        yield Finding(subject, Verdict.FAIL, message, _listing(facts), "sha1-key-exchange")
    elif sha224:
        message = f"The key exchange is signed with SHA-224 if the client wants it: {_named(facts, SHA224_SCHEMES)}."
        yield Finding(subject, Verdict.WARN, message, _listing(facts), "sha224-key-exchange")
    elif sha1 is None:
        yield not_found_out(facts, "Whether the key exchange is signed with SHA-1 on demand is not known")
    else:
        yield Finding(subject, Verdict.PASS, "The key exchange is not signed with SHA-1.", _listing(facts))


def _named(facts: TlsFacts, schemes: tuple[str, ...]) -> str:
    return ", ".join(dict.fromkeys(fact.scheme for fact in facts.schemes if fact.accepted and fact.scheme in schemes))


def _listing(facts: TlsFacts) -> tuple[str, ...]:
    accepted = tuple(dict.fromkeys(fact.scheme for fact in facts.schemes if fact.accepted))
    return (f"accepted: {', '.join(accepted)}",) if accepted else ()


def remedy(_reading: Reading, verdict: CheckVerdict) -> Iterator[Remedy]:
    hosts = ", ".join(finding.subject for finding in verdict.findings if finding.verdict in (Verdict.FAIL, Verdict.WARN))
    yield Remedy(
        CHECK.id,
        f"Let {hosts} sign with SHA-256 or better only.",
        settings=(
            "SignatureAlgorithms = ECDSA+SHA256:ECDSA+SHA384:ed25519:RSA-PSS+SHA256:RSA-PSS+SHA384:RSA+SHA256:RSA+SHA384:RSA+SHA512"
            "  # /etc/ssl/openssl.cnf, section system_default_sect",
        ),
    )


CHECK = Check(
    id="tls.key-exchange-hash",
    title="The key exchange is not signed with SHA-1",
    sources=(Source("RFC 9155", "2 and 4"), Source("NCSC-NL TLS guidelines 2025-05")),
    judge=judge,
    remedy=remedy,
)
