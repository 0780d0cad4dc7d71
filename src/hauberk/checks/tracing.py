"""A reading that knows which replies everything came of, so that after a change only what the change touches is worked out anew."""

from collections.abc import Callable
from typing import Concatenate, ParamSpec, TypeVar

from hauberk.checks.reading import Reading
from hauberk.model.observation import Observation
from hauberk.protocols.walk import Ask, Reply, Walk

T = TypeVar("T")
P = ParamSpec("P")


class TracedReading(Reading):
    """As `Reading`. `before` is the reading of a tape from which this one differs in DNS answers alone (an overlay).

    That is sound since a reading's replies are all that checks know of the DNS; clock, vantage, options and trust are the same.
    """

    def __init__(self, observation: Observation, before: "TracedReading | None" = None) -> None:
        super().__init__(observation)
        self._came_of: dict[object, set[Ask]] = {}
        self._open: list[set[Ask]] = []
        if before is not None:
            self._take_over(before)

    def _take_over(self, before: "TracedReading") -> None:
        same = {id(exchange) for exchange in before.observation.dns}
        changed = {exchange.question for exchange in self.observation.dns if id(exchange) not in same}
        for key, asks in before._came_of.items():
            if asks.isdisjoint(changed):
                self._came_of[key] = asks
                if key in before._own:
                    self._own[key] = before._own[key]
                else:
                    self._worked_out[key] = before._worked_out[key]

    def reply(self, ask: Ask) -> Reply:
        if self._open:
            self._open[-1].add(ask)
        return super().reply(ask)

    def walked(self, walk: Callable[P, Walk[T]], *args: P.args, **kwargs: P.kwargs) -> T:
        key = walk if args == self._usual and not kwargs else (walk, args, tuple(kwargs.items()))
        return self._noting(key, lambda: super(TracedReading, self).walked(walk, *args, **kwargs))

    def once(self, work_out: "Callable[Concatenate[Reading, P], T]", *args: P.args, **kwargs: P.kwargs) -> T:
        return self._noting((work_out, args, tuple(kwargs.items())), lambda: super(TracedReading, self).once(work_out, *args, **kwargs))

    def _noting(self, key: object, work_out: Callable[[], T]) -> T:
        """Note what the result of `key` comes of; whatever it is worked out for comes of the same."""
        asked = self._came_of.get(key)
        if asked is None:
            self._open.append(set())
            try:
                result = work_out()
                asked = self._came_of[key] = self._open[-1]
            finally:
                self._open.pop()
        else:
            result = work_out()
        if self._open:
            self._open[-1] |= asked
        return result
