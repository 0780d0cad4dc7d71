"""Assessments as JSON, the same wherever they are printed, signed or kept: one object a scan, or one line a scan.

Decoding validates, and gives back what was encoded.
"""

from typing import cast

import msgspec

from hauberk.model.assessment import Assessment

_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Assessment)


def encode(assessment: Assessment) -> bytes:
    """Compact JSON, UTF-8, fields in the order of the model; equal assessments give equal octets."""
    try:
        return _encoder.encode(assessment)
    except UnicodeEncodeError:  # a lone surrogate, which UTF-8 cannot hold
        return _encoder.encode(_sound(msgspec.to_builtins(assessment)))


def decode(data: bytes) -> Assessment:
    """Raises `msgspec.DecodeError` (and its kind `msgspec.ValidationError`) for what is no assessment."""
    return _decoder.decode(data)


def pretty(assessment: Assessment) -> str:
    """Indented, without a newline at the end."""
    return msgspec.json.format(encode(assessment), indent=2).decode()


def line(assessment: Assessment) -> str:
    """One line of a JSON Lines file."""
    return encode(assessment).decode() + "\n"


def _sound(value: object) -> object:
    match value:
        case str():
            return "".join(f"\\u{{{ord(c):x}}}" if "\ud800" <= c <= "\udfff" else c for c in value)
        case dict():
            return {key: _sound(inner) for key, inner in cast("dict[str, object]", value).items()}
        case list() | tuple():
            return [_sound(inner) for inner in cast("list[object]", value)]
        case _:
            return value
