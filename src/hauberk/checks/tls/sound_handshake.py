"""The handshake of every mail server is sound

## What it means
The parts of TLS that went wrong over the years are mended or switched off:

- **compression** is off (fail: CRIME reads what is compressed together with a secret)
- **secure renegotiation** is there (fail without: others can put their own words before a client's, RFC 5746)
- **0-RTT** is off (fail: what is sent so can be sent again by others; RFC 8446 wants a profile for each protocol, and SMTP has none)
- the **extended master secret** is there (warn without: two connections can be made to share their keys, RFC 7627)
- the client cannot **renegotiate** at will (warn: it makes the server work for nothing); full depth asks for it, once
- no **heartbeat** (warn: nobody needs it, and Heartbleed came by it)

The first four but 0-RTT belong to TLS 1.2 and older; a server that speaks TLS 1.3 alone has nothing to mend there. Whether 0-RTT is on
stands in the ticket that a server of TLS 1.3 sends after a real handshake (RFC 8446, 4.6.1); where none comes, it is not known.

## Why it matters
None of these shows in the version or the suite, and each was an attack with a name.

## How to fix
Update the TLS library: OpenSSL 1.1.0 and later have secure renegotiation and the extended master secret. Postfix, in `main.cf`:

    tls_ssl_options = NO_COMPRESSION, NO_RENEGOTIATION

Exim: `openssl_options = +no_compression +no_renegotiation`. Windows: install the updates; the extended master secret came with MS15-121.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from hauberk.checks.check import Check, Source
from hauberk.checks.probed import each_probed, not_found_out, speaks_before_13
from hauberk.checks.reading import Reading
from hauberk.model.assessment import Remedy
from hauberk.model.verdict import CheckVerdict, Finding, Verdict
from hauberk.protocols.malformed import visible
from hauberk.protocols.tls.facts import TlsFacts


@dataclass(frozen=True, slots=True)
class _Trait:
    """`sound` is what a sound server has; `demanded` that not knowing it leaves the check unknown."""

    name: str
    seen: bool | None
    sound: bool
    verdict: Verdict
    code: str
    message: str
    demanded: bool = True


def judge(reading: Reading) -> Iterable[Finding]:
    return each_probed(reading, judge_facts)


def judge_facts(facts: TlsFacts) -> Iterator[Finding]:
    """A finding for everything that is wrong with one endpoint, the worst first; one when nothing is."""
    subject = str(facts.endpoint)
    traits = _traits(facts)
    wrong = [trait for trait in traits if trait.seen is not None and trait.seen is not trait.sound]
    unknown = [trait.name for trait in traits if trait.seen is None and trait.demanded]
    for trait in wrong:
        yield Finding(subject, trait.verdict, trait.message, code=trait.code)
    if unknown:
        yield not_found_out(facts, f"Not known: {', '.join(unknown)}")
    elif not wrong:
        yield Finding(subject, Verdict.PASS, "Nothing of what went wrong with TLS over the years is to be found here.")
    if facts.odd:
        yield Finding(subject, Verdict.INFO, f"Odd: {visible('; '.join(facts.odd))[:300]}.", code="odd")


def _traits(facts: TlsFacts) -> tuple[_Trait, ...]:
    before_13 = speaks_before_13(facts)
    early = _Trait(
        "0-RTT",
        facts.early_data,
        sound=False,
        verdict=Verdict.FAIL,
        code="early-data",
        message="0-RTT is on: commands sent so can be sent again by others, and SMTP has no rule for it (RFC 8446, E.5).",
        demanded=False,  # a server that sends no ticket does not say
    )
    return (*_before_13(facts), early) if before_13 is not False else (early,)


def _before_13(facts: TlsFacts) -> Iterator[_Trait]:
    yield _Trait(
        "compression",
        facts.compression,
        sound=False,
        verdict=Verdict.FAIL,
        code="compression",
        message="TLS compression is on: secrets can be read from the length of what is compressed with them (CRIME; RFC 9325, 3.3).",
    )
    yield _Trait(
        "secure renegotiation",
        facts.secure_renegotiation,
        sound=True,
        verdict=Verdict.FAIL,
        code="insecure-renegotiation",
        message="Secure renegotiation is missing: others can put their own words before a client's (RFC 5746; RFC 9325, 3.5).",
    )
    yield _Trait(
        "extended master secret",
        facts.extended_master_secret,
        sound=True,
        verdict=Verdict.WARN,
        code="no-extended-master-secret",
        message="The extended master secret is missing: two connections can be made to share their keys (RFC 7627).",
    )
    yield _Trait(
        "client renegotiation",
        facts.client_renegotiation,
        sound=False,
        verdict=Verdict.WARN,
        code="client-renegotiation",
        message="Clients may renegotiate at will, which makes the server work for nothing.",
        demanded=False,
    )
    yield _Trait(
        "heartbeat",
        facts.heartbeat,
        sound=False,
        verdict=Verdict.WARN,
        code="heartbeat",
        message="The heartbeat extension is on; mail has no use for it, and Heartbleed came by it.",
        demanded=False,
    )


def remedy(_reading: Reading, verdict: CheckVerdict) -> Iterator[Remedy]:
    hosts = dict.fromkeys(finding.subject for finding in verdict.findings if finding.verdict in (Verdict.FAIL, Verdict.WARN))
    codes = {finding.code for finding in verdict.findings}
    settings: list[str] = []
    if codes & {"compression", "client-renegotiation"}:
        settings.append("tls_ssl_options = NO_COMPRESSION, NO_RENEGOTIATION  # Postfix main.cf")
        settings.append("openssl_options = +no_compression +no_renegotiation  # Exim, main section")
    old = codes & {"insecure-renegotiation", "no-extended-master-secret", "heartbeat"}
    what = "Update the TLS library of" if old else "Switch off 0-RTT at" if codes == {"early-data"} else "Set TLS right at"
    yield Remedy(CHECK.id, f"{what} {', '.join(hosts)}.", settings=tuple(settings))


CHECK = Check(
    id="tls.sound-handshake",
    title="The handshake is sound",
    sources=(
        Source("BCP 195 (RFC 9325)", "3.3 to 3.5 and 3.10"),
        Source("RFC 5746", "3"),
        Source("RFC 7627", "5"),
        Source("RFC 8446", "E.5"),
    ),
    judge=judge,
    remedy=remedy,
)
