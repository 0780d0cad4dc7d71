"""What is marked confidential leaves encrypted, or not at all, with a reason that the sender understands."""

import asyncio
import re
import secrets
from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes
from email.message import Message as Part
from typing import Final, TypeAlias, TypeVar, cast

from cryptography import x509

from hauberk.system.gateway import openpgp, sealed, smime
from hauberk.system.gateway.addresses import addresses_shown
from hauberk.system.gateway.config import Confidentiality
from hauberk.system.gateway.encoded_words import decoded
from hauberk.system.gateway.keystore import Keys, KeyStore
from hauberk.system.gateway.message import Change, Message, Refuse
from hauberk.system.gateway.openpgp import BadKey, OpenPgpKey
from hauberk.system.gateway.smime import SmimeCertificate

T = TypeVar("T")
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
    return decoded(text) or text


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
        recipients = tuple(dict.fromkeys(address.lower() for address in message.recipients))
        # Who wrote it reads the copy in the folder of sent mail, if there is a key.
        own = (message.sender.lower(),) if self._rule.encrypt_to_sender and message.sender else ()
        known = await asyncio.to_thread(self._store.of, (*recipients, *own))
        if self._lookup is not None:
            for address in recipients:
                if known[address] == Keys():
                    known[address] = Keys(await self._lookup(address))
        judged = await asyncio.to_thread(lambda: [self._judged(address, known[address], at) for address in (*recipients, *own)])
        rings = judged[: len(recipients)]
        if all(ring.openpgp for ring in rings):
            return await asyncio.to_thread(self._by_openpgp, message, judged)
        if all(ring.smime for ring in rings):
            return await asyncio.to_thread(self._by_smime, message, judged)
        return _refusal(rings)

    def _judged(self, address: str, known: Keys, at: datetime) -> _Ring:
        keys, flaws = _usable(known.openpgp, lambda key: openpgp.usable(key, at))
        certificates, others = _usable(known.smime, lambda one: smime.usable(one, at, self._authorities))
        return _Ring(address, keys, certificates, flaws + others)

    def _by_openpgp(self, message: Message, readers: list[_Ring]) -> tuple[Change, ...]:
        keys = {key.fingerprint: key for ring in readers for key in ring.openpgp}
        subject = self._rule.outer_subject
        made = openpgp.encrypted(sealed.inner(message, subject), tuple(keys.values()))
        return sealed.outer(message, *sealed.pgp_body(made, f"hauberk-{secrets.token_hex(16)}"), subject, encoded=False)

    def _by_smime(self, message: Message, readers: list[_Ring]) -> tuple[Change, ...]:
        certificates = {one.fingerprint: one for ring in readers for one in ring.smime}
        subject = self._rule.outer_subject
        made = smime.enveloped(sealed.inner(message, subject), tuple(certificates.values()))
        return sealed.outer(message, *sealed.smime_body(made), subject, encoded=True)


def _usable(known: Iterable[T], judge: Callable[[T], T]) -> tuple[tuple[T, ...], tuple[str, ...]]:
    """Those that may be encrypted to, and what is wrong with the others."""
    fit: list[T] = []
    flaws: list[str] = []
    for one in known:
        try:
            fit.append(judge(one))
        except BadKey as error:
            flaws.append(str(error))
    return tuple(fit), tuple(flaws)


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
