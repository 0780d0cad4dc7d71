"""OpenPGP keys and encryption (RFC 4880, RFC 9580, RFC 3156), on Sequoia.

pysequoia encrypts to keys that have expired or were revoked, and says nothing: so each key is looked at here first, and subkeys that must
not be used any more are taken out of it.
"""

from dataclasses import dataclass
from datetime import datetime

from pysequoia import ArmorKind, Cert, armor, encrypt
from pysequoia.packet import Packet, PacketPile, SignatureType, Tag  # pyright: ignore[reportMissingModuleSource]

_SECRET = (Tag.SecretKey, Tag.SecretSubkey)
_SUBKEYS = (Tag.PublicSubkey, Tag.SecretSubkey)


class BadKey(ValueError):
    """Why a key cannot be read or used, in a few words."""


@dataclass(frozen=True, slots=True)
class OpenPgpKey:
    """A public key. `addresses` (lower case) are those of its user ids that it has not revoked; `expires` None: never."""

    certificate: Cert
    fingerprint: str
    addresses: tuple[str, ...]
    expires: datetime | None
    revoked: bool


def said(error: Exception) -> str:
    """What Sequoia says, without the stack of Rust that follows."""
    return str(error).partition("\n")[0][:200]


def read_keys(octets: bytes) -> tuple[OpenPgpKey, ...]:
    """All public keys in a file, armoured or not; raises `BadKey`, for private keys as well: they do not belong here."""
    try:
        found = Cert.split_bytes(octets)
        private = any(packet.tag in _SECRET for packet in PacketPile.from_bytes(octets)) if octets else False
    except Exception as error:
        raise BadKey(f"no OpenPGP key: {said(error)}") from error
    if private:
        raise BadKey("it is a private key; only the public part is wanted here")
    if not found:
        raise BadKey("there is no OpenPGP key in it")
    return tuple(key_of(certificate) for certificate in found)


def key_of(certificate: Cert) -> OpenPgpKey:
    """The public part of a certificate, and what it says of itself."""
    public = Cert.from_bytes(bytes(certificate))
    addresses = tuple(dict.fromkeys(found for user in public.user_ids if (found := _address(str(user)))))
    return OpenPgpKey(public, public.fingerprint, addresses, public.expiration, public.is_revoked)


def _address(user_id: str) -> str:
    """The address in a user id: `Name <address>`, or the address alone."""
    inner = user_id.rpartition("<")[2].partition(">")[0].strip().lower()
    return inner if inner.count("@") == 1 and " " not in inner else ""


def armoured(key: OpenPgpKey) -> str:
    return armor(bytes(key.certificate), ArmorKind.PublicKey)


def usable(key: OpenPgpKey, at: datetime) -> OpenPgpKey:
    """The key with those subkeys only that may be used for encryption at this time; raises `BadKey`."""
    if key.revoked:
        raise BadKey("the key is revoked")
    if key.expires is not None and key.expires <= at:
        raise BadKey(f"the key expired on {key.expires:%Y-%m-%d}")
    packets = list(PacketPile.from_bytes(bytes(key.certificate)))
    kept: list[Packet] = []
    encrypting = 0
    for block in _blocks(packets):
        if block[0].tag in _SUBKEYS and _encrypts(block):
            if not _alive(block, at):
                continue
            encrypting += 1
        kept += block
    if not encrypting and not _encrypts(_primary(packets)):
        raise BadKey("the key has no part for encryption that is valid now")
    return OpenPgpKey(Cert.from_packets(kept), key.fingerprint, key.addresses, key.expires, key.revoked)


def _blocks(packets: list[Packet]) -> list[list[Packet]]:
    """The certificate in pieces: the primary key with all that is its own, then each subkey with its signatures."""
    blocks: list[list[Packet]] = []
    for packet in packets:
        if packet.tag in _SUBKEYS or not blocks:
            blocks.append([])
        blocks[-1].append(packet)
    return blocks


def _primary(packets: list[Packet]) -> list[Packet]:
    return _blocks(packets)[0]


def _newest(block: list[Packet]) -> Packet | None:
    """The signature that holds: the newest that binds the key (RFC 9580, 5.2.3.10)."""
    binding = [one for one in block if one.tag == Tag.Signature and one.key_flags is not None and one.signature_created is not None]
    return max(binding, key=lambda one: (one.signature_created is not None and one.signature_created.timestamp()) or 0.0, default=None)


def _encrypts(block: list[Packet]) -> bool:
    newest = _newest(block)
    flags = newest.key_flags if newest is not None else None
    return flags is not None and (flags.transport_encryption or flags.storage_encryption)


def _alive(block: list[Packet], at: datetime) -> bool:
    """Whether a subkey is neither revoked nor expired."""
    if any(one.tag == Tag.Signature and one.signature_type == SignatureType.SubkeyRevocation for one in block):
        return False
    newest, created = _newest(block), block[0].key_created
    if newest is None or created is None or newest.key_validity_period is None:
        return newest is not None
    return created + newest.key_validity_period > at


def encrypted(octets: bytes, keys: tuple[OpenPgpKey, ...]) -> bytes:
    """An armoured message that each of the keys (made `usable` before) opens; raises `BadKey`."""
    try:
        made = encrypt(octets, [key.certificate for key in keys])
        tags = [packet.tag for packet in PacketPile.from_bytes(made)]
    except Exception as error:
        raise BadKey(f"encrypting failed: {said(error)}") from error
    if tags.count(Tag.PKESK) < len(keys) or tags[-1] != Tag.SEIP or (len(octets) > 40 and octets[:60] in made):
        raise BadKey("encrypting did not give what it should")
    return made


def is_encrypted(octets: bytes) -> bool:
    """Whether these octets (armoured) are an OpenPGP message encrypted to keys or passwords and nothing else."""
    try:
        tags = [packet.tag for packet in PacketPile.from_bytes(octets)]
    except Exception:  # whatever it is, it is no such message
        return False
    return len(tags) > 1 and tags[-1] == Tag.SEIP and all(tag in (Tag.PKESK, Tag.SKESK) for tag in tags[:-1])
