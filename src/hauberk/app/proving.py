"""From a proof of the measures to files: its evidence, and the report, signed or not; nothing is overwritten."""

from pathlib import Path

from hauberk.app.reporting import write_file
from hauberk.app.signing import SIGNATURE, STATEMENT, Signing
from hauberk.report.pdf import Attachment, build_jpg, build_pdf, build_png
from hauberk.report.signature.statement import MEASURES
from hauberk.system.prove.composing import claims, compose, evidence_name, report_name
from hauberk.system.prove.evidence import Proof, encode


def measures_pdf(proof: Proof, signing: Signing | None = None) -> bytes:
    """The pages, with the evidence attached; signed, with its statement too."""
    if signing is None:
        return unsigned_measures_pdf(proof)
    stated = signing.stated_measures(claims(proof), encode(proof))
    return signing.pdf(unsigned_measures_pdf(proof, signing.shown_key, stated))


def unsigned_measures_pdf(proof: Proof, key: str = "", statement: bytes = b"") -> bytes:
    """Equal input gives equal octets; `key` is the fingerprint that stands on the first page."""
    files = (Attachment(MEASURES, "Outcomes and transcripts of all probes", encode(proof)),)
    if statement:
        files = (*files, Attachment(STATEMENT, "The signature on it (DSSE, in-toto)", statement, relationship="supplement"))
    return build_pdf(compose(proof, key=key), files)


def write_measures(proof: Proof, out: Path, signing: Signing | None = None, pictures: tuple[str, ...] = ()) -> tuple[Path, ...]:
    """The evidence as JSON, the report as PDF and as `pictures` (`png`, `jpg`); signed, each but the PDF has its signature beside it.

    Raises `OSError`, and `NoTimeStampError`.
    """
    written = _write(proof, out, evidence_name(proof), encode(proof), signing)
    written += (write_file(out, report_name(proof, "pdf"), measures_pdf(proof, signing)),)
    for kind in pictures:
        foot = signing.foot(claims(proof)) if signing else None
        build = build_png if kind == "png" else build_jpg
        picture = build(compose(proof, key=signing.shown_key if signing else ""), foot)
        written += _write(proof, out, report_name(proof, kind), picture, signing)
    return written


def _write(proof: Proof, out: Path, name: str, data: bytes, signing: Signing | None) -> tuple[Path, ...]:
    path = write_file(out, name, data)
    if signing is None:
        return (path,)
    stated = signing.stated_measures(claims(proof), encode(proof), (path.name, data))
    return (path, write_file(out, path.name + SIGNATURE, stated))
