"""`/verifications`: is this file what its signer signed, does it follow from its evidence, is it fresh?"""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, File, Form, UploadFile
from pydantic import Field

from hauberk.app.verification import Freshness, Party, Verification
from hauberk.report.signature import trust
from hauberk.report.signature.key import KeyUnusableError
from hauberk.report.signature.statement import Claims, MeasuresClaims
from hauberk.web.api.bearer import Checker
from hauberk.web.api.problem import Complaint, invalid
from hauberk.web.uploaded import verify_upload

router = APIRouter(prefix="/verifications", tags=["verification"])
LARGEST_UPLOAD = 64 * 1024 * 1024
_LARGEST_PEM = 256 * 1024


@dataclass(frozen=True, slots=True)
class Signer:
    """Who holds a key. The name is what its certificate says; the fingerprint nobody else can have.

    `trusted` is null where no certificates to trust were sent.
    """

    name: str
    fingerprint: str
    trusted: bool | None


@dataclass(frozen=True, slots=True)
class Claimed:
    """What the file says of a domain."""

    domain: str
    company: str
    observed_at: datetime
    evidence: str
    catalogue: str
    rubric: str
    points: str
    grade: str
    band: str
    incomplete: Annotated[bool, Field(description="Too little could be judged; such a result is never green.")]


@dataclass(frozen=True, slots=True)
class ClaimedMeasures:
    """What the report of the security measures says: which are proved and which failed; the others are open."""

    domain: str
    company: str
    observed_at: datetime
    evidence: str
    program: str
    proved: tuple[str, ...]
    failed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Verified:
    """What verifying came to. `flaws` are why it is not valid, `held` what holds, `notes` what could not be told."""

    file: str
    valid: bool
    flaws: tuple[str, ...]
    held: tuple[str, ...]
    notes: tuple[str, ...]
    claims: Claimed | None
    measures: ClaimedMeasures | None
    signer: Signer | None
    signed_at: datetime | None
    stamped_at: datetime | None
    stamped_by: Signer | None
    freshness: Annotated[Freshness | None, Field(description="fresh, expired, or ahead of this machine's clock")]
    fresh_until: datetime | None


@router.post("")
async def verify(
    caller: Checker,
    file: Annotated[UploadFile, File(description="A report (PDF, PNG, JPG), a tape or an evidence pack.")],
    signature: Annotated[UploadFile | None, File(description="The file's `.sig`, for what does not carry its signature itself.")] = None,
    trusted: Annotated[str, Form(description="Certificates (PEM) of the signers that are trusted.")] = "",
    want_fresh: Annotated[bool, Form(description="Valid only while the evidence counts.")] = False,
) -> Verified:
    """Verify a file. Nothing of it is kept. That it is not valid is an answer (200), not an error."""
    pems = (_pem(trusted),) if trusted.strip() else ()
    return _shown(await verify_upload(file, signature, caller.at, pems, want_fresh=want_fresh))


def _pem(text: str) -> bytes:
    pem = text.encode(errors="replace")
    try:
        if len(pem) > _LARGEST_PEM:
            raise invalid(Complaint("at most 256 KiB of certificates are taken", pointer="#/trusted"))
        trust.read(pem)
    except KeyUnusableError as error:
        raise invalid(Complaint(str(error), pointer="#/trusted")) from None
    return pem


def _shown(found: Verification) -> Verified:
    return Verified(
        file=found.file,
        valid=found.valid,
        flaws=found.flaws,
        held=found.held,
        notes=found.notes,
        claims=None if found.claims is None else _claimed(found.claims),
        measures=None if found.measures is None else _measured(found.measures),
        signer=_signer(found.signer),
        signed_at=found.signed_at,
        stamped_at=found.stamped_at,
        stamped_by=_signer(found.stamped_by),
        freshness=found.freshness,
        fresh_until=found.fresh_until,
    )


def _measured(said: MeasuresClaims) -> ClaimedMeasures:
    return ClaimedMeasures(
        domain=said.domain,
        company=said.company,
        observed_at=said.observed_at,
        evidence=said.evidence,
        program=said.program,
        proved=said.proved,
        failed=said.failed,
    )


def _claimed(said: Claims) -> Claimed:
    return Claimed(
        domain=said.domain,
        company=said.company,
        observed_at=said.observed_at,
        evidence=said.evidence,
        catalogue=said.catalogue,
        rubric=said.rubric,
        points=said.points,
        grade=said.grade,
        band=said.band,
        incomplete=said.incomplete,
    )


def _signer(party: Party | None) -> Signer | None:
    return None if party is None else Signer(party.name, party.fingerprint, party.trusted)
