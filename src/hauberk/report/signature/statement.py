"""What is signed of a report beside a PDF: an in-toto statement (v1) in a DSSE envelope (v1), both canonical JSON (RFC 8785).

The subjects are files by their SHA-256: the evidence (whose digest is the evidence id), the assessment, and the picture or tape that the
signature is for. The predicate says who signed and what the report says, with the certificate, so that it is verified offline.
Signing is deterministic: equal reports under one key have equal statements.
"""

import hashlib
from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from hauberk.model.assessment import Assessment
from hauberk.model.score import standing
from hauberk.report.signature.flaw import Flaw
from hauberk.report.signature.key import SigningKey, fingerprint, signature_holds

PAYLOAD_TYPE = "application/vnd.in-toto+json"
STATEMENT = "https://in-toto.io/Statement/v1"
PREDICATE, MEASURES_PREDICATE = "urn:hauberk:mail-server-report:1", "urn:hauberk:security-measures:1"
EVIDENCE, ASSESSMENT = "evidence.json", "assessment.json"
MEASURES = "measures.json"  # the evidence of the measures, which is all that their report is made of
LARGEST = 256 * 1024
_MOST_SUBJECTS = 16
_LONGEST_COMPANY = 1000  # more than a report shows of it


class Digest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    sha256: str


class Subject(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: str
    digest: Digest


class Claims(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the report says. `points` in decimal digits, `coverage` in whole per cent, `certificate` of the signer as base64 of its DER."""

    domain: str
    company: str
    observed_at: datetime
    evidence: str
    catalogue: str
    rubric: str
    points: str
    grade: str
    band: str
    coverage: int
    incomplete: bool
    certificate: str = ""

    @property
    def standing(self) -> str:
        """The band as the report tells it."""
        return standing(self.band, incomplete=self.incomplete)


class MeasuresClaims(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the report of the measures says: which of the ten (`M1`) are proved, which failed; the others are open, in part or whole."""

    domain: str
    company: str
    observed_at: datetime
    evidence: str
    program: str
    proved: tuple[str, ...]
    failed: tuple[str, ...]
    certificate: str = ""


P = TypeVar("P", Claims, MeasuresClaims)
_NAMES = {"type": "_type", "predicate_type": "predicateType"}


class Statement(msgspec.Struct, Generic[P], frozen=True, forbid_unknown_fields=True, rename=_NAMES):
    type: str
    subject: tuple[Subject, ...]
    predicate_type: str
    predicate: P


class _Kind(msgspec.Struct, frozen=True, rename=_NAMES):
    """As much of a statement as says what is stated."""

    type: str
    predicate_type: str


class Signature(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    keyid: str
    sig: str


class Envelope(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    payload_type: str
    payload: str
    signatures: tuple[Signature, ...]


@dataclass(frozen=True)
class _Held(Generic[P]):
    statement: Statement[P]
    certificate: x509.Certificate

    def digest_of(self, name: str) -> str | None:
        return next((one.digest.sha256 for one in self.statement.subject if one.name == name), None)

    def covers(self, digest: str) -> bool:
        return any(one.digest.sha256 == digest for one in self.statement.subject)


class Stated(_Held[Claims]):
    """A statement about a mail server report, that its signer's key did sign."""


class StatedMeasures(_Held[MeasuresClaims]):
    """The same about a report of the measures."""


_encoder = msgspec.json.Encoder(order="sorted")
_envelopes = msgspec.json.Decoder(Envelope)
_kinds = msgspec.json.Decoder(_Kind)
_reports = msgspec.json.Decoder(Statement[Claims])
_measures = msgspec.json.Decoder(Statement[MeasuresClaims])


def claims(assessment: Assessment, company: str) -> Claims:
    score = assessment.score
    return Claims(
        domain=assessment.domain,
        company=company_stated(company),
        observed_at=assessment.observed_at,
        evidence=assessment.observation,
        catalogue=assessment.catalogue,
        rubric=assessment.rubric,
        points=f"{score.points:.10g}",
        grade=score.grade,
        band=score.band.value,
        coverage=int(score.coverage * 100 + 1e-9),
        incomplete=score.incomplete,
    )


def company_stated(company: str) -> str:
    """The name as it can be signed: of a sane length, and UTF-8."""
    return company[:_LONGEST_COMPANY].encode("utf-8", "replace").decode()


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def sign(files: tuple[tuple[str, bytes], ...], claimed: P, key: SigningKey) -> bytes:
    """The envelope of a statement over `files`, names and octets."""
    subjects = tuple(Subject(name, Digest(sha256(data))) for name, data in files)
    own = msgspec.structs.replace(claimed, certificate=b64encode(key.certificate.public_bytes(Encoding.DER)).decode())
    predicate = PREDICATE if isinstance(own, Claims) else MEASURES_PREDICATE
    payload = _encoder.encode(Statement(STATEMENT, subjects, predicate, own))
    signature = Signature(key.fingerprint, b64encode(key.sign(authenticated(PAYLOAD_TYPE, payload))).decode())
    return _encoder.encode(Envelope(PAYLOAD_TYPE, b64encode(payload).decode(), (signature,)))


def verify(envelope: bytes) -> Stated | StatedMeasures | Flaw:
    """Verify an envelope with the certificate inside; whose key that is, is another question. Only the canonical form is accepted."""
    if len(envelope) > LARGEST:
        return Flaw("the signature file", f"it is larger than {LARGEST // 1024} KiB")
    try:
        outer = _envelopes.decode(envelope)
        if outer.payload_type != PAYLOAD_TYPE:
            return Flaw("the signature file", f"its payload is {outer.payload_type[:80]!r}, not {PAYLOAD_TYPE}")
        payload = _octets(outer.payload)
        kind = _kinds.decode(payload)
        if kind.type != STATEMENT or kind.predicate_type not in (PREDICATE, MEASURES_PREDICATE):
            return Flaw("the signature file", f"it states something else: {kind.predicate_type[:80]!r}")
        statement = (_reports if kind.predicate_type == PREDICATE else _measures).decode(payload)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        return Flaw("the signature file", f"it cannot be read: {error}")
    if _encoder.encode(outer) != envelope or _encoder.encode(statement) != payload:
        return Flaw("the signature file", "it is not as Hauberk writes it")
    certificate = _signer(outer, payload, statement)
    if isinstance(certificate, Flaw):
        return certificate
    # pyright does not know which of the two kinds it is.
    return (Stated if kind.predicate_type == PREDICATE else StatedMeasures)(statement, certificate)  # pyright: ignore[reportArgumentType]


def authenticated(payload_type: str, payload: bytes) -> bytes:
    """What a DSSE signature is over: the pre-authentication encoding."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


def _signer(outer: Envelope, payload: bytes, statement: Statement[Claims] | Statement[MeasuresClaims]) -> x509.Certificate | Flaw:
    if len(outer.signatures) != 1 or not 1 <= len(statement.subject) <= _MOST_SUBJECTS:
        return Flaw("the signature file", "it does not hold one signature over a few files")
    (signature,) = outer.signatures
    try:
        certificate = x509.load_der_x509_certificate(_octets(statement.predicate.certificate))
        keyid = fingerprint(certificate)
        octets = _octets(signature.sig)
    except Exception as error:  # the library raises many kinds for what is no certificate
        return Flaw("the signature file", f"its certificate cannot be read: {error}")
    if signature.keyid != keyid or not signature_holds(certificate.public_key(), octets, authenticated(outer.payload_type, payload)):
        return Flaw("the signature", "it does not fit the statement: something was changed")
    if statement.predicate.observed_at.tzinfo is None:
        return Flaw("the signature file", "its time has no time zone")
    return certificate


def _octets(text: str) -> bytes:
    """Base64 in its one canonical form."""
    try:
        octets = b64decode(text, validate=True)
    except NotBase64 as error:
        raise ValueError(f"base64: {error}") from None
    if b64encode(octets).decode() != text:
        raise ValueError("base64 with stray bits")
    return octets
