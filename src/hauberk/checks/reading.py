"""A tape being read: it answers a walk's asks and remembers what was worked out, so that twelve checks walk a tree once."""

from collections.abc import Callable, Mapping
from functools import cached_property
from types import MappingProxyType
from typing import Concatenate, ParamSpec, TypeVar, cast

from hauberk.model.dns import DnsAnswer, NoAnswer, Question
from hauberk.model.observation import Observation, ScanOptions
from hauberk.protocols.walk import NOT_ASKED, Ask, Reply, Shared, Walk, replay, replies

T = TypeVar("T")
P = ParamSpec("P")


class Reading:
    """One observation, read by all checks in turn. It is not shared between threads."""

    def __init__(
        self,
        observation: Observation,
        walked: Mapping[Callable[[str, ScanOptions], Walk[object]], object] = MappingProxyType({}),
        held: Mapping[Ask, Reply] = MappingProxyType({}),
    ) -> None:
        """What is at hand already: `walked`, results of walks over the tape from its own domain and options, and `held`, its replies."""
        self.observation = observation
        self.domain = observation.domain
        self.options = observation.options
        self._usual: tuple[object, ...] = (self.domain, self.options)
        self._worked_out: dict[object, object] = {}
        # Nearly every walk is of the tape's own domain and options; they are found without hashing those again and again.
        self._own: dict[object, object] = dict[object, object](walked.items())
        self._held = held

    @cached_property
    def _replies(self) -> Mapping[Ask, Reply]:
        return self._held or replies(self.observation)

    def reply(self, ask: Ask) -> Reply:
        """What the tape holds for an ask; `NOT_ASKED` where it holds nothing."""
        return self._replies.get(ask, NOT_ASKED)

    def dns(self, name: str, type: str, *, server: str = "", checking_disabled: bool = False) -> DnsAnswer | NoAnswer:
        reply = self.reply(Question(name, type, server, checking_disabled))
        return reply if isinstance(reply, (DnsAnswer, NoAnswer)) else NOT_ASKED

    def walked(self, walk: Callable[P, Walk[T]], *args: P.args, **kwargs: P.kwargs) -> T:
        """The result of a walk over this tape; worked out once for equal (hashable) arguments."""
        known, key = (self._own, walk) if args == self._usual and not kwargs else (self._worked_out, (walk, args, tuple(kwargs.items())))
        if key not in known:
            known[key] = replay(walk(*args, **kwargs), self.reply, self._share)
        return cast(T, known[key])

    def _share(self, one: Shared) -> object:
        return self.walked(one.walk, one.domain)

    def once(self, work_out: "Callable[Concatenate[Reading, P], T]", *args: P.args, **kwargs: P.kwargs) -> T:
        """`work_out(self, ...)`, worked out once for equal (hashable) arguments."""
        key = (work_out, args, tuple(kwargs.items()))
        if key not in self._worked_out:
            self._worked_out[key] = work_out(self, *args, **kwargs)
        return cast(T, self._worked_out[key])
