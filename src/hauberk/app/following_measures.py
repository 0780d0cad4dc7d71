"""Whether a report of measures says what its evidence shows: the transcripts looked at again, the pages set again."""

from dataclasses import replace
from datetime import datetime, timedelta

from cryptography import x509

from hauberk.app.proving import unsigned_measures_pdf
from hauberk.app.verification import Freshness, Verification
from hauberk.report.signature.flaw import Flaw
from hauberk.report.signature.key import fingerprint, grouped
from hauberk.report.wording import minute
from hauberk.system.prove.composing import FRESH
from hauberk.system.prove.evidence import EvidenceError, decode, encode, evidence_id
from hauberk.system.prove.measures import Standing, judge

_CLOCKS_DIFFER = timedelta(minutes=10)


def measures_follow(
    found: Verification, pdf: bytes, evidence: bytes, signer: x509.Certificate, now: datetime, *, want_fresh: bool
) -> Verification:
    """The PDF's signature covers the evidence inside, so that what is left to see is whether the two agree."""
    try:
        proof = decode(evidence)
    except EvidenceError as error:
        return found.but(Flaw("the evidence", str(error)))
    if encode(proof) != evidence:
        return found.but(Flaw("the evidence", "it is not as Hauberk writes it"))
    found = found.holds(f"the evidence has the id {evidence_id(proof)}, and the transcript of every outcome is in it, unchanged")
    proved = [one.measure.value for one in judge(proof.outcomes, proof.missing) if one.standing is Standing.PROVED]
    said = f"proved for {proof.domain[:80]} on {minute(proof.at)}: {', '.join(proved) or 'no measure'}"
    if pdf.startswith(unsigned_measures_pdf(proof, grouped(fingerprint(signer)))):
        found = found.holds("the pages are what this program writes of the evidence, octet for octet", said)
    else:
        found = found.noting("the pages are not, octet for octet, what this program writes of the evidence", f"by the evidence, {said}")
    state = Freshness.AHEAD if proof.at > now + _CLOCKS_DIFFER else Freshness.FRESH if now < proof.at + FRESH else Freshness.EXPIRED
    found = replace(found, freshness=state, fresh_until=proof.at + FRESH)
    return found.but(Flaw("freshness", "it is not fresh any more")) if want_fresh and state is not Freshness.FRESH else found
