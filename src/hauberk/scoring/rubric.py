"""Rubrics: versioned TOML files that say what each verdict is worth, what caps the score and what makes it green."""

from codecs import BOM_UTF8
from functools import cache
from importlib.resources import files
from pathlib import Path

import msgspec

from hauberk.model.verdict import Verdict

DEFAULT = "hauberk-2026.1"


class RubricError(Exception):
    """There is no such rubric, or the file is none; the message says why, for people."""


class Item(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A weight on one check, or on the best of several (`best_of`)."""

    weight: float
    check: str = ""
    best_of: tuple[str, ...] = ()

    @property
    def checks(self) -> tuple[str, ...]:
        return self.best_of or (self.check,)


class Group(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: str
    item: tuple[Item, ...]


class CapRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`points` is the ceiling once a finding of `check` has one of `verdicts` and, if any are listed, one of `codes`."""

    points: float
    check: str
    reason: str
    verdicts: tuple[Verdict, ...] = (Verdict.FAIL,)
    codes: tuple[str, ...] = ()


class Bonus(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Points on top (never over 100) when a finding of `check` has `code`."""

    points: float
    check: str
    code: str


class Grade(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """From `points` on, and if any are listed with one of `needs_any` passed."""

    letter: str
    points: float
    needs_any: tuple[str, ...] = ()


class Bands(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Least points for green and amber; least coverage (0-1) for a complete result; checks that must pass for green."""

    green: float = 80
    amber: float = 50
    coverage: float = 0.9
    demands: tuple[str, ...] = ()


class Rubric(msgspec.Struct, frozen=True, forbid_unknown_fields=True, cache_hash=True):
    """`id` names the rubric with its version and never changes its meaning."""

    id: str
    title: str
    about: str
    group: tuple[Group, ...]
    grade: tuple[Grade, ...]
    cap: tuple[CapRule, ...] = ()
    bonus: tuple[Bonus, ...] = ()
    bands: Bands = Bands()


def names() -> tuple[str, ...]:
    """The rubrics that come with the program."""
    found = (entry.name for entry in (files("hauberk.scoring") / "rubrics").iterdir())
    return tuple(sorted(name.removesuffix(".toml") for name in found if name.endswith(".toml")))


@cache
def load(name: str = DEFAULT) -> Rubric:
    """The rubric of that name, or in the file of that path when it ends with `.toml`. Raises `RubricError`."""
    try:
        if name.endswith(".toml"):
            return parse(Path(name).read_bytes())
        if name in names():
            return parse((files("hauberk.scoring") / "rubrics" / f"{name}.toml").read_bytes())
    except OSError as error:
        raise RubricError(f"the rubric {name} cannot be read: {error.strerror}") from None
    raise RubricError(f"there is no rubric {name!r}; there are {', '.join(names())}, or the path of a .toml file")


def parse(data: bytes) -> Rubric:
    """Raises `RubricError` with the place of what is wrong."""
    try:
        rubric = msgspec.toml.decode(data.removeprefix(BOM_UTF8), type=Rubric)
    except (msgspec.MsgspecError, ValueError) as error:
        raise RubricError(f"this is no rubric: {error}") from None
    if not rubric.grade or not any(group.item for group in rubric.group):
        raise RubricError(f"the rubric {rubric.id} has no grades or no weights")
    return rubric
