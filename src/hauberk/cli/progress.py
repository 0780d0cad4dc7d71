"""What goes on, on stderr: a live line where a person watches, nothing where a program reads."""

from collections.abc import Generator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)
from rich.table import Column

from hauberk.model.dns import NoAnswer, Question
from hauberk.model.routing import Coverage
from hauberk.model.transport import Endpoint, Hello, Trial, Url
from hauberk.protocols.walk import Ask, Reply

_ROOM_FOR_A_BAR = 70  # columns


class Watch:
    """Counts what a scan has asked, and shows it."""

    def __init__(self, progress: Progress | None, task: TaskID | None) -> None:
        self._progress = progress
        self._task = task
        self._answers = self._silent = self._servers = self._probes = self._pages = 0

    def told(self, ask: Ask, reply: Reply) -> None:
        if self._progress is None or self._task is None:
            return
        match ask:
            case Question():
                self._answers += 1
            case Endpoint():
                self._servers += 1
            case Hello() | Trial():
                self._probes += 1
            case Url():
                self._pages += 1
            case Coverage():
                pass  # it is asked of a file
        self._silent += isinstance(reply, NoAnswer)
        probes = f"{self._probes} TLS probes, " if self._probes else ""
        asked = f"{self._answers} DNS answers, {self._servers} mail servers, {probes}{self._pages} web pages"
        self._progress.update(self._task, asked=f"{asked}, {self._silent} silent" if self._silent else asked)

    def done(self) -> None:
        """One more domain is through."""
        if self._progress is not None and self._task is not None:
            self._progress.advance(self._task)


def _columns(width: int) -> tuple[ProgressColumn, ...]:
    """How many domains are through, and since when, is always there; the rest has the room that is left of `width`."""
    bar = (BarColumn(bar_width=20),) if width >= _ROOM_FOR_A_BAR else ()
    asked = TextColumn("[dim]{task.fields[asked]}", table_column=Column(ratio=1, no_wrap=True, overflow="ellipsis"))
    return (SpinnerColumn(), TextColumn("{task.description}"), *bar, MofNCompleteColumn(), asked, TimeElapsedColumn())


@contextmanager
def watching(what: str, total: int) -> Generator[Watch]:
    """Show the progress of `total` domains for as long as the context lasts."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield Watch(None, None)
        return
    with Progress(*_columns(console.width), console=console, transient=True, expand=True) as progress:
        yield Watch(progress, progress.add_task(what, total=total, asked="asking …"))
