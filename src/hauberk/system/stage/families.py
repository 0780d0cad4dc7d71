"""Processes and what they have started, from proc(5)."""

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Member:
    """`leader`: it leads a session of its own, as a daemon does; its helpers mostly do not."""

    number: int
    parent: int
    leader: bool


def family(founder: int) -> tuple[Member, ...]:
    """A process and all its descendants that live, parents before their children; empty where it does not live itself."""
    everybody = {one.number: one for entry in Path("/proc").iterdir() if entry.name.isdigit() and (one := _member(entry))}
    if founder not in everybody:
        return ()
    children: dict[int, list[Member]] = {}
    for one in everybody.values():
        children.setdefault(one.parent, []).append(one)
    found = [everybody[founder]]
    for one in found:
        found += children.get(one.number, [])
    return tuple(found)


def alive(number: int) -> bool:
    """Whether it lives; a zombie does not."""
    return _member(Path("/proc") / str(number)) is not None


def _member(entry: Path) -> Member | None:
    with suppress(OSError, ValueError, IndexError):
        state, parent, _, session, *_ = (entry / "stat").read_text().rpartition(")")[2].split()
        if state not in ("Z", "X"):
            return Member(int(entry.name), int(parent), session == entry.name)
    return None
