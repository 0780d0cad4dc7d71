"""A walk under way."""

from typing import Generic, TypeVar

from hauberk.protocols.walk import Shared, Walk

T = TypeVar("T")


class Strand(Generic[T]):
    """A walk with the replies that it waits for. Once it has `ended` there is its `result`, or the `crash` that ended it.

    `parent` is the strand that this one branched off, `place` where its result goes among the parent's replies; `shared` is what it was
    begun for if others may want its result too.
    """

    __slots__ = ("crash", "ended", "held", "missing", "parent", "place", "result", "shared", "walk")

    def __init__(self, walk: Walk[T], parent: "Strand[object] | None" = None, place: int = 0, *, shared: Shared | None = None) -> None:
        self.walk = walk
        self.shared = shared
        self.parent = parent
        self.place = place
        self.ended = False
        self.result: T | None = None
        self.crash: BaseException | None = None
        self.held: list[object] = []
        self.missing = 0
