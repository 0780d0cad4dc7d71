"""Reading selectors off the chain of NSEC records of a signed zone (RFC 4034, 4 and 6.1)."""

from hauberk.model.dns import DnsAnswer, NoAnswer
from hauberk.protocols.names import absolute, is_at_or_below
from hauberk.protocols.walk import Walk, ask

MOST_STEPS = 20


def follow(start: DnsAnswer | NoAnswer, domain: str) -> Walk[tuple[str, ...]]:
    """The selectors that the chain names under `_domainkey` of the domain, from one NSEC answer onwards, in at most 20 steps."""
    apex = f"_domainkey.{domain}"
    selectors: list[str] = []
    answer, seen = start, set[str]()
    for _ in range(MOST_STEPS):
        name = next_name(answer)
        if name is None or name in seen or not is_at_or_below(name, domain):
            break
        seen.add(name)
        if is_at_or_below(name, apex):
            if name != apex:
                selectors.append(name.removesuffix(f".{apex}"))
        elif canonical(name) > canonical(apex):
            break
        answer = yield from ask(name, "NSEC")
    return tuple(selectors)


def next_name(answer: DnsAnswer | NoAnswer) -> str | None:
    """The next owner name; None for no NSEC, and for the made-up names of servers that sign on the fly (RFC 4470, RFC 9824)."""
    if isinstance(answer, NoAnswer):
        return None
    for record in answer.of("NSEC"):
        name = absolute(record.data.partition(" ")[0])
        if "\\" not in name and name != record.name:
            return name
    return None


def canonical(name: str) -> tuple[bytes, ...]:
    """The sort key of RFC 4034, 6.1: labels from the right, as lower-case octets."""
    return tuple(label.encode("utf-8", "replace") for label in reversed(name.lower().split(".")))
