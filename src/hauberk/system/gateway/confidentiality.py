"""What is marked confidential leaves encrypted, or not at all, with a reason that the sender understands."""

import asyncio
import re
import secrets
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes
from email.errors import HeaderParseError
from email.header import decode_header
from email.message import Message as Part
from typing import Final, TypeAlias, cast

from cryptography import x509

from hauberk.system.gateway import openpgp, sealed, smime
from hauberk.system.gateway.addresses import addresses_shown
from hauberk.system.gateway.config import Confidentiality
from hauberk.system.gateway.keystore import KeyStore
from hauberk.system.gateway.message import Change, Message, Refuse
from hauberk.system.gateway.openpgp import BadKey, OpenPgpKey
from hauberk.system.gateway.smime import SmimeCertificate

Lookup: TypeAlias = Callable[[str], Awaitable[tuple[OpenPgpKey, ...]]]
"""The OpenPGP keys that the owner of a domain publishes for an address (WKD)."""

_RULE: Final = "confidential"
_ENOUGH: Final = 2000  # octets of a subject in which a mark is looked for
_REPLY: Final = re.compile(r"[^\W\d_]{1,4}(?:\[\d{1,3}\])?\s{0,3}:\s{0,3}")  # Re: Fwd: AW: WG: ...


def marked(message: Message, rule: Confidentiality) -> bool:
    """Whether the sender marked the message."""
    wanted = {value.casefold() for value in rule.sensitivities}
    if any(value.decode("utf-8", "replace").casefold() in wanted for value in message.values("Sensitivity")):
        return True
    if any(message.values(name) for name in rule.fields):
        return True
    tags = tuple(tag.casefold() for tag in rule.subject_tags)
    return any(beginning.startswith(tags) for value in message.values("Subject") for beginning in _beginnings(_decoded(value).casefold()))


def _beginnings(subject: str) -> Iterator[str]:
    """The subject as it stands, and behind each mark of a reply: a tag may look like one itself (`VS:`)."""
    rest = subject.lstrip()
    yield rest
    while reply := _REPLY.match(rest):
        rest = rest[reply.end() :].lstrip()
        yield rest


def _decoded(value: bytes) -> str:
    text = re.sub(r"\r?\n", "", value[:_ENOUGH].decode("utf-8", "replace"))
    try:
        parts = decode_header(text)
        return "".join(one if isinstance(one, str) else one.decode(charset or "latin-1", "replace") for one, charset in parts)
    except (HeaderParseError, LookupError, ValueError):
        return text


@dataclass(frozen=True, slots=True)
class _Ring:
    """The usable keys of one recipient, and why others are not."""

    address: str
    openpgp: tuple[OpenPgpKey, ...]
    smime: tuple[SmimeCertificate, ...]
    flaws: tuple[str, ...]


class Sealer:
    """Encrypts what is marked. `authorities`: whose S/MIME certificates are believed; none: those that were imported."""

    def __init__(self, rule: Confidentiality, store: KeyStore, authorities: tuple[x509.Certificate, ...], lookup: Lookup | None) -> None:
        self._rule = rule
        self._store = store
        self._authorities = authorities
        self._lookup = lookup

    async def seal(self, message: Message, at: datetime) -> tuple[Change, ...] | Refuse:
        """The changes that make the message unreadable to others (none if it is not marked, or encrypted already), or why it may not go."""
        if not marked(message, self._rule) or await asyncio.to_thread(already_encrypted, message):
            return ()
        blind = blind_copies(message)
        if blind and not self._rule.blind_copies:
            words = "it is marked confidential and has blind copies, which encryption would show to the others: send those separately"
            return Refuse(f"{words} ({', '.join(blind[:3])})", _RULE)
        rings = [await self._ring(address.lower(), at) for address in dict.fromkeys(message.recipients)]
        if all(ring.openpgp for ring in rings):
            return await asyncio.to_thread(self._by_openpgp, message, rings, at)
        if all(ring.smime for ring in rings):
            return await asyncio.to_thread(self._by_smime, message, rings, at)
        return _refusal(rings)

    async def _ring(self, address: str, at: datetime) -> _Ring:
        flaws: list[str] = []
        keys: list[OpenPgpKey] = []
        known = self._store.openpgp(address)
        if not known and not self._store.smime(address) and self._lookup is not None:
            known = await self._lookup(address)
        for key in known:
            try:
                keys.append(openpgp.usable(key, at))
            except BadKey as error:
                flaws.append(str(error))
        certificates: list[SmimeCertificate] = []
        for one in self._store.smime(address):
            try:
                certificates.append(smime.usable(one, at, self._authorities))
            except BadKey as error:
                flaws.append(str(error))
        return _Ring(address, tuple(keys), tuple(certificates), tuple(flaws))

    def _own(self, message: Message, at: datetime) -> tuple[list[OpenPgpKey], list[SmimeCertificate]]:
        """The sender's own keys, so that the copy in the sent folder can be read; there may be none."""
        if not (self._rule.encrypt_to_sender and message.sender):
            return [], []
        keys: list[OpenPgpKey] = []
        certificates: list[SmimeCertificate] = []
        for key in self._store.openpgp(message.sender.lower()):
            try:
                keys.append(openpgp.usable(key, at))
            except BadKey:
                continue
        for one in self._store.smime(message.sender.lower()):
            try:
                certificates.append(smime.usable(one, at, self._authorities))
            except BadKey:
                continue
        return keys, certificates

    def _by_openpgp(self, message: Message, rings: list[_Ring], at: datetime) -> tuple[Change, ...]:
        keys = {key.fingerprint: key for ring in rings for key in ring.openpgp}
        keys |= {key.fingerprint: key for key in self._own(message, at)[0]}
        subject = self._rule.outer_subject
        made = openpgp.encrypted(sealed.inner(message, subject), tuple(keys.values()))
        return sealed.outer(message, *sealed.pgp_body(made, f"hauberk-{secrets.token_hex(16)}"), subject, encoded=False)

    def _by_smime(self, message: Message, rings: list[_Ring], at: datetime) -> tuple[Change, ...]:
        certificates = {one.fingerprint: one for ring in rings for one in ring.smime}
        certificates |= {one.fingerprint: one for one in self._own(message, at)[1]}
        subject = self._rule.outer_subject
        made = smime.enveloped(sealed.inner(message, subject), tuple(certificates.values()))
        return sealed.outer(message, *sealed.smime_body(made), subject, encoded=True)


def blind_copies(message: Message) -> tuple[str, ...]:
    """Recipients of the envelope that no field of the header names; the sender's own address is none."""
    values = [value.decode("utf-8", "replace") for name in ("To", "Cc", "Resent-To", "Resent-Cc") for value in message.values(name)]
    named = {address for value in values for address in addresses_shown(value)} | {message.sender.lower(), message.login.lower()}
    return tuple(address for address in message.recipients if address.lower() not in named)


def already_encrypted(message: Message) -> bool:
    """Whether the sender's own program encrypted it: all of it, by its form and by its octets."""
    part = message_from_bytes(message.octets())
    if part.get_content_type() == "multipart/encrypted":
        parts = cast("list[Part[str, str]] | str", part.get_payload())
        if isinstance(parts, str) or len(parts) != 2:
            return False
        payload: object = parts[1].get_payload(decode=True)
        return isinstance(payload, bytes) and openpgp.is_encrypted(payload)
    if part.get_content_type() in ("application/pkcs7-mime", "application/x-pkcs7-mime"):
        payload = part.get_payload(decode=True)
        return isinstance(payload, bytes) and smime.is_enveloped(payload)
    return False


def _refusal(rings: list[_Ring]) -> Refuse:
    lacking = [ring for ring in rings if not ring.openpgp and not ring.smime]
    if not lacking:
        pgp = ", ".join(ring.address for ring in rings if ring.openpgp)
        other = ", ".join(ring.address for ring in rings if not ring.openpgp)
        return Refuse(f"it is marked confidential, and no way of encryption suits all: send it to {pgp} and to {other} separately", _RULE)
    why = "; ".join(f"{ring.address}: {', '.join(ring.flaws) or 'no key or certificate is known'}" for ring in lacking[:3])
    return Refuse(f"it is marked confidential and cannot be encrypted ({why}). Have the key imported, or send without the mark", _RULE)
