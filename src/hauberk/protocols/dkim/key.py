"""The DKIM key record (RFC 6376, 3.6.1; RFC 8463 for Ed25519)."""

import base64
import re
from dataclasses import dataclass, field
from functools import lru_cache

from hauberk.protocols.dkim.material import Material, read_material
from hauberk.protocols.malformed import Malformed
from hauberk.protocols.tags import Tag, TagList, parse_tags, render_tags

_SPACE = re.compile(r"[ \t\r\n]+")
_KEY_TAGS = re.compile(r"(?:^|;)\s*(?:v\s*=\s*DKIM1|p\s*=|k\s*=\s*(?:rsa|ed25519))", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class DkimKey:
    """`public` are the octets of `p`, empty for a revoked key. `hashes` is empty where every hash is allowed, `services` and
    `flags` hold `s` and `t`. `tags` is the record as published; `faults` are pieces that verifiers may trip over."""

    tags: TagList
    public: bytes
    key_type: str = "rsa"
    hashes: tuple[str, ...] = ()
    services: tuple[str, ...] = ("*",)
    flags: tuple[str, ...] = ()
    faults: tuple[Malformed, ...] = field(default=(), compare=False)

    @property
    def revoked(self) -> bool:
        return not self.public

    @property
    def testing(self) -> bool:
        return "y" in self.flags

    @property
    def for_mail(self) -> bool:
        return "*" in self.services or "email" in self.services

    @property
    def material(self) -> Material:
        return read_material(self.key_type, self.public)


@lru_cache(maxsize=256)
def parse_key(text: str) -> DkimKey | Malformed:
    """The key record, or where it is damaged so that no signature can be verified with it."""
    listed = parse_tags(text)
    version, public = listed.first("v"), listed.first("p")
    if version and version.value != "DKIM1":
        return Malformed(text, version.position, "the version must read DKIM1", max(len(version.value), 1))
    if version and version is not listed.tags[0]:
        return Malformed(text, version.position, "v=DKIM1 must come first (RFC 6376, 3.6.1)", len(version.value))
    repeated = listed.repeated()
    if repeated:
        reason = f"the tag {repeated.name} occurs twice, which makes the whole record invalid (RFC 6376, 3.2)"
        return Malformed(text, repeated.position, reason, max(len(repeated.value), 1))
    if public is None:
        return Malformed(text, 0, "the public key is missing (the tag p)", max(len(text), 1))
    octets = _decoded(text, public)
    if isinstance(octets, Malformed):
        return octets
    faults = list(listed.faults)
    if len(_SPACE.sub("", public.value)) % 4:
        end = public.position + len(public.value)
        faults.append(Malformed(text, end, "the base64 text lacks its padding (=)", 0))
    return DkimKey(
        listed,
        octets,
        _value(listed, "k", "rsa").lower(),
        _listed(listed, "h"),
        _listed(listed, "s") or ("*",),
        _listed(listed, "t"),
        tuple(faults),
    )


def render(key: DkimKey) -> str:
    return render_tags(key.tags)


def looks_like_key(text: str) -> bool:
    """Whether a TXT record under `_domainkey` was meant to be a key, and is not some wildcard's text."""
    return bool(_KEY_TAGS.search(text))


def _value(listed: TagList, name: str, default: str) -> str:
    tag = listed.first(name)
    return tag.value if tag else default


def _listed(listed: TagList, name: str) -> tuple[str, ...]:
    return tuple(part for piece in _value(listed, name, "").split(":") if (part := piece.strip().lower()))


def _decoded(text: str, tag: Tag) -> bytes | Malformed:
    """The octets of `p`: base64 in which white space may stand anywhere (RFC 6376, 2.10)."""
    letters = 0
    padding_at = -1
    for offset, character in enumerate(tag.value):
        if character in " \t\r\n":
            continue
        if character == "=":
            padding_at = offset if padding_at < 0 else padding_at
        elif not (character.isascii() and (character.isalnum() or character in "+/")):
            return Malformed(text, tag.position + offset, "this character does not occur in base64")
        elif padding_at >= 0:
            return Malformed(text, tag.position + padding_at, "the base64 text goes on after its end (=)")
        else:
            letters += 1
    if letters % 4 == 1:
        return Malformed(text, tag.position + len(tag.value), f"the base64 text is cut: {letters} characters cannot be decoded", 0)
    bare = _SPACE.sub("", tag.value).rstrip("=")
    return base64.b64decode(bare + "=" * (-len(bare) % 4))
