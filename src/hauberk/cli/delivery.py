"""What a scan leaves behind: files, notices, and its exit code."""

import sys
from functools import lru_cache
from pathlib import Path

from hauberk.app.reporting import Prepared, Written, reports, tape, write_file
from hauberk.app.scanning import Scan
from hauberk.app.signing import SIGNATURE, NoTimeStampError
from hauberk.cli import exits
from hauberk.model.verdict import Verdict
from hauberk.protocols.malformed import visible

_FAIL_ON = {
    "fail": frozenset({Verdict.FAIL}),
    "warn": frozenset({Verdict.FAIL, Verdict.WARN}),
    "never": frozenset[Verdict](),
}


def write_files(prepared: Prepared, kinds: tuple[str, ...], out: Path, *, several: bool, save_tape: bool) -> list[Path]:
    """Say on stderr what the operator should know, write the reports and the tape, and say where they are."""
    for notice in prepared.notices:
        _say(notice)
    try:
        written = _written(prepared, kinds, out, several=several, save_tape=save_tape)
    except NoTimeStampError as error:
        exits.refuse(str(error), exits.INTERNAL)
    except OSError as error:
        exits.refuse(f"cannot write {error.filename or out}: {error.strerror or error}", exits.INTERNAL)
    for path in written:
        sys.stderr.write(f"wrote {path}\n")
    return written


@lru_cache(maxsize=16)
def _say(notice: str) -> None:
    """Once, where it holds for the whole of a list."""
    sys.stderr.write(f"hauberk: {visible(notice)}\n")


def _written(prepared: Prepared, kinds: tuple[str, ...], out: Path, *, several: bool, save_tape: bool) -> list[Path]:
    written: list[Path] = []
    if save_tape:
        written += _write(out, tape(prepared))
    if kinds and prepared.exists:
        for report in reports(prepared, kinds, several=several):
            written += _write(out, report)
    elif kinds:
        sys.stderr.write(f"hauberk: no report is written for {prepared.scan.observation.domain}, as there is no such domain\n")
    return written


def _write(out: Path, report: Written) -> list[Path]:
    path = write_file(out, report.name, report.data)
    return [path, write_file(out, path.name + SIGNATURE, report.signature)] if report.signature else [path]


def code_of(scan: Scan, fail_on: str) -> int:
    """The exit code that one result asks for: findings first, then incompleteness."""
    if any(one.verdict in _FAIL_ON[fail_on] for one in scan.assessment.verdicts):
        return exits.FINDINGS
    if scan.assessment.score.incomplete or not scan.observation.finished:
        return exits.INCOMPLETE
    return exits.FINE
