"""A score: what a versioned rubric makes of the verdicts, with the sum shown."""

from dataclasses import dataclass
from enum import StrEnum


class Band(StrEnum):
    GREEN = "green"
    AMBER = "amber"
    RED = "red"


INCOMPLETE = "incomplete"


def standing(band: str, *, incomplete: bool) -> str:
    """The band as it is told: `incomplete` where the result is, unless what is known makes it red."""
    return INCOMPLETE if incomplete and band != Band.RED else str(band)


@dataclass(frozen=True, slots=True)
class ScoreLine:
    """One check's share: `weight` and `earned` in points of the rubric's total; `counted` is false when it left the denominator."""

    check: str
    group: str
    verdict: str
    weight: float
    earned: float
    counted: bool


@dataclass(frozen=True, slots=True)
class Cap:
    """A ceiling that a verdict put on the score, and why."""

    points: float
    check: str
    reason: str


@dataclass(frozen=True, slots=True)
class Score:
    """`points` 0-100 after the caps, `sum` before them; `coverage` 0-1 is the share of the weight that could be judged.

    `incomplete` is true under the rubric's least coverage; an incomplete result is never green.
    """

    rubric: str
    points: float
    sum: float
    grade: str
    band: Band
    coverage: float
    incomplete: bool = False
    caps: tuple[Cap, ...] = ()
    lines: tuple[ScoreLine, ...] = ()
    bonus: float = 0.0
    unmet: tuple[str, ...] = ()

    @property
    def standing(self) -> str:
        """The band as it is told."""
        return standing(self.band, incomplete=self.incomplete)
