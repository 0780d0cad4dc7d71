"""Results on stdout, in the format asked for: the only thing that goes there."""

import sys
from abc import ABC, abstractmethod

from rich.console import Console
from rich.table import Table
from rich.text import Text

from hauberk.app.reporting import Prepared
from hauberk.cli.terminal import show
from hauberk.protocols.malformed import visible
from hauberk.report import csv, json


class Output(ABC):
    """Takes results as they come."""

    @abstractmethod
    def result(self, prepared: Prepared) -> None: ...

    def end(self) -> None:  # noqa: B027 - most formats have nothing to add
        """Everything is through."""


class _TextOutput(Output):
    def __init__(self, *, everything: bool, several: bool) -> None:
        self._console = Console(soft_wrap=False, width=None if sys.stdout.isatty() else 120)
        self._everything = everything
        self._several = several
        self._seen: list[tuple[str, str, str, str]] = []

    def result(self, prepared: Prepared) -> None:
        show(self._console, prepared.content, everything=self._everything)
        score = prepared.scan.assessment.score
        word = "incomplete" if score.incomplete else score.band.value
        self._seen.append((prepared.content.header.domain, f"{score.points:g}", score.grade, word))
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
        sys.stdout.write("\n]\n" if self._several and self._count else "[]\n" if self._several else "\n")


class _LineOutput(Output):
    """A line a domain, JSON or CSV."""

    def __init__(self, format: str) -> None:
        self._format = format
        self._started = False

    def result(self, prepared: Prepared) -> None:
        if self._format == "jsonl":
            sys.stdout.write(json.line(prepared.scan.assessment))
        else:
            if not self._started:
                sys.stdout.write(csv.header())
            sys.stdout.write(csv.row(prepared.scan.assessment))
        self._started = True
        sys.stdout.flush()


def output_for(format: str, *, everything: bool, several: bool) -> Output:
    """`format` is text, json, jsonl or csv."""
    if format == "text":
        return _TextOutput(everything=everything, several=several)
    return _JsonOutput(several=several) if format == "json" else _LineOutput(format)
