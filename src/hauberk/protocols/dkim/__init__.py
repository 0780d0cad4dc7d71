"""DKIM keys: the key record, the key inside it, and finding the selectors of a domain (RFC 6376, 8301, 8463)."""

from hauberk.protocols.dkim.key import DkimKey, parse_key, render
from hauberk.protocols.dkim.material import Ed25519Key, Material, RsaKey, UnknownType, Unreadable
from hauberk.protocols.dkim.message import selectors_of_message
from hauberk.protocols.dkim.search import Dangling, DkimKeys, FoundKey, Origin, Presence, find_keys
from hauberk.protocols.dkim.weakness import Weakness, weaknesses

__all__ = [
    "Dangling",
    "DkimKey",
    "DkimKeys",
    "Ed25519Key",
    "FoundKey",
    "Material",
    "Origin",
    "Presence",
    "RsaKey",
    "UnknownType",
    "Unreadable",
    "Weakness",
    "find_keys",
    "parse_key",
    "render",
    "selectors_of_message",
    "weaknesses",
]
