"""A world that is a tape: it answers what was asked then, and nothing else."""

from collections.abc import Awaitable, Generator
from dataclasses import dataclass
from typing import Generic, TypeVar

from hauberk.model.observation import Observation, TrustStore, Vantage
from hauberk.protocols.walk import NOT_ASKED, Ask, Reply, replies

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Ready(Generic[T]):
    """An awaitable whose value is already there."""

    value: T

    def __await__(self) -> Generator[None, None, T]:
        return self.value
        yield  # makes this a generator, as awaiting wants


class RecordedWorld:
    """Answers from one observation."""

    def __init__(self, observation: Observation) -> None:
        self._observation = observation
        self._replies = replies(observation)

    @property
    def vantage(self) -> Vantage:
        return self._observation.vantage

    def ask(self, question: Ask, /) -> Awaitable[Reply]:
        return Ready(self._replies.get(question, NOT_ASKED))

    def trust(self, chains: tuple[tuple[bytes, ...], ...], /) -> TrustStore:
        return self._observation.trust
