"""Keys looked after: taken in, listed with what is wrong with them, generated with a copy for the keeper, recovered by the keeper.

A private key that is generated here is never written in clear: its owner gets it under a password, the keeper gets a copy encrypted to the
keeper's own key, and the public part goes into the folder that the gateway reads.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from pysequoia import Cert, Tsk, decrypt, encrypt
from pysequoia.packet import PacketPile, Tag  # pyright: ignore[reportMissingModuleSource]

from hauberk.system.gateway import openpgp, smime
from hauberk.system.gateway.addresses import NotAddresses, mailboxes
from hauberk.system.gateway.keystore import KeyStore
from hauberk.system.gateway.openpgp import BadKey, OpenPgpKey
from hauberk.system.gateway.openpgp_generation import new_key

SOON: Final = timedelta(days=30)
_ALPHABET: Final = "abcdefghijkmnpqrstuvwxyz23456789"  # no letter or digit that could be taken for another


class State(StrEnum):
    USABLE = "usable"
    EXPIRES_SOON = "expires-soon"
    UNUSABLE = "unusable"


@dataclass(frozen=True, slots=True)
class Listed:
    """One key of the folder. `expires` None: never. `flaw`: why it is unusable. `fingerprint` is the path of a file that is no key."""

    kind: str
    fingerprint: str
    addresses: tuple[str, ...]
    expires: datetime | None
    state: State
    flaw: str = ""


@dataclass(frozen=True, slots=True)
class Generated:
    """A new key. `handover`: the private key under a password; `escrow`: encrypted to the keeper; both armoured messages of OpenPGP."""

    key: OpenPgpKey
    handover: bytes
    escrow: bytes


def take_in(store: KeyStore, octets: bytes) -> tuple[Listed, ...]:
    """Keep the keys or the certificate of a file; raises `BadKey`. `state` is not judged here."""
    if b"BEGIN CERTIFICATE" in octets or octets[:2] == b"\x30\x82":
        one = smime.read_certificate(octets)
        if not one.addresses:
            raise BadKey("the certificate names no mail address")
        chain = (one.certificate, *one.others)
        store.add_smime(one, b"".join(each.public_bytes(Encoding.PEM) for each in chain))
        return (Listed("s/mime", one.fingerprint, one.addresses, one.expires, State.USABLE),)
    keys = openpgp.read_keys(octets)
    for key in keys:
        if not key.addresses:
            raise BadKey(f"the key {key.fingerprint} names no mail address")
    for key in keys:
        store.add_openpgp(_merged(store, key))
    return tuple(Listed("openpgp", key.fingerprint, key.addresses, key.expires, State.USABLE) for key in keys)


def _merged(store: KeyStore, key: OpenPgpKey) -> OpenPgpKey:
    """The key with what was known of it before: a revocation does not go away when an old copy is taken in again."""
    for known in store.openpgp():
        if known.fingerprint == key.fingerprint:
            return openpgp.key_of(known.certificate.merge(key.certificate))
    return key


def listed(store: KeyStore, at: datetime, authorities: tuple[x509.Certificate, ...]) -> tuple[Listed, ...]:
    """All keys, by address; files that are none come first."""
    found: list[Listed] = []
    for key in store.openpgp():
        try:
            openpgp.usable(key, at)
            found.append(Listed("openpgp", key.fingerprint, key.addresses, key.expires, _timed(key.expires, at)))
        except BadKey as error:
            found.append(Listed("openpgp", key.fingerprint, key.addresses, key.expires, State.UNUSABLE, str(error)))
    for one in store.smime():
        try:
            smime.usable(one, at, authorities)
            found.append(Listed("s/mime", one.fingerprint, one.addresses, one.expires, _timed(one.expires, at)))
        except BadKey as error:
            found.append(Listed("s/mime", one.fingerprint, one.addresses, one.expires, State.UNUSABLE, str(error)))
    found += (Listed("no key", path, (), None, State.UNUSABLE, flaw) for path, flaw in store.unreadable())
    return tuple(sorted(found, key=lambda one: (one.addresses, one.fingerprint)))


def _timed(expires: datetime | None, at: datetime) -> State:
    return State.EXPIRES_SOON if expires is not None and expires - at < SOON else State.USABLE


def new_password() -> str:
    """A password of 125 random bits, in groups that can be read out."""
    return "-".join("".join(secrets.choice(_ALPHABET) for _ in range(5)) for _ in range(5))


def keeper_certificate(octets: bytes, at: datetime) -> OpenPgpKey:
    """The keeper's key, fit for encryption; raises `BadKey`."""
    keys = openpgp.read_keys(octets)
    if len(keys) != 1:
        raise BadKey(f"the keeper's file has {len(keys)} keys, one is wanted")
    return openpgp.usable(keys[0], at)


def generate(name: str, address: str, at: datetime, days: int, password: str, keeper: OpenPgpKey) -> Generated:
    """A new OpenPGP key (version 4, Curve25519) for an address, valid for so many days from `at` (aware) on; raises `BadKey`."""
    try:
        (found,) = mailboxes(address.encode())
    except (NotAddresses, ValueError) as error:
        raise BadKey(f"{address!r} is not one mail address") from error
    if found.name or not name or any(one in name for one in "<>\r\n\0"):
        raise BadKey("a name and a plain address are wanted")
    if days < 1 or not password:
        raise BadKey("a validity of at least one day and a password are wanted")
    key = Tsk.from_bytes(new_key(f"{name} <{found.address}>", at, days * 86_400))
    secret = str(key).encode()
    handover = encrypt(secret, passwords=[password])
    escrow = openpgp.encrypted(secret, (keeper,))
    public = openpgp.key_of(Cert.from_bytes(bytes(key.extract_certificate())))
    trial = openpgp.encrypted(b"trial", (openpgp.usable(public, at),))
    again = Tsk.from_bytes(decrypt(handover, passwords=[password]).bytes or b"")
    if decrypt(trial, again.decryptor()).bytes != b"trial":
        raise BadKey("the new key does not open what is encrypted to it")
    return Generated(public, handover, escrow)


def recover(escrow: bytes, keeper: bytes, keeper_password: str, password: str) -> tuple[OpenPgpKey, bytes]:
    """The keeper opens a copy: the public key and the private key under a new password. Raises `BadKey`.

    `keeper` is the keeper's private key; it is used here and kept nowhere.
    """
    try:
        opened = decrypt(escrow, Tsk.from_bytes(keeper).decryptor(keeper_password or None)).bytes or b""
        found = Tsk.from_bytes(opened)
        if not any(packet.tag == Tag.SecretKey for packet in PacketPile.from_bytes(opened)):
            raise BadKey("there is no private key in the copy")
        return openpgp.key_of(Cert.from_bytes(bytes(found.extract_certificate()))), encrypt(opened, passwords=[password])
    except BadKey:
        raise
    except Exception as error:  # pysequoia has one kind of error for everything
        raise BadKey(f"the copy cannot be opened with this key: {openpgp.said(error)}") from error
