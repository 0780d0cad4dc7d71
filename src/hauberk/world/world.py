"""The seam between a survey and whatever answers it: live, recorded or overlaid."""

from collections.abc import Awaitable
from typing import Protocol

from hauberk.model.observation import TrustStore, Vantage
from hauberk.protocols.walk import Ask, Reply


class World(Protocol):
    """Answers asks. Equal asks get equal replies within one world (the answer is kept for the length of a run)."""

    @property
    def vantage(self) -> Vantage: ...

    def ask(self, question: Ask, /) -> Awaitable[Reply]:
        """The reply; `NoAnswer` for whatever goes wrong. Raises only `asyncio.CancelledError`."""
        ...

    def trust(self, chains: tuple[tuple[bytes, ...], ...], /) -> TrustStore:
        """The trust anchors that these chains (DER, leaf first) could lead to: by issuer name, not by verification."""
        ...
