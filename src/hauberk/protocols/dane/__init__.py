"""DANE for SMTP (RFC 6698, 7671, 7672): TLSA records read, found in the DNS, and held against what a server presents."""

from hauberk.protocols.dane.discover import DaneHost, DaneRecords, Published, discover
from hauberk.protocols.dane.match import Match, MatchResult, match
from hauberk.protocols.dane.tlsa import Tlsa, owner_name, parse, render, tlsa_for, unusable

__all__ = [
    "DaneHost",
    "DaneRecords",
    "Match",
    "MatchResult",
    "Published",
    "Tlsa",
    "discover",
    "match",
    "owner_name",
    "parse",
    "render",
    "tlsa_for",
    "unusable",
]
