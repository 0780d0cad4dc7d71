"""Tag lists `name=value; name=value` as DKIM defines them and DMARC uses them (RFC 6376, 3.2; RFC 9989, 4.8)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache

from hauberk.protocols.malformed import Malformed

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_SPACE = " \t\r\n"


@dataclass(frozen=True, slots=True)
class Tag:
    """One tag as published, without the white space around it. `position` is the offset of the value in the record."""

    name: str
    value: str
    position: int = field(default=0, compare=False)


@dataclass(frozen=True)
class TagList:
    """The tags in their order and the pieces that are none; a piece that breaks the grammar is left out of `tags`.

    `text` is the record as it was published; empty for a list that was made.
    """

    tags: tuple[Tag, ...]
    faults: tuple[Malformed, ...] = field(default=(), compare=False)
    text: str = field(default="", compare=False)

    def first(self, name: str) -> Tag | None:
        """The first tag of this name; names are compared without regard to case, as ABNF strings are."""
        return self._by_name.get(name)

    @cached_property
    def _by_name(self) -> Mapping[str, Tag]:
        return {tag.name.lower(): tag for tag in reversed(self.tags)}

    def repeated(self) -> Tag | None:
        """The first tag whose name occurred before (RFC 6376, 3.2 forbids it)."""
        seen = set[str]()
        for tag in self.tags:
            if tag.name.lower() in seen:
                return tag
            seen.add(tag.name.lower())
        return None

    def with_tag(self, name: str, value: str, after: str = "") -> "TagList":
        """The list with the tag set: in its place if there is one, else behind the tag `after`, else at the end."""
        new = Tag(name, value)
        if self.first(name):
            kept = self.without(name)
            place = next(at for at, tag in enumerate(self.tags) if tag.name.lower() == name)
            return TagList((*kept.tags[:place], new, *kept.tags[place:]))
        names = [tag.name.lower() for tag in self.tags]
        place = names.index(after) + 1 if after in names else len(names)
        return TagList((*self.tags[:place], new, *self.tags[place:]))

    def without(self, *names: str) -> "TagList":
        return TagList(tuple(tag for tag in self.tags if tag.name.lower() not in names))


@lru_cache(maxsize=1024)
def parse_tags(text: str) -> TagList:
    """Split a record at its semicolons. Never fails: what is not `name=value` becomes a fault with its place."""
    tags: list[Tag] = []
    faults: list[Malformed] = []
    position = 0
    pieces = text.split(";")
    for index, piece in enumerate(pieces):
        start = position + len(piece) - len(piece.lstrip(_SPACE))
        inside = piece.strip(_SPACE)
        name, equals, value = inside.partition("=")
        if not inside:
            if index < len(pieces) - 1:
                faults.append(Malformed(text, position, "there is nothing before this semicolon", max(len(piece) + 1, 1)))
        elif not equals:
            faults.append(Malformed(text, start, "this is no tag: the equals sign is missing", len(inside)))
        elif not _NAME.fullmatch(name.rstrip(_SPACE)):
            faults.append(Malformed(text, start, "this is no tag name", max(len(name), 1)))
        else:
            gap = len(value) - len(value.lstrip(_SPACE))
            tags.append(Tag(name.rstrip(_SPACE), value.strip(_SPACE), start + len(name) + 1 + gap))
        position += len(piece) + 1
    return TagList(tuple(tags), tuple(faults), text)


def render_tags(tags: TagList) -> str:
    return "; ".join(f"{tag.name}={tag.value}" for tag in tags.tags)


def begins_with(text: str, listed: TagList, version: str) -> bool:
    """Whether the record begins, without white space before it, with `v=` and exactly this version."""
    first = listed.tags[0] if listed.tags else None
    return first is not None and text[:1] in ("v", "V") and first.name in ("v", "V") and first.value == version
