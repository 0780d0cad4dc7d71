"""Naming everything a server takes: what it chose is left out of the next hello, until it chooses no more.

A hello offers along several dimensions at once (suites, groups, signature schemes). Every choice is news along each of them, so that
naming all takes about as many hellos as the longest dimension has entries, not their sum. A refusal does not say which dimension has run
dry; then each is tried alone, with the others offered in full.
"""

from collections.abc import Callable, Generator
from dataclasses import dataclass

from hauberk.protocols.tls.hello import ClientHello
from hauberk.protocols.tls.interview import Answer, Asked, put


@dataclass(slots=True)
class Dimension:
    """`unseen` shrinks as the server chooses. `chosen` reads its choice off an answer, None where the answer tells of none.

    `refusal` is the answer that showed that nothing unseen is taken; without one, and with something unseen, the dimension is not done.
    """

    name: str
    unseen: tuple[int, ...]
    chosen: Callable[[Answer], int | None]
    refusal: Answer | None = None

    @property
    def open(self) -> bool:
        return self.refusal is None and bool(self.unseen)

    def take(self, answer: Answer) -> bool:
        """Leave out what the server chose; whether that was news."""
        number = self.chosen(answer)
        if number is None or number not in self.unseen:
            return False
        at = self.unseen.index(number)
        self.unseen = self.unseen[:at] + self.unseen[at + 1 :]
        return True


Offer = dict[str, tuple[int, ...]]


def eliminate(
    dimensions: tuple[Dimension, ...], word: Callable[[Offer], ClientHello], note: Callable[[Answer], bool], purpose: str
) -> Generator[Asked, Answer, None]:
    """Run every dimension dry, or stop where an answer stays out. `word` makes a hello of what is left of the dimensions it is given, with
    everything else in full; `note` hears every answer."""
    asked = 0
    while remaining := tuple(one for one in dimensions if one.open):
        for tried in (remaining, *((one,) for one in remaining)) if len(remaining) > 1 else (remaining,):
            asked += 1
            answer = yield from put(word({one.name: one.unseen for one in tried}), f"{purpose}, {asked}")
            note(answer)
            if not answer.chosen and not answer.declined:
                return
            news = [one.take(answer) for one in tried] if answer.chosen else []
            if any(news) and len(tried) > 1:
                break  # all goes well together: on with what is left
            if not any(news) and len(tried) == 1:
                tried[0].refusal = answer
