"""What can be said about the signatures of a set of answers; shared by the two checks of DNSSEC."""

from collections.abc import Iterable

from hauberk.checks.endpoints import unanswered
from hauberk.checks.reading import Reading
from hauberk.model.dns import NoAnswer
from hauberk.protocols import dnssec
from hauberk.protocols.dnssec import State, Validated

_FROM_WORST = (State.BOGUS, State.UNKNOWN, State.INSECURE, State.SECURE)


def blindness(reading: Reading) -> str:
    """Why this scan cannot tell signed from unsigned, as a sentence; empty when it can."""
    found = reading.walked(dnssec.resolver, reading.domain, reading.options)
    resolver = reading.observation.vantage.resolver
    if not reading.observation.vantage.resolver_trusted or not found.trusted_path:
        return f"The path to the resolver {resolver} is not trusted: its word on signatures means nothing. Ask one here or over TLS."
    if found.lies:
        return f"The resolver {resolver} invents answers: it gives {dnssec.NO_SUCH_NAME}, which cannot exist, an address. Ask another."
    if found.validates is None:
        return f"Whether the resolver {resolver} validates is not known: the question for the root's SOA {unanswered(found.root)}."
    if not found.validates:
        return f"The resolver {resolver} does not validate: even the signed root comes without the AD bit. Ask one that does."
    return ""


def least(answers: Iterable[Validated]) -> State:
    """The state of the weakest answer."""
    return min((one.state for one in answers), key=_FROM_WORST.index, default=State.UNKNOWN)


def evidence(answers: Iterable[Validated]) -> tuple[str, ...]:
    """`name TYPE: state`, with the resolver's reason where it gave one."""
    return tuple(_line(one) for one in answers)


def _line(one: Validated) -> str:
    line = f"{one.question.name} {one.question.type}: {one.state}"
    if one.state is State.BOGUS:
        reason = dnssec.why_bogus(one.answer)
        return f"{line} ({reason or 'SERVFAIL, but answered with checking disabled'})"
    if one.state is State.UNKNOWN:
        return f"{line} ({unanswered(one.answer)})"
    return line


def names(answers: Iterable[Validated], state: State) -> str:
    """The questions in a state, for a sentence."""
    return ", ".join(f"{one.question.name} {one.question.type}" for one in answers if one.state is state)


def first_trouble(answers: Iterable[Validated]) -> str:
    """Why the first unknown answer is unknown, as the end of a sentence."""
    for one in answers:
        if one.state is State.UNKNOWN:
            waiting = one.unchecked if isinstance(one.unchecked, NoAnswer) else one.answer
            return f"the question for {one.question.name} {one.question.type} {unanswered(waiting)}"
    return ""
