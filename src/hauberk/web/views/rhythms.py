"""How often domains are scanned, in words and as choices of a form."""

from datetime import timedelta
from typing import Literal, TypeAlias

from hauberk.app.work.planning import Rhythm

BY_ORDER = "only when somebody asks"
RHYTHMS = tuple((one.value, one.value.capitalize()) for one in Rhythm)
CHOICES = (("by-order", BY_ORDER.capitalize()), *RHYTHMS)
Choice: TypeAlias = Rhythm | Literal["by-order"]


def every_of(chosen: Choice) -> timedelta | None:
    return chosen.every if isinstance(chosen, Rhythm) else None


def words_of(every: timedelta | None) -> str:
    """`weekly`; `every 36 hours` where the interval has no name."""
    if every is None:
        return BY_ORDER
    named = Rhythm.of(every)
    minutes = every // timedelta(minutes=1)
    size, unit = next((size, unit) for size, unit in ((1440, "days"), (60, "hours"), (1, "minutes")) if minutes % size == 0)
    return named.value if named else f"every {minutes // size} {unit}"
