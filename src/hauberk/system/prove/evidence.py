"""Everything that a proving found, as one JSON document with an id: outcomes, transcripts, and the mutation table where it was made."""

import hashlib
from dataclasses import dataclass
from datetime import datetime

import msgspec

from hauberk.system.prove.probe import Outcome, Transcript, transcript_id

FORMAT = "hauberk-measures-1"
LARGEST = 64 * 1024 * 1024


class EvidenceError(Exception):
    """The octets are no evidence of ours; the message says why."""


@dataclass(frozen=True, slots=True)
class Caught:
    """One deliberately broken setting: what it was, which probes had to notice it and which did."""

    mutation: str
    what: str
    expected: tuple[str, ...]
    caught_by: tuple[str, ...]
    trouble: str = ""  # why it could not be tried


@dataclass(frozen=True, slots=True)
class Proof:
    """`declaration` is the SHA-256 of mail.toml; `missing` are probes that were planned and not run; `at` in UTC, whole seconds."""

    organisation: str
    domain: str
    at: datetime
    program: str
    declaration: str
    outcomes: tuple[Outcome, ...]
    transcripts: tuple[Transcript, ...]
    missing: tuple[str, ...] = ()
    mutations: tuple[Caught, ...] = ()


class _Document(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    format: str
    proof: Proof


_encoder = msgspec.json.Encoder(order="sorted")
_decoder = msgspec.json.Decoder(_Document)


def encode(proof: Proof) -> bytes:
    """Canonical JSON (RFC 8785: sorted keys, no spaces, no fractions), UTF-8."""
    return _encoder.encode(_Document(FORMAT, proof))


def evidence_id(proof: Proof) -> str:
    return "sha256:" + hashlib.sha256(encode(proof)).hexdigest()


def decode(data: bytes) -> Proof:
    """Read it back and check that every outcome's transcript is there and unchanged. Raises `EvidenceError`."""
    if len(data) > LARGEST:
        raise EvidenceError("it is larger than 64 MiB")
    try:
        document = _decoder.decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise EvidenceError(f"this is no evidence of measures: {error}") from None
    if document.format != FORMAT:
        raise EvidenceError(f"its format is {document.format[:40]!r}; this program reads {FORMAT!r}")
    if document.proof.at.tzinfo is None:
        raise EvidenceError("its time has no time zone")
    known = {transcript_id(one) for one in document.proof.transcripts}
    for outcome in document.proof.outcomes:
        if outcome.transcript not in known:
            raise EvidenceError(f"the transcript of {outcome.probe.id} is not in it, or was changed")
    return document.proof
