"""Domains as people paste them: one a line or separated by commas and spaces, URLs and addresses among them."""

import re
from dataclasses import dataclass

from hauberk.protocols.malformed import Malformed, visible
from hauberk.protocols.names import parse_domain

MOST = 20_000  # names at once
MOST_SHOWN = 200
_SEPARATORS = re.compile(r"[\s,;]+")


@dataclass(frozen=True, slots=True)
class BadLine:
    """What could not be read as a domain name, and why; `line` counts from 1."""

    line: int
    text: str
    reason: str


@dataclass(frozen=True, slots=True)
class Pasted:
    """`names` in A-label form, each once; `left_out` bad ones are not in `bad`; `repeated` were there twice."""

    names: tuple[str, ...]
    bad: tuple[BadLine, ...]
    left_out: int
    repeated: int
    too_many: bool


def pasted(text: str) -> Pasted:
    """What is after `#` on a line is a comment."""
    names: dict[str, None] = {}
    bad: list[BadLine] = []
    repeated = wrong = 0
    for number, line in enumerate(text.splitlines(), 1):
        for word in _SEPARATORS.split(line.partition("#")[0].strip()):
            if not word:
                continue
            if len(names) >= MOST:
                return Pasted(tuple(names), tuple(bad), wrong - len(bad), repeated, too_many=True)
            read = parse_domain(word)
            if isinstance(read, Malformed):
                wrong += 1
                if len(bad) < MOST_SHOWN:
                    bad.append(BadLine(number, visible(word[:80]), read.reason))
            elif read in names:
                repeated += 1
            else:
                names[read] = None
    return Pasted(tuple(names), tuple(bad), wrong - len(bad), repeated, too_many=False)
