"""Certificates: read (`describe`), judged by name (`matches`) and by chain (`verify`). Pure functions over DER that never raise."""

from hauberk.protocols.x509.certificate import Certificate, Strength, describe, key_strength, spki
from hauberk.protocols.x509.names import matches
from hauberk.protocols.x509.path import ChainFault, ChainVerdict, Trust, verify

__all__ = [
    "Certificate",
    "ChainFault",
    "ChainVerdict",
    "Strength",
    "Trust",
    "describe",
    "key_strength",
    "matches",
    "spki",
    "verify",
]
