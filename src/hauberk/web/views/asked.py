"""What a reader asks to see of a long list: as an address says it, and cut into pages."""

from dataclasses import fields, replace
from typing import TYPE_CHECKING
from urllib.parse import urlencode

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

PAGE = 50


def query(asked: "DataclassInstance", changed: dict[str, str | int | bool]) -> str:
    """The address's query for a dataclass of `search`, `page` and more, with some of it changed; what is as usual is left out."""
    new = replace(asked, **changed)
    said = {field.name: getattr(new, field.name) for field in fields(new) if getattr(new, field.name) != field.default}
    return f"?{urlencode({'q' if name == 'search' else name: '1' if value is True else value for name, value in said.items()})}"


def pages_of(found: int) -> int:
    """How many pages so many rows take: at least 1."""
    return max(1, -(-found // PAGE))
