"""Long lists in pages: a cursor that clients pass on as it is, in the body and as a Link header (RFC 8288)."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated, Generic, TypeVar

from fastapi import Depends, Query, Request, Response
from pydantic import Field

from hauberk.web.api.problem import Complaint, invalid

T = TypeVar("T")
S = TypeVar("S")
_LARGEST_ID = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some of a long list. `next` is the address of the next page, also in the `Link` header; null on the last page."""

    items: tuple[T, ...]
    next: Annotated[
        str | None, Field(json_schema_extra={"format": "uri-reference"}, examples=["/api/v1/domains?cursor=bmFtZTpl&limit=100"])
    ]


def whole(found: Iterable[S], shown: Callable[[S], T]) -> Page[T]:
    """A list that is never long, in the form that all lists have."""
    return Page(tuple(map(shown, found)), None)


@dataclass(frozen=True, slots=True)
class Window:
    """Which part of the list a request asks for."""

    request: Request
    response: Response
    limit: int
    cursor: str

    def after(self, kind: str) -> str:
        """What stands behind the cursor of this kind of list; empty on the first page."""
        if not self.cursor:
            return ""
        try:
            found, _, value = urlsafe_b64decode(self.cursor.encode() + b"==").decode().partition(":")
        except (NotBase64, UnicodeError, ValueError):
            found, value = "", ""
        if found != kind or not value:
            raise invalid(Complaint("this is no cursor of this list; begin without one", parameter="cursor"))
        return value

    def before(self, kind: str) -> int | None:
        """The id behind the cursor, for lists that go by falling ids."""
        value = self.after(kind)
        if not value:
            return None
        if not (value.isascii() and value.isdigit() and 0 < int(value[:20]) <= _LARGEST_ID):
            raise invalid(Complaint("this is no cursor of this list; begin without one", parameter="cursor"))
        return int(value)

    def page(self, kind: str, found: Sequence[S], shown: Callable[[S], T], place: Callable[[S], object]) -> Page[T]:
        """A page of what was found; `found` holds one more than the limit where there is more. `place` is what the cursor remembers."""
        here, more = found[: self.limit], len(found) > self.limit
        following = self._next(kind, str(place(here[-1]))) if more else None
        return Page(tuple(map(shown, here)), following)

    def _next(self, kind: str, value: str) -> str:
        cursor = urlsafe_b64encode(f"{kind}:{value}".encode()).decode().rstrip("=")
        url = self.request.url.include_query_params(cursor=cursor, limit=self.limit)
        target = f"{url.path}?{url.query}"
        self.response.headers["Link"] = f'<{target}>; rel="next"'
        return target


def _window(
    request: Request,
    response: Response,
    limit: Annotated[int, Query(ge=1, le=500, description="The most that a page holds.")] = 100,
    cursor: Annotated[
        str,
        Query(
            max_length=600, description="Where to go on: from `next` of the page before, as it is.", json_schema_extra={"format": "cursor"}
        ),
    ] = "",
) -> Window:
    return Window(request, response, limit, cursor)


Paged = Annotated[Window, Depends(_window)]
