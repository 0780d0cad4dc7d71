"""The skeleton of a new check: a file that runs, and a table of cases that passes; both want to be made true."""

import re
from pathlib import Path

from hauberk import checks
from hauberk.checks.catalogue import entries

_ID = re.compile(r"([a-z][a-z0-9]*(?:-[a-z0-9]+)*)\.([a-z][a-z0-9]*(?:-[a-z0-9]+)*)")

_FILE = '''"""{sentence}.

## What it means

Say in two or three sentences what is looked at.

## Why it matters

Say what goes wrong without it, for whom.

## How to fix

Give an example to copy:

    {{domain}}. TXT "..."
"""

from collections.abc import Iterator

from hauberk.checks.check import Check, Source
from hauberk.checks.reading import Reading
from hauberk.model.dns import NoAnswer
from hauberk.model.verdict import Finding, Verdict


def judge(reading: Reading) -> Iterator[Finding]:
    answer = reading.dns(reading.domain, "MX")
    if isinstance(answer, NoAnswer) or answer.rcode not in ("NOERROR", "NXDOMAIN"):
        yield Finding(reading.domain, Verdict.UNKNOWN, "The MX question was not answered.", code="unanswered")
    elif answer.of("MX"):
        yield Finding(reading.domain, Verdict.PASS, "There is an MX record.", tuple(record.data for record in answer.of("MX")))
    else:
        yield Finding(reading.domain, Verdict.WARN, "There is no MX record.", code="mx-missing")


CHECK = Check(
    id="{id}",
    title="{sentence}",
    sources=(Source("RFC 5321", "5.1"),),
    judge=judge,
)
'''
_CASES = """[[case]]
name = "what is wanted is there"
records = '''
example.com. MX 10 mx.example.com.
mx.example.com. A 192.0.2.10
'''
verdict = "pass"

[[case]]
name = "it is not there"
records = 'example.com. A 192.0.2.10'
verdict = "warn"
codes = ["mx-missing"]

[[case]]
name = "nobody answers"
silent = ["example.com MX"]
verdict = "unknown"
"""


class SkeletonError(Exception):
    """The skeleton cannot be made; the message says why."""


def write_skeleton(id: str) -> tuple[Path, ...]:
    """Write the check's files and give their paths. Raises `SkeletonError`; never overwrites."""
    match = _ID.fullmatch(id)
    if not match:
        raise SkeletonError(f"{id[:80]!r} is no id of a check: write area.state-wanted in lower case, like dmarc.policy-enforced")
    if any(entry.check.id == id for entry in entries()):
        raise SkeletonError(f"there is a check {id} already; ids are never reused")
    area, state = (part.replace("-", "_") for part in match.groups())
    folder = Path(next(iter(checks.__path__))) / area
    sentence = match.group(1).upper() + ": " + match.group(2).replace("-", " ")
    wanted = {folder / f"{state}.py": _FILE.format(id=id, sentence=sentence), folder / f"{state}.cases.toml": _CASES}
    if not (folder / "__init__.py").exists():
        wanted[folder / "__init__.py"] = f'"""Checks of the area {match.group(1)}."""\n'
    try:
        folder.mkdir(exist_ok=True)
        for path, text in wanted.items():
            with path.open("x", encoding="utf-8") as file:
                file.write(text)
    except OSError as error:
        raise SkeletonError(f"{error.filename}: {error.strerror}") from None
    return tuple(wanted)
