"""Observations as bytes: canonical JSON, the evidence id over it, and reading them back without trusting the file."""

import gzip
import hashlib
import re
import zlib
from io import BytesIO

import msgspec

from hauberk.model.observation import Observation
from hauberk.model.routing import VrpSource

FORMAT = "hauberk-tape-1"
LARGEST = 64 * 1024 * 1024
_YEARS = range(2000, 9000)  # what is reckoned from a scan stays within the calendar
_MX = re.compile(r"\d{1,5} \S+", re.ASCII)


class TapeError(Exception):
    """The bytes are no tape; the message says why, for people."""


class _Tape(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    format: str
    observation: Observation


_encoder = msgspec.json.Encoder(order="sorted")
_decoder = msgspec.json.Decoder(_Tape)


def encode(observation: Observation) -> bytes:
    """The tape as canonical JSON (RFC 8785: sorted keys, no spaces; it holds no fractions), UTF-8. Octet strings are base64."""
    return _encoder.encode(_Tape(FORMAT, observation))


def evidence_id(observation: Observation) -> str:
    """`sha256:` and the hex digest of the canonical form."""
    return "sha256:" + hashlib.sha256(encode(observation)).hexdigest()


def compress(tape: bytes) -> bytes:
    """gzip without name or time, so that equal tapes give equal files."""
    return gzip.compress(tape, mtime=0)


def decode(data: bytes) -> Observation:
    """Read a tape back, plain or gzip. Raises `TapeError` for whatever is no tape, or is larger than 64 MiB."""
    plain = _decompressed(data) if data[:2] == b"\x1f\x8b" else data
    if len(plain) > LARGEST:
        raise TapeError(f"the tape is larger than {LARGEST // 1024 // 1024} MiB")
    try:
        tape = _decoder.decode(plain)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise TapeError(f"this is no tape of Hauberk: {error}") from None
    if tape.format != FORMAT:
        raise TapeError(f"the tape's format is {tape.format[:40]!r}; this program reads {FORMAT!r}")
    vrps = tape.observation.vantage.vrps
    if tape.observation.at.tzinfo is None or (isinstance(vrps, VrpSource) and vrps.at.tzinfo is None):
        raise TapeError("the tape's time has no time zone")
    if tape.observation.at.year not in _YEARS:
        raise TapeError(f"no scan was made in the year {tape.observation.at.year}")
    for exchange in tape.observation.dns:
        for record in exchange.answer.of("MX") if exchange.answer else ():
            if not _MX.fullmatch(record.data):
                raise TapeError(f"{record.data[:80]!r} is no MX record")
    return tape.observation


def _decompressed(data: bytes) -> bytes:
    try:
        with gzip.open(BytesIO(data)) as stream:
            return stream.read(LARGEST + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise TapeError(f"the compressed tape is damaged: {error}") from None
