"""How good a choice is, in the four steps of the Dutch NCSC ("IT Security Guidelines for TLS", 2025-05)."""

from collections.abc import Iterable
from enum import StrEnum


class Grade(StrEnum):
    """From the best to the worst; `>` means worse."""

    GOOD = "good"
    SUFFICIENT = "sufficient"
    PHASE_OUT = "phase-out"
    INSUFFICIENT = "insufficient"

    @property
    def rank(self) -> int:
        """0 for the best, 3 for the worst."""
        return _ORDER.index(self)


_ORDER = tuple(Grade)


def worst(grades: Iterable[Grade]) -> Grade | None:
    """The worst of them; None of nothing."""
    return max(grades, key=lambda grade: grade.rank, default=None)
