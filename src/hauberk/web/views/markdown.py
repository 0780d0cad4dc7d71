"""The pages of the checks as HTML: the few forms of Markdown that they are written in (headings, lists, code, emphasis)."""

import re
from collections.abc import Iterable, Iterator
from itertools import groupby

from markupsafe import Markup, escape

_INLINE = re.compile(r"`([^`]+)`|\*\*([^*]+)\*\*|\*([^*\s][^*]*)\*|\[([^\]]+)\]\((https://[^)\s]+)\)")
_ITEM = re.compile(r"(?:[-*]|\d\.) ")


def html(text: str) -> Markup:
    """Paragraphs are separated by blank lines; four spaces make a block of code; rows that begin with `|` are a table."""
    return Markup("\n").join(block for kind, own in groupby(text.splitlines(), _kind) for block in _block(kind, list(own)))


def _kind(line: str) -> str:
    if not line.strip():
        return "blank"
    if line.startswith("    "):
        return "code"
    return {"#": "heading", "|": "table"}.get(line[0], "text")


def _block(kind: str, lines: list[str]) -> Iterator[Markup]:
    match kind:
        case "heading":
            for line in lines:
                level = min(max(len(line) - len(line.lstrip("#")), 2), 4)
                yield Markup("<h{0}>{1}</h{0}>").format(level, _inline(line.lstrip("# ")))
        case "code":
            yield Markup('<pre tabindex="0">{}</pre>').format("\n".join(line[4:] for line in lines))
        case "table":
            yield _table(lines)
        case "text":
            yield from _text(lines)
        case _:
            return


def _text(lines: list[str]) -> Iterator[Markup]:
    """A paragraph, and the list that may follow without a blank line."""
    start = next((number for number, line in enumerate(lines) if _ITEM.match(line)), len(lines))
    if start:
        yield Markup("<p>{}</p>").format(_inline(" ".join(line.strip() for line in lines[:start])))
    if start < len(lines):
        items = Markup("").join(Markup("<li>{}</li>").format(_inline(item)) for item in _items(lines[start:]))
        element = "ol" if lines[start][0].isdigit() else "ul"
        yield Markup("<{0}>{1}</{0}>").format(element, items)


def _items(lines: Iterable[str]) -> Iterator[str]:
    """A line that begins no item belongs to the one before."""
    number = 0

    def item_of(line: str) -> int:
        nonlocal number
        number += bool(_ITEM.match(line))
        return number

    for _, own in groupby(lines, item_of):
        yield _ITEM.sub("", " ".join(line.strip() for line in own), count=1)


def _table(lines: list[str]) -> Markup:
    rows = [[cell.strip() for cell in line.strip().strip("|").split("|")] for line in lines if not re.fullmatch(r"[|:\- ]+", line)]
    head = Markup("").join(Markup('<th scope="col">{}</th>').format(_inline(cell)) for cell in rows[0])
    body = Markup("").join(
        Markup("<tr>{}</tr>").format(Markup("").join(Markup("<td>{}</td>").format(_inline(cell)) for cell in row)) for row in rows[1:]
    )
    return Markup('<table class="table"><thead><tr>{}</tr></thead><tbody>{}</tbody></table>').format(head, body)


def _inline(text: str) -> Markup:
    made, at = Markup(""), 0
    for found in _INLINE.finditer(text):
        code, strong, stressed, words, target = (one or "" for one in found.groups())
        made += escape(text[at : found.start()])
        if target:
            made += Markup('<a href="{}" rel="noreferrer">{}</a>').format(target, words)
        else:
            element = "code" if code else "strong" if strong else "em"
            made += Markup("<{0}>{1}</{0}>").format(element, code or strong or stressed)
        at = found.end()
    return made + escape(text[at:])
