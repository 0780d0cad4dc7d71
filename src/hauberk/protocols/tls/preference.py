"""Whose order of suites decides, and whether the server's is a good one, read off its choices."""

from msgspec import Struct

from hauberk.protocols.tls.facts import OrderFact
from hauberk.protocols.tls.grade import Grade
from hauberk.protocols.tls.groups import GOOD_CURVES
from hauberk.protocols.tls.hello import ClientHello
from hauberk.protocols.tls.ledger import Choice
from hauberk.protocols.tls.registry import VERSIONS, Suite, suite
from hauberk.protocols.tls.schemes import ALL

_SOUND = (Grade.GOOD, Grade.SUFFICIENT)


class FreeChoice(Struct, frozen=True, gc=False):
    """A choice from a hello that left the server every sound curve and signature. `offered` are the suites in it that the server is known
    to have, in the hello's order; the chosen one is among them."""

    version: int
    suite: Suite
    offered: tuple[int, ...]


def free_choices(choices: list[Choice]) -> list[FreeChoice]:
    """All choices are of one version."""
    held = {choice.suite.number for choice in choices}
    return [
        FreeChoice(choice.version, choice.suite, tuple(filter(held.__contains__, choice.hello.suites)))
        for choice in choices
        if isinstance(choice.hello, ClientHello) and _is_free(choice.hello) and choice.suite.number in choice.hello.suites
    ]


def servers_own(choices: list[FreeChoice]) -> bool | None:
    """True when the server passed over a suite that it has and the client put first; False when two hellos that differ only in their order
    led to different choices as the client wished."""
    if any(choice.offered[0] != choice.suite.number for choice in choices):
        return True
    beside: dict[int, set[int]] = {}
    for choice in choices:
        beside.setdefault(choice.suite.number, set()).update(choice.offered)
    turned = any(chosen != other and chosen in beside.get(other, ()) for chosen, others in beside.items() for other in others)
    return False if turned else None


def wrong(choices: list[FreeChoice]) -> tuple[OrderFact, ...]:
    """The choices of a worse suite although a better one that the server has stood in front of it."""
    found: dict[tuple[str, str], OrderFact] = {}
    for choice in choices:
        for number in choice.offered[: choice.offered.index(choice.suite.number)]:
            if _tier(suite(number).grade) < _tier(choice.suite.grade):
                fact = OrderFact(VERSIONS.get(choice.version, ""), choice.suite.name, suite(number).name)
                found[fact.chosen, fact.instead_of] = fact
                break
    return tuple(found.values())


def _is_free(hello: ClientHello) -> bool:
    return hello.groups[: len(GOOD_CURVES)] == GOOD_CURVES and hello.schemes in ((), ALL)


def _tier(grade: Grade) -> int:
    """Good and sufficient count as one."""
    return 0 if grade in _SOUND else grade.rank
