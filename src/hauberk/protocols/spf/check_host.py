"""check_host(): whether a client may send for a domain (RFC 7208, section 4).

The evaluation is a walk. Errors that end it (4.6, 2.6.6, 2.6.7) travel as `_Stop` inside and come out as a result.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from ipaddress import IPv4Address, IPv6Address, ip_address

from hauberk.model.dns import DnsAnswer, NoAnswer, Question
from hauberk.protocols.malformed import Malformed
from hauberk.protocols.names import is_at_or_below
from hauberk.protocols.rdata import target
from hauberk.protocols.spf.answers import addresses_in, exchanges_in
from hauberk.protocols.spf.client import Client, client
from hauberk.protocols.spf.macros import MacroString, expand, parse_explanation, target_name
from hauberk.protocols.spf.record import SpfRecord, parse
from hauberk.protocols.spf.result import MOST_LOOKUPS, MOST_MX_NAMES, MOST_PTR_NAMES, MOST_VOID_LOOKUPS, OF_QUALIFIER, Result, SpfResult
from hauberk.protocols.spf.selection import select, spf_text
from hauberk.protocols.spf.terms import (
    A,
    All,
    Exists,
    Include,
    Ip4,
    Ip6,
    Mechanism,
    MxHosts,
    Ptr,
    render_term,
)
from hauberk.protocols.walk import Walk, ask, ask_each


def check_host(
    ip: IPv4Address | IPv6Address | str,
    domain: str,
    sender: str,
    helo: str,
    *,
    receiver: str = "unknown",
    at: datetime | None = None,
) -> Walk[SpfResult]:
    """Evaluate SPF for a client at `ip` that said `helo` and `MAIL FROM:<sender>`; `domain` is the sender's, or the HELO name.

    `receiver` and `at` are only used by an explanation text. Raises ValueError if `ip` is no IP address.
    """
    evaluation = _Evaluation()
    who = client(ip_address(ip), domain, sender, helo, receiver, at)
    outcome: _Outcome
    explanation: str | None = None
    try:
        outcome = yield from evaluation.check(who)
        if outcome.result is Result.FAIL and outcome.explanation is not None:
            explanation = yield from evaluation.explain(outcome.explanation, who.within(outcome.domain))
    except _Stop as stop:
        outcome = _Outcome(stop.result, stop.domain, reason=stop.reason)
    return SpfResult(
        outcome.result, outcome.domain, outcome.mechanism, outcome.reason, explanation, evaluation.lookups, evaluation.void_lookups
    )


@dataclass(frozen=True, slots=True)
class _Outcome:
    result: Result
    domain: str
    mechanism: str = ""
    reason: str = ""
    explanation: MacroString | None = None


class _Stop(Exception):
    """temperror or permerror anywhere ends the whole evaluation (RFC 7208, 5.2)."""

    def __init__(self, result: Result, domain: str, reason: str) -> None:
        super().__init__(reason)
        self.result = result
        self.domain = domain
        self.reason = reason


class _Evaluation:
    """The counters that includes and redirects share (RFC 7208, 4.6.4)."""

    def __init__(self) -> None:
        self.lookups = 0
        self.void_lookups = 0

    def check(self, who: Client) -> Walk[_Outcome]:
        name = target_name(who.domain)
        if name is None or "." not in name or "[" in name:
            return _Outcome(Result.NONE, who.domain, reason="not a full domain name")
        record = yield from self._record(name)
        if record is None:
            return _Outcome(Result.NONE, who.domain, reason="no SPF record")
        for term in record.effective:
            matched = yield from self._matches(term, who)
            if matched:
                exp = record.explanation.domain if record.explanation else None
                return _Outcome(OF_QUALIFIER[term.qualifier], who.domain, render_term(term), explanation=exp)
        if record.redirect is None:
            return _Outcome(Result.NEUTRAL, who.domain)
        self._count(who.domain)
        onward = yield from self._target(record.redirect.domain, who)
        outcome = yield from self.check(who.within(onward or "."))
        if outcome.result is Result.NONE:
            raise _Stop(Result.PERMERROR, who.domain, f"redirect={record.redirect.domain}: {outcome.reason}")
        return outcome

    def _record(self, name: str) -> Walk[SpfRecord | None]:
        answer = yield from ask(name, "TXT")
        if isinstance(answer, NoAnswer) or answer.rcode not in ("NOERROR", "NXDOMAIN"):
            raise _Stop(Result.TEMPERROR, name, _failure(name, "TXT", answer))
        texts = select(answer).records
        if len(texts) > 1:
            raise _Stop(Result.PERMERROR, name, f"{name} has {len(texts)} SPF records")
        record = parse(texts[0]) if texts else None
        if isinstance(record, Malformed):
            return None
        if record is not None and record.faults:
            raise _Stop(Result.PERMERROR, name, f"{record.faults[0].reason}: {record.faults[0].marked()}")
        return record

    def _count(self, domain: str) -> None:
        self.lookups += 1
        if self.lookups > MOST_LOOKUPS:
            raise _Stop(Result.PERMERROR, domain, f"more than {MOST_LOOKUPS} lookups (RFC 7208, 4.6.4)")

    def _matches(self, term: Mechanism, who: Client) -> Walk[bool]:
        match term:
            case All():
                return True
            case Ip4(address, prefix) | Ip6(address, prefix):
                return _covers(address, prefix, who)
            case _:
                self._count(who.domain)
        match term:
            case Include(domain):
                return (yield from self._include(domain, who))
            case Exists(domain):
                name = yield from self._target(domain, who)
                found = yield from self._addresses(name, "A", who)
                return bool(found)
            case A(domain, prefix4, prefix6):
                name = yield from self._target(domain, who)
                found = yield from self._addresses(name, who.address_type, who)
                return any(_covers(address, prefix4 if address.version == 4 else prefix6, who) for address in found)
            case MxHosts(domain, prefix4, prefix6):
                found = yield from self._mx_addresses(domain, who)
                return any(_covers(address, prefix4 if address.version == 4 else prefix6, who) for address in found)
            case Ptr(domain):
                name = yield from self._target(domain, who)
                validated = yield from self._validated_names(who)
                return name is not None and any(is_at_or_below(one, name) for one in validated)

    def _include(self, domain: MacroString, who: Client) -> Walk[bool]:
        name = yield from self._target(domain, who)
        outcome = yield from self.check(who.within(name or "."))
        if outcome.result is Result.NONE:
            raise _Stop(Result.PERMERROR, who.domain, f"include:{domain}: {outcome.reason}")
        return outcome.result is Result.PASS

    def _target(self, domain: MacroString | None, who: Client) -> Walk[str | None]:
        """The target name of a term (4.8); None if macros made something that is no DNS name."""
        if domain is None:
            return target_name(who.domain)
        if "p" in domain.letters:
            who = yield from self._with_validated_name(who)
        return target_name(expand(domain, who.value))

    def _addresses(self, name: str | None, type: str, who: Client) -> Walk[tuple[IPv4Address | IPv6Address, ...]]:
        if name is None:
            return ()
        (found,) = yield from self._each_address((name,), type, who)
        return found

    def _each_address(self, names: tuple[str, ...], type: str, who: Client) -> Walk[tuple[tuple[IPv4Address | IPv6Address, ...], ...]]:
        answers = yield from ask_each(tuple(Question(name, type) for name in names))
        for name, answer in zip(names, answers, strict=True):
            self._demand(answer, name, type, who)
        return tuple(addresses_in(answer, type) for answer in answers)

    def _demand(self, answer: DnsAnswer | NoAnswer, name: str, type: str, who: Client) -> None:
        """Stop at an error; count a void lookup (4.6.4)."""
        if isinstance(answer, NoAnswer) or answer.rcode not in ("NOERROR", "NXDOMAIN"):
            raise _Stop(Result.TEMPERROR, who.domain, _failure(name, type, answer))
        if not answer.of(type):
            self.void_lookups += 1
            if self.void_lookups > MOST_VOID_LOOKUPS:
                raise _Stop(Result.PERMERROR, who.domain, f"more than {MOST_VOID_LOOKUPS} void lookups, the last for {name} {type}")

    def _mx_addresses(self, domain: MacroString | None, who: Client) -> Walk[tuple[IPv4Address | IPv6Address, ...]]:
        name = yield from self._target(domain, who)
        if name is None:
            return ()
        answer = yield from ask(name, "MX")
        self._demand(answer, name, "MX", who)
        count = len(answer.of("MX")) if isinstance(answer, DnsAnswer) else 0
        if count > MOST_MX_NAMES:
            raise _Stop(Result.PERMERROR, who.domain, f"{name} has {count} MX records; at most {MOST_MX_NAMES} are allowed (4.6.4)")
        found = yield from self._each_address(exchanges_in(answer), who.address_type, who)
        return tuple(address for addresses in found for address in addresses)

    def _validated_names(self, who: Client) -> Walk[tuple[str, ...]]:
        """The client's names that resolve back to it, of the first ten; errors only make names drop out (5.5)."""
        answer = yield from ask(who.reverse_name, "PTR")
        if isinstance(answer, NoAnswer):
            return ()
        names = tuple(dict.fromkeys(target(record) for record in answer.of("PTR")))[:MOST_PTR_NAMES]
        answers = yield from ask_each(tuple(Question(name, who.address_type) for name in names))
        return tuple(name for name, back in zip(names, answers, strict=True) if who.ip in addresses_in(back, who.address_type))

    def _with_validated_name(self, who: Client) -> Walk[Client]:
        """`%{p}`: the domain itself, else a name below it, else any (7.3)."""
        names = yield from self._validated_names(who)
        domain = who.domain.lower().removesuffix(".")
        best = sorted(names, key=lambda name: (name != domain, not is_at_or_below(name, domain)))
        return replace(who, validated=best[0] if best else "unknown")

    def explain(self, domain: MacroString, who: Client) -> Walk[str | None]:
        """The explanation text, None for any error on the way (6.2)."""
        name = yield from self._target(domain, who)
        if name is None:
            return None
        answer = yield from ask(name, "TXT")
        if isinstance(answer, NoAnswer) or answer.rcode != "NOERROR" or len(answer.of("TXT")) != 1:
            return None
        text = parse_explanation(spf_text(answer.of("TXT")[0].data))
        if isinstance(text, Malformed):
            return None
        if "p" in text.letters:
            who = yield from self._with_validated_name(who)
        return expand(text, who.value)


def _failure(name: str, type: str, answer: DnsAnswer | NoAnswer) -> str:
    return f"{name} {type}: {answer.reason if isinstance(answer, NoAnswer) else answer.rcode}"


def _covers(address: IPv4Address | IPv6Address, prefix: int, who: Client) -> bool:
    if address.version != who.ip.version:
        return False
    width = 32 if address.version == 4 else 128
    return int(address) >> (width - prefix) == int(who.ip) >> (width - prefix)
