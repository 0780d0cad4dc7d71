"""TLSA records held against the chain that a server presents (RFC 7671, 4 to 9; RFC 7672, 3)."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import lru_cache

from hauberk.protocols.dane.tlsa import Tlsa, associated, unusable
from hauberk.protocols.malformed import Malformed
from hauberk.protocols.x509 import spki, verify
from hauberk.protocols.x509.issuer import signed_by


class Match(StrEnum):
    """What a DANE sender makes of records and chain together."""

    MATCHED = "matched"
    WEAKER_ONLY = "weaker-only"  # a record fits, but senders that look at the strongest digest only (RFC 7671, 9) pass it over
    MISMATCH = "mismatch"
    UNUSABLE = "unusable"  # no record is usable: encryption without authentication is all that is asked (RFC 7672, 2.2)


@dataclass(frozen=True, slots=True)
class MatchResult:
    """`matched` are the records that fit; `failed` pairs the usable others with the reason, `unusable` the unusable ones."""

    match: Match
    matched: tuple[Tlsa, ...] = ()
    failed: tuple[tuple[Tlsa, str], ...] = ()
    unusable: tuple[tuple[Tlsa, str], ...] = ()


@lru_cache(maxsize=1024)
def match(records: tuple[Tlsa, ...], chain: tuple[bytes, ...], names: tuple[str, ...], at: datetime) -> MatchResult:
    """Hold the records of one host against a chain (DER, leaf first).

    `names` are the host's reference names: its own, the one behind a CNAME, and the domain of the mail (RFC 7672, 3.2). `at` is the
    time for usage 2; usage 3 looks at neither names nor dates (RFC 7671, 5.1).
    """
    useless: list[tuple[Tlsa, str]] = []
    failed: list[tuple[Tlsa, str]] = []
    matched: list[Tlsa] = []
    for record in dict.fromkeys(records):
        why = unusable(record)
        if why:
            useless.append((record, why))
            continue
        objection = _objection(record, chain, names, at)
        if objection:
            failed.append((record, objection))
        else:
            matched.append(record)
    return MatchResult(_outcome(matched, [one for one, _ in failed]), tuple(matched), tuple(failed), tuple(useless))


def _outcome(matched: list[Tlsa], failed: list[Tlsa]) -> Match:
    if not matched:
        return Match.MISMATCH if failed else Match.UNUSABLE
    usable = (*matched, *failed)
    return Match.MATCHED if any(_is_strongest(one, usable) for one in matched) else Match.WEAKER_ONLY


def _is_strongest(record: Tlsa, usable: tuple[Tlsa, ...]) -> bool:
    """No record of the same usage and selector has a stronger digest (RFC 7671, 9); full data is always looked at."""
    kin = (one.matching for one in usable if (one.usage, one.selector) == (record.usage, record.selector))
    return record.matching == 0 or record.matching >= max(kin)


def _objection(record: Tlsa, chain: tuple[bytes, ...], names: tuple[str, ...], at: datetime) -> str:
    """Why a usable record does not fit; empty when it does."""
    if not chain:
        return "the server sent no certificate"
    if record.usage == 3:
        return "" if _fits(record, chain[0]) else f"the {_what(record)} of the server is another one"
    anchors = tuple(one for one in chain[1:] if _fits(record, one))
    if not anchors and (record.selector, record.matching) == (0, 0) and record.data != chain[0]:
        anchors = (record.data,)  # RFC 7671, 5.2.3: a whole certificate in the record need not be sent
    elif not anchors and (record.selector, record.matching) == (1, 0):
        anchors = tuple(one for one in chain if signed_by(one, record.data))  # likewise a bare key, though not all senders can do that
    if not anchors:
        only = "the server sent its own certificate only" if len(chain) == 1 else "none of the authorities that the server sent fits"
        return f"usage 2 names an authority that the server must send along (RFC 7671, 5.2.2); {only}"
    verdicts = tuple(verify(chain, name, at, anchors) for name in names)
    if any(verdict.trusted for verdict in verdicts):
        return ""
    return " ".join(fault.detail for fault in verdicts[0].faults) if verdicts else "there is no name to check"


def _fits(record: Tlsa, certificate: bytes) -> bool:
    presented = certificate if record.selector == 0 else spki(certificate)
    return not isinstance(presented, Malformed) and associated(record, presented)


def _what(record: Tlsa) -> str:
    return "certificate" if record.selector == 0 else "public key"
