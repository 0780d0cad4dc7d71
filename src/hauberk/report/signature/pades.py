"""The signature in a PDF (PAdES, ETSI EN 319 142-1): an invisible field, level B-B, or B-T with a time stamp.

It covers the whole file but for its own place, which must hold the signature and nothing else. A file that is signed so and was
changed anywhere, or had anything added, does not verify, whatever a viewer would make of the addition.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeAlias

from cryptography import x509

from hauberk.report.signature import cms, cms_writing, der, timestamp
from hauberk.report.signature.der import NotDer
from hauberk.report.signature.flaw import Flaw
from hauberk.report.signature.key import SigningKey
from hauberk.report.signature.timestamp import TimeStamp

LARGEST = 256 * 1024 * 1024
FIELD = "Signature"
_ROOM = 32 * 1024  # hex digits kept free for the signature: certificates and a time stamp
_RANGE = re.compile(rb"/ByteRange\s{0,8}\[([^\]\x00-\x08]{0,200})\]")
_NUMBERS = re.compile(rb"\s*0+ +(\d{1,12}) +(\d{1,12}) +(\d{1,12})\s*")
_TIME = re.compile(rb"/M ?\(D(?::|\\072)(\d{14})(?:Z|\+00'00'?)\)")
Ask: TypeAlias = Callable[[bytes], bytes]
Digested: TypeAlias = Callable[[bytes], bytes]


@dataclass(frozen=True)
class PdfSignature:
    """A signature that holds over the whole file. `at` is the time that the signer claims, where it does."""

    certificate: x509.Certificate
    others: tuple[x509.Certificate, ...]
    at: datetime | None
    time_stamp: TimeStamp | None


def sign(pdf: bytes, key: SigningKey, at: datetime, ask: Ask | None = None) -> bytes:
    """The PDF with a signature by `key` at `at`; `ask` gets a verified time-stamp token over a SHA-256 digest.

    The visible pages, and what the file declares itself to be (PDF/A-3a, PDF/UA-1), stay as they are. Raises what `ask` raises.
    """
    from hauberk.report.signature.pyhanko_signing import embed

    def signature_over(digest: bytes) -> bytes:
        attributes = cms_writing.signed_attributes(digest, key)
        signature = key.sign(der.write(der.SET, attributes))
        token = ask(timestamp.digest_of(signature)) if ask else None
        return cms_writing.signed_data(attributes, signature, key, token)

    # What follows the file begins on a line of its own, or the addition is not as PDF/A wants it (ISO 19005-3, 6.1.3 and 6.1.8).
    return embed(pdf + b"\n", FIELD, at, _ROOM, signature_over)


def verify(pdf: bytes) -> PdfSignature | Flaw:
    """Verify the one signature of a PDF. `Flaw` says why the file is not as it was signed, or that it is not signed."""
    place = _place(pdf)
    if isinstance(place, Flaw):
        return place
    start, end = place
    octets = _octets(pdf[start:end])
    if isinstance(octets, Flaw):
        return octets
    whole = memoryview(pdf)
    signed = cms.verify(octets, cms.DATA, (bytes(whole[:start]), bytes(whole[end:])))
    if isinstance(signed, Flaw):
        return signed
    stamp = timestamp.verify(signed.token, timestamp.digest_of(signed.signature)) if signed.token is not None else None
    if isinstance(stamp, Flaw):
        return stamp
    at = _claimed(pdf[end : end + 4096]) or _claimed(pdf[max(0, start - 4096) : start])
    moment = stamp.at if stamp else at
    if moment and not signed.certificate.not_valid_before_utc <= moment <= signed.certificate.not_valid_after_utc:
        return Flaw("the signature", f"its certificate was not valid at {moment:%Y-%m-%d %H:%M} UTC, when it was made")
    return PdfSignature(signed.certificate, signed.others, at, stamp)


def is_signed(pdf: bytes) -> bool:
    return _RANGE.search(pdf) is not None


def _place(pdf: bytes) -> tuple[int, int] | Flaw:
    """Where the signature stands, from its `<` to after its `>`: the only place that it does not cover."""
    ranges = [match[1] for match in _RANGE.finditer(pdf)]
    if not ranges:
        return Flaw("the file", "it is not signed")
    read = [tuple(int(number) for number in numbers.groups()) for one in ranges if (numbers := _NUMBERS.fullmatch(one))]
    if not read:
        return Flaw("the signature", "the range of octets that it covers cannot be read")
    # A company may be called "/ByteRange [0 1 2 3]"; what points at hexadecimal digits is a signature.
    pointing = [one for one in read if pdf[one[0] : one[0] + 1] == b"<" and pdf[one[1] - 1 : one[1]] == b">"]
    if len(pointing) > 1:
        return Flaw("the file", f"it holds {len(pointing)} signatures: something was added after it was first signed")
    start, end, rest = (pointing or read)[-1]
    if end + rest < len(pdf):
        return Flaw("the file", f"{len(pdf) - end - rest} octets were added after it was signed")
    if end + rest > len(pdf):
        return Flaw("the file", "it is cut short")
    if not 0 < start < end or pdf[start : start + 1] != b"<" or pdf[end - 1 : end] != b">":
        return Flaw("the signature", "it does not cover the whole file")
    return start, end


def _octets(hexadecimal: bytes) -> bytes | Flaw:
    """The DER in `<hex digits>`; what follows it in its place must be zeros."""
    digits = hexadecimal[1:-1]
    try:
        element = der.first(bytes.fromhex(digits.decode("ascii")))
    except (NotDer, ValueError) as error:
        return Flaw("the signature", f"it cannot be read: {error}")
    if element.encoded.hex().upper().encode().ljust(len(digits), b"0") != digits:
        return Flaw("the signature", "there is something else in its place")
    return element.encoded


def _claimed(near: bytes) -> datetime | None:
    found = _TIME.search(near)
    try:
        return datetime.strptime(found[1].decode(), "%Y%m%d%H%M%S").replace(tzinfo=UTC) if found else None
    except ValueError:
        return None
