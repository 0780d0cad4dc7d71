"""The operator's list of domains, as editors and spreadsheets write it."""

import codecs
import re
import sys
from pathlib import Path

from hauberk.cli import exits

_LARGEST = 64 * 2**20  # octets: a list of some million names
_BESIDE = re.compile(r"[#,;\t]")


def listed_lines(file: Path) -> list[tuple[int, str]]:
    """The lines that hold something, with their numbers: what stands before a comment, or in the first column.

    UTF-8, or UTF-16 with its mark (as PowerShell writes). `-` is standard input. Raises `OSError`; a list that has no end is refused.
    """
    if str(file) == "-":
        octets = sys.stdin.buffer.read(_LARGEST + 1)
    else:
        with file.open("rb") as opened:
            octets = opened.read(_LARGEST + 1)
    if len(octets) > _LARGEST:
        exits.refuse(f"{file} is larger than {_LARGEST // 2**20} MiB: this is no list of domains")
    utf16 = octets.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    text = octets.decode("utf-16" if utf16 else "utf-8-sig", errors="replace")
    numbered = ((number, _BESIDE.split(line, maxsplit=1)[0].strip(' "')) for number, line in enumerate(text.splitlines(), 1))
    return [(number, line) for number, line in numbered if line]
