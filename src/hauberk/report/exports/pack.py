"""The evidence pack: one zip with the report, the verdicts, the tape, signatures, and how to verify all that without trusting the sender.

Equal contents give an equal file: names in a fixed order, the scan's time on each of them.
"""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import PurePosixPath
from shlex import quote
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from hauberk.model import json
from hauberk.model.assessment import Assessment
from hauberk.protocols.malformed import visible
from hauberk.report.signature.statement import ASSESSMENT, EVIDENCE
from hauberk.scoring.rubric import DEFAULT

MANIFEST = "MANIFEST.sha256"
VERIFY = "VERIFY.txt"
FRESH = timedelta(days=90)
_UNIX = 3


@dataclass(frozen=True, slots=True)
class PackFile:
    """A file of the pack; `name` is one path component."""

    name: str
    data: bytes


def evidence_pack(assessment: Assessment, tape: bytes, reports: tuple[PackFile, ...], signatures: tuple[PackFile, ...] = ()) -> bytes:
    """The zip. `tape` is the canonical JSON, so that its SHA-256 is the evidence id. `ValueError` for bad or equal names."""
    contents = (
        *reports,
        PackFile(ASSESSMENT, json.pretty(assessment).encode()),
        PackFile(EVIDENCE, tape),
        *signatures,
        PackFile(VERIFY, how_to_verify(assessment, tuple(one.name for one in (*reports, *signatures))).encode()),
    )
    return _zipped((*contents, PackFile(MANIFEST, _manifest(contents))), assessment.observed_at)


def _manifest(files: tuple[PackFile, ...]) -> bytes:
    """As `sha256sum` writes and checks it."""
    return "".join(f"{hashlib.sha256(one.data).hexdigest()}  {one.name}\n" for one in sorted(files, key=lambda one: one.name)).encode()


def _zipped(files: tuple[PackFile, ...], at: datetime) -> bytes:
    names = [one.name for one in files]
    for name in names:
        if names.count(name) > 1 or name in ("", ".", "..") or PurePosixPath(name).name != name or "\\" in name or not name.isprintable():
            raise ValueError(f"{visible(name)!r} cannot be the name of a file in the pack")
    moment = max(at.astimezone(UTC), datetime(1980, 1, 1, tzinfo=UTC)).timetuple()[:6]  # zip knows no earlier time
    out = BytesIO()
    with ZipFile(out, "w", ZIP_DEFLATED, compresslevel=9) as archive:
        for one in sorted(files, key=lambda one: one.name):
            info = ZipInfo(one.name, moment)
            info.compress_type, info.create_system, info.external_attr = ZIP_DEFLATED, _UNIX, 0o100644 << 16
            archive.writestr(info, one.data)
    return out.getvalue()


def how_to_verify(assessment: Assessment, others: tuple[str, ...]) -> str:
    """VERIFY.txt; `others` are the names of the reports and the signatures in the pack."""
    at = assessment.observed_at.astimezone(UTC)
    rubric = "" if assessment.rubric == DEFAULT else f" --rubric {quote(visible(assessment.rubric))}"
    pdf = next((name for name in others if name.endswith(".pdf")), "")
    signatures = tuple(name for name in others if name.endswith(".dsse.json"))
    steps = [
        f"Nothing was changed since the pack was made:\n\n    sha256sum --check {MANIFEST}\n\n"
        f"(macOS: shasum -a 256 --check {MANIFEST}; Windows: Get-FileHash *, and compare with {MANIFEST})",
        "The tape is the evidence that the report names. Its SHA-256 has to be the evidence id on the report:\n\n"
        f"    sha256sum {EVIDENCE}\n    {assessment.observation.removeprefix('sha256:')}",
        "The verdicts follow from the tape: they can be judged again on any machine, without a network:\n\n"
        f"    hauberk judge {EVIDENCE}{rubric}\n\n"
        f"and have to come to {assessment.score.points:g} points, grade {assessment.score.grade}, as {ASSESSMENT} says\n"
        f"(catalogue {visible(assessment.catalogue)}, rubric {visible(assessment.rubric)}).",
    ]
    if pdf:
        steps.append(f"The report carries the same tape and verdicts inside:\n\n    pdfdetach -list {pdf}")
    if signatures:
        signed = "\n".join(f"    hauberk verify {one}" for one in (*filter(None, (pdf,)), *signatures))
        steps.append(f"The signatures say who stands behind it:\n\n{signed}")
    numbered = "\n\n".join(f"{number}. {step}" for number, step in enumerate(steps, 1))
    return (
        f"Evidence pack of {visible(assessment.domain)}, scanned {at:%Y-%m-%d %H:%M} UTC.\n"
        f"The evidence counts as fresh for {FRESH.days} days, until {at + FRESH:%Y-%m-%d}.\n\n{numbered}\n"
    )
