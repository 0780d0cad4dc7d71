"""What the visited servers said of our visits: who turned us away is not visited again in this run, and nobody too often.

Kept by place (address and port), not by host name: rate limits count the addresses of clients, whatever name they ask for. There is no
second try: the limits that servers set (Postfix's anvil, say) last for a minute, and a later run can complete one endpoint.
"""

import asyncio
from collections.abc import Awaitable, Callable

from hauberk.model.dns import NoAnswer, Silence
from hauberk.model.transport import Flight
from hauberk.world.dial import Place
from hauberk.world.politeness import Manners

_PATIENCE_WITH_SILENCE = 2


class _Page:
    """What one place said so far."""

    __slots__ = ("last_word", "silences", "turns", "visits")

    def __init__(self, per_address: int) -> None:
        self.turns = asyncio.Semaphore(per_address)
        self.visits = 0
        self.silences = 0
        self.last_word: Flight | NoAnswer | None = None


class Guestbook:
    """Lets visits happen, or answers in the place of a server that wants none."""

    def __init__(self, manners: Manners) -> None:
        self._manners = manners
        self._pages: dict[Place, _Page] = {}

    async def visit(self, place: Place, call: Callable[[], Awaitable[Flight | NoAnswer]]) -> Flight | NoAnswer:
        """The answer of `call`, or, without calling, that of an earlier visit that was the server's last word."""
        page = self._pages.get(place)
        if page is None:
            page = self._pages[place] = _Page(self._manners.per_address)
        async with page.turns:
            if page.last_word is not None:
                return page.last_word
            if page.visits >= self._manners.budget:
                return NoAnswer(Silence.FORBIDDEN, f"the budget of {self._manners.budget} connections to one server is spent")
            page.visits += 1
            answer = await call()
            _note(page, answer)
            return answer


def _note(page: _Page, answer: Flight | NoAnswer) -> None:
    page.silences = page.silences + 1 if isinstance(answer, NoAnswer) else 0
    refused = isinstance(answer, Flight) and bool(answer.refusal)
    if page.last_word is None and (refused or page.silences >= _PATIENCE_WITH_SILENCE):
        page.last_word = answer
