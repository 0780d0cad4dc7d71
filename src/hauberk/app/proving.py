"""From a proof of the measures to files: its evidence, and the report as a signed or unsigned PDF; nothing is overwritten."""

from pathlib import Path

from hauberk.app.reporting import write_file
from hauberk.app.signing import Signing
from hauberk.report.pdf import Attachment, build_pdf
from hauberk.system.prove.composing import compose, evidence_name, report_name
from hauberk.system.prove.evidence import MEASURES, Proof, encode


def measures_pdf(proof: Proof, signing: Signing | None = None) -> bytes:
    """The pages, with the evidence attached."""
    pdf = unsigned_measures_pdf(proof, signing.shown_key if signing else "")
    return signing.pdf(pdf) if signing else pdf


def unsigned_measures_pdf(proof: Proof, key: str = "") -> bytes:
    """Equal input gives equal octets; `key` is the fingerprint that stands on the first page."""
    attached = Attachment(MEASURES, "Outcomes and transcripts of all probes", encode(proof))
    return build_pdf(compose(proof, key=key), (attached,))


def write_measures(proof: Proof, out: Path, signing: Signing | None = None) -> tuple[Path, ...]:
    """The evidence as JSON and the report as PDF. Raises `OSError`."""
    return (
        write_file(out, evidence_name(proof), encode(proof)),
        write_file(out, report_name(proof), measures_pdf(proof, signing)),
    )
