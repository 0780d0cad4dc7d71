"""From a proof of the measures to files: its evidence, and the report, signed or not; nothing is overwritten."""

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from hauberk.app.reporting import write_file
from hauberk.app.signing import SIGNATURE, STATEMENT, Signing
from hauberk.report.measures import MeasuresContent
from hauberk.report.pdf import Attachment, build_jpg, build_pdf, build_png
from hauberk.report.signature.statement import MEASURES, MeasuresClaims
from hauberk.system.prove.composing import claims, compose, evidence_name, report_name
from hauberk.system.prove.evidence import Proof, encode


@dataclass(frozen=True)
class _Prepared:
    """A proof with what is said of it, worked out once."""

    proof: Proof
    signing: Signing | None
    logo: bytes

    @cached_property
    def content(self) -> MeasuresContent:
        return replace(compose(self.proof, key=self.signing.shown_key if self.signing else ""), logo=self.logo)

    @cached_property
    def evidence(self) -> bytes:
        return encode(self.proof)

    @cached_property
    def claims(self) -> MeasuresClaims:
        return claims(self.proof)


def measures_pdf(proof: Proof, signing: Signing | None = None, logo: bytes = b"") -> bytes:
    """The pages, with the evidence attached; signed, with its statement too."""
    return _report(_Prepared(proof, signing, logo))


def unsigned_measures_pdf(proof: Proof, key: str = "", statement: bytes = b"", logo: bytes = b"") -> bytes:
    """Equal input gives equal octets; `key` is the fingerprint that stands on the first page."""
    return _pdf(replace(compose(proof, key=key), logo=logo), encode(proof), statement)


def write_measures(
    proof: Proof, out: Path, signing: Signing | None = None, pictures: tuple[str, ...] = (), logo: bytes = b""
) -> tuple[Path, ...]:
    """The evidence as JSON, the report as PDF and as `pictures` (`png`, `jpg`); signed, each but the PDF has its signature beside it.

    `logo` is the organisation's (`hauberk.app.logo`). Raises `OSError`, and `NoTimeStampError`.
    """
    prepared = _Prepared(proof, signing, logo)
    written = _write(prepared, out, evidence_name(proof), prepared.evidence)
    written += (write_file(out, report_name(proof, "pdf"), _report(prepared)),)
    foot = signing.foot(prepared.claims) if signing else None
    for kind in pictures:
        build = build_png if kind == "png" else build_jpg
        written += _write(prepared, out, report_name(proof, kind), build(prepared.content, foot))
    return written


def _report(prepared: _Prepared) -> bytes:
    signing = prepared.signing
    if signing is None:
        return _pdf(prepared.content, prepared.evidence)
    stated = signing.stated_measures(prepared.claims, prepared.evidence)
    return signing.pdf(_pdf(prepared.content, prepared.evidence, stated))


def _pdf(content: MeasuresContent, evidence: bytes, statement: bytes = b"") -> bytes:
    files = (Attachment(MEASURES, "Outcomes and transcripts of all probes", evidence),)
    if statement:
        files = (*files, Attachment(STATEMENT, "The signature on it (DSSE, in-toto)", statement, relationship="supplement"))
    return build_pdf(content, files)


def _write(prepared: _Prepared, out: Path, name: str, data: bytes) -> tuple[Path, ...]:
    path = write_file(out, name, data)
    if prepared.signing is None:
        return (path,)
    stated = prepared.signing.stated_measures(prepared.claims, prepared.evidence, (path.name, data))
    return (path, write_file(out, path.name + SIGNATURE, stated))
