"""Deliberately broken settings of our own rendering (`mutations.toml`), each with the probes that must notice it. Pure but for the file.

A probe that has never been seen failing proves nothing. Where two lines of defence hold the same thing, a mutation takes both away:
one alone would leave the system safe, and no probe could or should complain.
"""

import re
import tomllib
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path

import msgspec

from hauberk.system.declaration import Role

_TABLE = Path(__file__).with_name("mutations.toml")


class Sort(StrEnum):
    """What an edit changes, if not a rendered file."""

    FILE = "file"
    MTA_COPY = "mta-copy"
    DIRECTORY = "directory"
    ADDED = "added"
    AGED = "aged"


@dataclass(frozen=True, slots=True)
class Edit:
    """`path` is below the host's folder; for DIRECTORY it names the view that `put` defines anew."""

    role: Role
    path: str
    find: str = ""
    put: str = ""
    sort: Sort = Sort.FILE


@dataclass(frozen=True, slots=True)
class Mutation:
    """`caught_by` are probes, all of which must fail; `stopped` daemons that are stopped meanwhile."""

    id: str
    what: str
    edits: tuple[Edit, ...]
    caught_by: tuple[str, ...]
    stopped: tuple[str, ...] = ()


class NothingToChangeError(Exception):
    """The rendering no longer has what a mutation breaks; the message names it."""


class _Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    mutation: tuple[Mutation, ...]


@cache
def mutations() -> tuple[Mutation, ...]:
    """All of them, in the order of the measures."""
    return msgspec.convert(tomllib.loads(_TABLE.read_text()), _Table).mutation


def edited(text: str, edit: Edit) -> str:
    """Raises `NothingToChangeError`."""
    changed, count = re.subn(edit.find, edit.put, text, flags=re.MULTILINE)
    if not count or changed == text:
        raise NothingToChangeError(f"{edit.role.value}: {edit.path} has nothing like {edit.find}")
    return changed
