"""Results on stdout, in the format asked for: the only thing that goes there."""

import asyncio
import os
import sys
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import redirect_stdout
from select import select

from rich.table import Table
from rich.text import Text

from hauberk.app.reporting import Prepared
from hauberk.cli.documents import Seen, Setting, document, seen
from hauberk.cli.streams import Gathered, result_console, speak_utf8
from hauberk.cli.terminal import show
from hauberk.model import json
from hauberk.protocols.malformed import visible
from hauberk.report import csv
from hauberk.scoring.score import UNGRADED

_ROOM = 4096  # octets that a pipe takes at once when it is writable (Linux: a page)


class Output(ABC):
    """Takes results as they come."""

    @abstractmethod
    def result(self, prepared: Prepared) -> None: ...

    def end(self) -> None:  # noqa: B027 - most formats have nothing to add
        """Everything is through."""


class _TextOutput(Output):
    def __init__(self, *, everything: bool, several: bool) -> None:
        self._console = result_console()
        self._everything = everything
        self._several = several
        self._seen: list[tuple[str, str, str, str]] = []

    def result(self, prepared: Prepared) -> None:
        show(self._console, prepared.content, everything=self._everything)
        score = prepared.scan.assessment.score
        points = f"{score.points:g}" if score.coverage else UNGRADED
        word = score.standing if prepared.content.exists else "no such domain"
        self._seen.append((prepared.content.header.domain, points, score.grade, word))
        if self._several:
            self._console.rule(style="dim")

    def end(self) -> None:
        if not self._several:
            return
        table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
        for heading in ("domain", "points", "grade", "band"):
            table.add_column(heading)
        for domain, *rest in self._seen:
            table.add_row(Text(visible(domain)), *rest)
        self._console.print(table)


class _JsonOutput(Output):
    """One domain gives an object, several give an array."""

    def __init__(self, *, several: bool) -> None:
        self._several = several
        self._count = 0

    def result(self, prepared: Prepared) -> None:
        if self._several:
            sys.stdout.write("[\n" if self._count == 0 else ",\n")
        sys.stdout.write(json.pretty(prepared.scan.assessment))
        self._count += 1

    def end(self) -> None:
        if self._several:
            sys.stdout.write("\n]\n" if self._count else "[]\n")
        elif self._count:
            sys.stdout.write("\n")


class _LineOutput(Output):
    """A line a domain, JSON or CSV, or a CSV line a finding."""

    def __init__(self, format: str) -> None:
        self._format = format
        self._started = False

    def result(self, prepared: Prepared) -> None:
        assessment = prepared.scan.assessment
        match self._format:
            case "jsonl":
                sys.stdout.write(json.line(assessment))
            case "csv":
                sys.stdout.write(("" if self._started else csv.header()) + csv.row(assessment))
            case _:
                sys.stdout.write("" if self._started else csv.findings_header())
                sys.stdout.writelines(csv.finding_rows(assessment))
        self._started = True
        sys.stdout.flush()


class _DocumentOutput(Output):
    """All domains in one document, written when everything is through."""

    def __init__(self, format: str, setting: Setting) -> None:
        self._format = format
        self._setting = setting
        self._seen: list[Seen] = []

    def result(self, prepared: Prepared) -> None:
        self._seen.append(seen(prepared.scan))

    def end(self) -> None:
        sys.stdout.write(document(self._format, self._seen, self._setting))


def output_for(format: str, *, everything: bool, several: bool, setting: Setting | None = None) -> Output:
    """`format` is a value of `OutputFormat`; `setting` is what the documents say beyond the results."""
    if format != "text":
        speak_utf8()
    match format:
        case "text":
            return _TextOutput(everything=everything, several=several)
        case "json":
            return _JsonOutput(several=several)
        case "jsonl" | "csv" | "csv-findings":
            return _LineOutput(format)
        case _:
            return _DocumentOutput(format, setting or Setting())


async def print_meanwhile(printing: Callable[[], None]) -> None:
    """Have `printing` print, while the loop runs on: a reader who takes his time (`| less`) must not use up the time of the
    scans that go on."""
    stdout = sys.stdout
    try:
        number = stdout.fileno()
    except OSError:  # none of the system's
        number = -1
    if number < 0 or stdout.isatty():
        printing()
        return
    with redirect_stdout(Gathered(stdout.encoding)) as gathered:
        printing()
    stdout.flush()
    octets = gathered.getvalue().encode(stdout.encoding, stdout.errors or "replace")
    while octets:
        if select((), (number,), (), 0)[1]:
            octets = octets[os.write(number, octets[:_ROOM]) :]
        else:
            await asyncio.sleep(0.02)
