"""Whether a report of measures says what its evidence shows: the transcripts looked at again, the pages set again."""

import msgspec
from cryptography import x509

from hauberk.app.proving import unsigned_measures_pdf
from hauberk.app.signing import STATEMENT
from hauberk.app.verification import Verification
from hauberk.report.logo import LOGO, is_logo
from hauberk.report.signature.flaw import Flaw
from hauberk.report.signature.key import fingerprint, grouped
from hauberk.report.signature.statement import MEASURES, StatedMeasures, sha256
from hauberk.report.wording import minute
from hauberk.system.prove.composing import claims
from hauberk.system.prove.evidence import EvidenceError, decode, encode, evidence_id


def measures_follow(found: Verification, evidence: bytes, stated: StatedMeasures) -> Verification:
    """The evidence is what the statement signs, every transcript is in it, and it shows what the statement says."""
    if stated.digest_of(MEASURES) != sha256(evidence):
        return found.but(Flaw(MEASURES, "it is not what was signed: something was changed"))
    try:
        proof = decode(evidence)
    except EvidenceError as error:
        return found.but(Flaw("the evidence", str(error)))
    if encode(proof) != evidence:
        return found.but(Flaw("the evidence", "it is not as Hauberk writes it"))
    said = stated.statement.predicate
    if msgspec.structs.replace(claims(proof), certificate=said.certificate) != said:
        return found.but(Flaw("the statement", "it says other than the evidence shows"))
    proved = ", ".join(said.proved) or "no measure"
    return found.holds(
        f"the evidence has the id {evidence_id(proof)}, and the transcript of every outcome is in it, unchanged",
        f"by it is proved for {proof.domain[:80]} on {minute(proof.at)}: {proved}",
    )


def pages_follow(found: Verification, pdf: bytes, attached: dict[str, bytes], signer: x509.Certificate) -> Verification:
    """The pages of a report whose evidence was found to hold."""
    logo = attached.get(LOGO, b"")
    key, mark = grouped(fingerprint(signer)), logo if is_logo(logo) else b""
    if pdf.startswith(unsigned_measures_pdf(decode(attached[MEASURES]), key, attached[STATEMENT], mark)):
        return found.holds("the pages are what this program writes of the evidence, octet for octet")
    return found.noting("the pages are not, octet for octet, what this program writes of the evidence")
