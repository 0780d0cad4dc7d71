"""Whose order of suites decides, and whether the server's is a good one, read off its choices."""

from itertools import combinations

from hauberk.protocols.tls.facts import OrderFact
from hauberk.protocols.tls.grade import Grade
from hauberk.protocols.tls.groups import GOOD_CURVES
from hauberk.protocols.tls.hello import ClientHello
from hauberk.protocols.tls.ledger import Choice
from hauberk.protocols.tls.registry import VERSIONS, suite
from hauberk.protocols.tls.schemes import ALL

_SOUND = (Grade.GOOD, Grade.SUFFICIENT)


def servers_own(choices: list[Choice]) -> bool | None:
    """True when the server passed over a suite that it has and the client put first; False when two hellos that differ only in their order
    led to different choices as the client wished. All choices are of one version."""
    held = {choice.suite.number for choice in choices}
    free = [(choice.suite.number, _offered(choice, held)) for choice in choices if _is_free(choice)]
    if any(offered[0] != chosen for chosen, offered in free if len(offered) > 1):
        return True
    turned = any(second in offered and first in also for (first, offered), (second, also) in combinations(free, 2) if first != second)
    return False if turned else None


def wrong(choices: list[Choice]) -> tuple[OrderFact, ...]:
    """The choices of a worse suite although a better one that the server has stood in front of it."""
    held = {choice.suite.number for choice in choices}
    found: dict[tuple[str, str], OrderFact] = {}
    for choice in choices:
        if not _is_free(choice):
            continue
        offered = _offered(choice, held)
        for number in offered[: offered.index(choice.suite.number)]:
            if _tier(suite(number).grade) < _tier(choice.suite.grade):
                fact = OrderFact(VERSIONS.get(choice.version, ""), choice.suite.name, suite(number).name)
                found[fact.chosen, fact.instead_of] = fact
                break
    return tuple(found.values())


def _is_free(choice: Choice) -> bool:
    """The hello left the server every sound curve and signature, and the choice is from it."""
    hello = choice.hello
    if not isinstance(hello, ClientHello) or choice.suite.number not in hello.suites:
        return False
    return hello.groups[: len(GOOD_CURVES)] == GOOD_CURVES and hello.schemes in ((), ALL)


def _offered(choice: Choice, held: set[int]) -> tuple[int, ...]:
    """The suites of the hello that the server is known to have, in the hello's order."""
    return tuple(number for number in choice.hello.suites if number in held) if isinstance(choice.hello, ClientHello) else ()


def _tier(grade: Grade) -> int:
    """Good and sufficient count as one."""
    return 0 if grade in _SOUND else grade.rank
