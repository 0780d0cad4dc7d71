"""The standard streams, whatever the caller made of them: closed, full, or of an encoding that lacks most characters."""

import errno
import os
import re
import sys
from contextlib import suppress
from io import StringIO, TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING

from hauberk.cli import exits

if TYPE_CHECKING:
    from rich.console import Console

UNWRITABLE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)
_WIDTH_OF_FILES = 120  # columns, where nobody says otherwise


def prepare_streams() -> None:
    """A closed stream leads to nowhere, not to the file that is opened next; a character that the terminal lacks becomes a
    question mark, not the end of the scan."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest free number
    if sys.stdin is None:  # pyright: ignore[reportUnnecessaryComparison] - Python's way with a stream that was closed
        sys.stdin = Path(os.devnull).open(encoding="utf-8")  # noqa: SIM115 - open for as long as the program runs
    if sys.stdout is None:  # pyright: ignore[reportUnnecessaryComparison]
        sys.stdout = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115
    if sys.stderr is None:  # pyright: ignore[reportUnnecessaryComparison]
        sys.stderr = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # pyright: ignore[reportUnknownMemberType]


def speak_utf8() -> None:
    """Data is UTF-8 (RFC 8259, 8.1) whatever the locale; in another encoding it would be other data."""
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8")  # pyright: ignore[reportUnknownMemberType]


def result_console() -> "Console":
    """Where results are printed. In a file or a pipe lines end where their text does, `COLUMNS` wide or 120."""
    from rich.console import Console

    if sys.stdout.isatty():
        return Console()
    return Console(file=_Trimmed(), width=None if os.environ.get("COLUMNS", "").isdigit() else _WIDTH_OF_FILES)


class Gathered(StringIO):
    """Text for a stream of that encoding."""

    def __init__(self, encoding: str) -> None:
        super().__init__()
        self._encoding = encoding

    @property
    def encoding(self) -> str:  # pyright: ignore[reportIncompatibleVariableOverride] - nobody sets it
        return self._encoding


class _Trimmed(Gathered):
    """Stdout without the blanks that tables leave at the ends of lines."""

    def __init__(self) -> None:
        super().__init__(sys.stdout.encoding)

    def write(self, text: str) -> int:
        return sys.stdout.write(re.sub(r"[ ]+$", "", text, flags=re.MULTILINE))

    def flush(self) -> None:
        sys.stdout.flush()


def abandon_output(error: OSError) -> int:
    """Say that the output cannot be written, and forget what is left of it; the exit code."""
    sys.stderr.write(f"hauberk: the output cannot be written: {error.strerror}\n")
    with suppress(OSError):
        sys.stdout.close()
    return exits.INTERNAL
