"""Whether a DKIM signature on a message holds (RFC 6376, 3.4 to 3.7; RFC 8463), with keys that are given. Pure."""

import base64
import binascii
import hashlib
import re

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import load_der_public_key

from hauberk.protocols.tags import TagList, parse_tags

_SPACE = re.compile(rb"[ \t]+")
_FOLD = re.compile(rb"\r\n(?=[ \t])")
_SIGNATURE_VALUE = re.compile(rb"(\bb\s*=)[^;]*")


def holds(raw: bytes, domain: str, keys: dict[str, bytes]) -> str:
    """Empty when a signature of `domain` holds; else what is wrong. `keys`: selector -> the tag `p` (DER, or raw Ed25519)."""
    header, _, body = raw.partition(b"\r\n\r\n")
    fields = [field for field in re.split(rb"\r\n(?![ \t])", header) if b":" in field]
    flaws: list[str] = []
    for field in fields:
        name, _, value = field.partition(b":")
        if name.strip().lower() != b"dkim-signature":
            continue
        tags = parse_tags(_FOLD.sub(b"", value).decode("latin-1"))
        if _tag(tags, "d").lower() != domain:
            continue
        flaw = _flaw(tags, field, fields, body, keys)
        if not flaw:
            return ""
        flaws.append(flaw)
    return "; ".join(flaws) or f"there is no signature of {domain}"


def _flaw(tags: TagList, field: bytes, fields: list[bytes], body: bytes, keys: dict[str, bytes]) -> str:
    selector, algorithm = _tag(tags, "s"), _tag(tags, "a")
    if selector not in keys:
        return f"the selector {selector} is not published"
    head_way, _, body_way = (_tag(tags, "c") or "simple/simple").partition("/")
    hashed = hashlib.sha256(_body(body, body_way or "simple")).digest()
    try:
        if base64.b64decode(_tag(tags, "bh")) != hashed:
            return "the hash of the body does not fit"
        signature = base64.b64decode(_tag(tags, "b"))
    except binascii.Error:
        return "the signature is not base64"
    signed = _signed(tags, field, fields, head_way)
    try:
        _verify(algorithm, keys[selector], signature, signed)
    except (InvalidSignature, ValueError) as error:
        return f"the signature does not hold ({algorithm}): {type(error).__name__}"
    return "" if "from" in _names(tags) else "the From field is not signed"


def _verify(algorithm: str, public: bytes, signature: bytes, signed: bytes) -> None:
    if algorithm == "ed25519-sha256":
        ed25519.Ed25519PublicKey.from_public_bytes(public).verify(signature, hashlib.sha256(signed).digest())
        return
    key = load_der_public_key(public)
    if algorithm != "rsa-sha256" or not isinstance(key, rsa.RSAPublicKey):
        raise ValueError(f"the algorithm {algorithm}")
    key.verify(signature, signed, padding.PKCS1v15(), hashes.SHA256())


def _signed(tags: TagList, field: bytes, fields: list[bytes], way: str) -> bytes:
    """The header fields that the signature names, from the bottom up, then its own without its value."""
    left: dict[str, list[bytes]] = {}
    for one in fields:
        left.setdefault(one.partition(b":")[0].strip().lower().decode("latin-1"), []).append(one)
    chosen = [left[name].pop() for name in _names(tags) if left.get(name)]
    own = _SIGNATURE_VALUE.sub(rb"\1", field, count=1)
    return b"".join(_header(one, way) + b"\r\n" for one in chosen) + _header(own, way)


def _names(tags: TagList) -> list[str]:
    return [name.strip().lower() for name in _tag(tags, "h").split(":")]


def _header(field: bytes, way: str) -> bytes:
    if way == "simple":
        return field
    name, _, value = field.partition(b":")
    return name.strip().lower() + b":" + _SPACE.sub(b" ", _FOLD.sub(b"", value)).strip()


def _body(body: bytes, way: str) -> bytes:
    lines = body.split(b"\r\n")
    if way == "relaxed":
        lines = [_SPACE.sub(b" ", line).rstrip(b" ") for line in lines]
    while lines and not lines[-1]:
        lines.pop()
    if not lines:
        return b"" if way == "relaxed" else b"\r\n"
    return b"\r\n".join(lines) + b"\r\n"


def _tag(tags: TagList, name: str) -> str:
    found = tags.first(name)
    return re.sub(r"[ \t\r\n]+", "", found.value) if found else ""
