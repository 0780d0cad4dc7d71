"""On which line of a TOML text each key stands. `tomllib` gives values without places; this gives places without values.

The text has to be one that `tomllib` has read. Keys inside inline tables count as their table's.
"""

import re
from typing import Final, TypeAlias

Path: TypeAlias = tuple[str | int, ...]

_HEADER: Final = re.compile(r"\s*(\[\[?)\s*(.+?)\s*\]\]?\s*(?:#.*)?$")
_ASSIGNMENT: Final = re.compile(r"""\s*((?:"(?:[^"\\]|\\.)*"|'[^']*'|[A-Za-z0-9_-]+|\s*\.\s*)+)\s*=""")
_KEY_PART: Final = re.compile(r"""\s*(?:"((?:[^"\\]|\\.)*)"|'([^']*)'|([A-Za-z0-9_-]+))\s*""")
_TOKEN: Final = re.compile(
    r'''"""(?:[^\\]|\\.)*?"""|\'\'\'.*?\'\'\'|"(?:[^"\\\n]|\\.)*"|'[^'\n]*'|\#[^\n]*|[\[\]{}]|\n''', re.DOTALL
)  # fmt: skip


def key_lines(text: str) -> dict[Path, int]:
    """Path of a key -> its line, counted from 1; tables of an array of tables have their number in the path."""
    places: dict[Path, int] = {}
    table: Path = ()
    counts: dict[Path, int] = {}
    for number, line in _statements(text):
        if header := _HEADER.match(line):
            table = _within(_parts(header[2]), counts)
            if header[1] == "[[":
                counts[table] = counts.get(table, -1) + 1
                table = (*table, counts[table])
            places.setdefault(table, number)
        elif assignment := _ASSIGNMENT.match(line):
            path = table
            for part in _parts(assignment[1]):
                path = (*path, part)
                places.setdefault(path, number)
    return places


def line_of(path: Path, places: dict[Path, int]) -> int:
    """The line of a key, or of the nearest thing around it; 0 where there is none."""
    for length in range(len(path), 0, -1):
        if path[:length] in places:
            return places[path[:length]]
    return 0


def _statements(text: str) -> list[tuple[int, str]]:
    """The lines on which a statement begins: not those inside a string or a list of several lines."""
    found: list[tuple[int, str]] = []
    number, depth, start = 1, 0, 0
    begins = True
    for token in _TOKEN.finditer(text + "\n"):
        said = token[0]
        if said == "\n":
            if begins:
                found.append((number, text[start : token.start()]))
            number, start = number + 1, token.end()
            begins = depth == 0
        elif said in "[{":
            depth += 1
        elif said in "]}":
            depth -= 1
        elif "\n" in said:
            if begins:
                found.append((number, text[start : token.start()]))
            number, start, begins = number + said.count("\n"), token.end(), False
    # A statement that goes on over lines was noted by its first line.
    return found


def _parts(dotted: str) -> Path:
    return tuple(part[1] or part[2] or part[3] or "" for part in _KEY_PART.finditer(dotted))


def _within(parts: Path, counts: dict[Path, int]) -> Path:
    """`[a.b]` after `[[a]]` is inside the last `a`."""
    path: Path = ()
    for index, part in enumerate(parts):
        path = (*path, part)
        if path in counts and index + 1 < len(parts):
            path = (*path, counts[path])
    return path
