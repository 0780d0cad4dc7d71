"""Is a chain to be trusted, for a name, at a time, from these anchors? (RFC 5280, 6; RFC 9525, 6)

Theory of operation: the path is sought here, by issuer name and signature, so that an odd profile of a private authority does not hide
the true reason and a hostile chain cannot make the search explode. Every step found is then held against the rules (dates, CA, path
length, key usage, name constraints, critical extensions), and the path with the fewest faults counts. At last the library's WebPKI
verification is run over that one path: what it dislikes beyond this is kept as a remark.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import lru_cache

from cryptography import x509
from cryptography.x509.verification import PolicyBuilder, Store

from hauberk.protocols.malformed import Malformed, visible
from hauberk.protocols.x509.certificate import Certificate, describe, load
from hauberk.protocols.x509.constraints import issuer_objections, leaf_objections
from hauberk.protocols.x509.issuer import issued_by, names_issuer
from hauberk.protocols.x509.names import any_matches

MOST_SENT = 12  # certificates of one chain that are looked at
MOST_SIGNATURES = 60  # signature verifications for one chain
LONGEST_PATH = 8
WEAK_HASHES = frozenset({"md5", "sha1"})


class Trust(StrEnum):
    """Why a chain is or is not trusted, the most telling reason first."""

    TRUSTED = "trusted"
    MALFORMED = "malformed"  # no certificate, or one that cannot be read
    SELF_SIGNED = "self-signed"
    INCOMPLETE_CHAIN = "incomplete-chain"  # the issuer of the leaf was not sent and is no anchor
    UNKNOWN_ISSUER = "unknown-issuer"  # the chain leads somewhere, but not to an anchor
    NOT_PERMITTED = "not-permitted"  # a certificate is used in a way that it, or one above it, forbids
    WRONG_NAME = "wrong-name"
    EXPIRED = "expired"
    NOT_YET_VALID = "not-yet-valid"
    WEAK_SIGNATURE = "weak-signature"  # signed with MD5 or SHA-1


@dataclass(frozen=True, slots=True)
class ChainFault:
    """One thing wrong; `detail` is a sentence, `subject` names the certificate."""

    reason: Trust
    detail: str
    subject: str = ""


@dataclass(frozen=True, slots=True)
class ChainVerdict:
    """All that is wrong with a chain; nothing wrong is trusted.

    `path` holds the certificates (DER) from the leaf to the anchor, or the leaf alone where no anchor was reached. `remark` is what the
    stricter WebPKI profile of browsers objects to in a chain that is trusted all the same.
    """

    faults: tuple[ChainFault, ...]
    path: tuple[bytes, ...] = ()
    remark: str = ""

    @property
    def trusted(self) -> bool:
        return not self.faults

    @property
    def reason(self) -> Trust:
        """The most telling fault, `trusted` without any."""
        order = list(Trust)
        return min((fault.reason for fault in self.faults), key=order.index, default=Trust.TRUSTED)


@lru_cache(maxsize=1024)
def verify(chain: tuple[bytes, ...], name: str, at: datetime, anchors: tuple[bytes, ...]) -> ChainVerdict:
    """Judge a chain (DER, leaf first, the rest in any order) for a host name at a time (UTC). Never raises."""
    if not chain:
        return ChainVerdict((ChainFault(Trust.MALFORMED, "The server sent no certificate."),))
    leaf = describe(chain[0])
    if isinstance(leaf, Malformed):
        return ChainVerdict((ChainFault(Trust.MALFORMED, f"The server's certificate cannot be read: {leaf.reason}."),), chain[:1])
    path = _best_path(chain[:MOST_SENT], at, anchors)
    about_path = _path_faults(path, at) if path else (_dead_end(chain[:MOST_SENT], leaf, anchors), *_own_faults(leaf, at))
    faults = (*about_path, *_name_faults(leaf, name))
    if faults or not path:
        return ChainVerdict(faults, path or chain[:1])
    return ChainVerdict((), path, _webpki_objection(path, name, at))


def _best_path(chain: tuple[bytes, ...], at: datetime, anchors: tuple[bytes, ...]) -> tuple[bytes, ...]:
    """The path to an anchor with the fewest faults; empty without any."""
    paths = _Search(chain, anchors).paths(chain[:1])
    best: tuple[bytes, ...] = ()
    fewest = -1
    for path in paths:
        faults = len(_path_faults(path, at))
        if fewest < 0 or faults < fewest:
            best, fewest = path, faults
        if fewest == 0:
            break
    return best


class _Search:
    """A bounded depth-first search from a leaf to an anchor."""

    def __init__(self, chain: tuple[bytes, ...], anchors: tuple[bytes, ...]) -> None:
        self.anchors = frozenset(anchors)
        self.candidates = tuple(dict.fromkeys((*anchors, *chain[1:])))
        self.left = MOST_SIGNATURES

    def paths(self, path: tuple[bytes, ...]) -> Iterator[tuple[bytes, ...]]:
        if path[-1] in self.anchors:
            yield path
            return
        if len(path) == LONGEST_PATH:
            return
        for candidate in self.candidates:
            if candidate in path or not names_issuer(path[-1], candidate):
                continue
            if self.left <= 0:
                return
            self.left -= 1
            if issued_by(path[-1], candidate):
                yield from self.paths((*path, candidate))


def _path_faults(path: tuple[bytes, ...], at: datetime) -> tuple[ChainFault, ...]:
    faults: list[ChainFault] = []
    for depth, der in enumerate(path):
        read, loaded = describe(der), load(der)
        if isinstance(read, Malformed) or isinstance(loaded, Malformed):
            return (ChainFault(Trust.MALFORMED, f"A certificate of the chain cannot be read: {_reason(read)}."),)
        is_anchor = depth == len(path) - 1
        faults.extend(_date_faults(read, at))
        faults.extend(() if is_anchor else _hash_faults(read))  # an anchor is trusted for its key, not its signature
        objections = leaf_objections(loaded) if depth == 0 else issuer_objections(loaded, path[:depth], anchor=is_anchor)
        faults.extend(ChainFault(Trust.NOT_PERMITTED, objection, read.subject) for objection in objections)
    return tuple(faults)


def _reason(read: Certificate | Malformed) -> str:
    return read.reason if isinstance(read, Malformed) else "no reason given"


def _own_faults(leaf: Certificate, at: datetime) -> tuple[ChainFault, ...]:
    return (*_date_faults(leaf, at), *(() if leaf.self_issued else _hash_faults(leaf)))


def _date_faults(read: Certificate, at: datetime) -> tuple[ChainFault, ...]:
    if at > read.not_after:
        return (ChainFault(Trust.EXPIRED, f"The certificate of {read.subject} expired on {_day(read.not_after)}.", read.subject),)
    if at < read.not_before:
        detail = f"The certificate of {read.subject} is not valid before {_day(read.not_before)}."
        return (ChainFault(Trust.NOT_YET_VALID, detail, read.subject),)
    return ()


def _hash_faults(read: Certificate) -> tuple[ChainFault, ...]:
    if read.signature_hash not in WEAK_HASHES:
        return ()
    detail = f"The certificate of {read.subject} is signed with {read.signature_hash.upper()}, which can be forged."
    return (ChainFault(Trust.WEAK_SIGNATURE, detail, read.subject),)


def _name_faults(leaf: Certificate, name: str) -> tuple[ChainFault, ...]:
    if any_matches(leaf.dns_names, name):
        return ()
    if leaf.dns_names:
        shown = ", ".join(leaf.dns_names[:5]) + (f" and {len(leaf.dns_names) - 5} more" if len(leaf.dns_names) > 5 else "")
        detail = f"The certificate is for {shown}, not for {name}."
    else:
        detail = f"The certificate has no DNS name (subject alternative name); its common name does not count. Wanted: {name}."
    return (ChainFault(Trust.WRONG_NAME, detail, leaf.subject),)


def _dead_end(chain: tuple[bytes, ...], leaf: Certificate, anchors: tuple[bytes, ...]) -> ChainFault:
    """Why no anchor was reached, told from where the chain stops."""
    if leaf.self_issued and issued_by(chain[0], chain[0]):
        return ChainFault(Trust.SELF_SIGNED, "The certificate is signed by itself, not by an authority.", leaf.subject)
    path = chain[:1]
    while above := [one for one in chain[1:] if one not in path and issued_by(path[-1], one)]:
        path = (*path, above[0])
    top = describe(path[-1])
    issuer = leaf.issuer if isinstance(top, Malformed) else top.issuer
    if any(names_issuer(path[-1], one) and one != path[-1] for one in (*chain, *anchors)):
        detail = f"A certificate named as the issuer ({issuer}) is at hand, but the signature does not verify with its key."
        return ChainFault(Trust.UNKNOWN_ISSUER, detail, leaf.subject)
    if len(path) == 1:
        detail = f"The server did not send the certificate of the issuer ({issuer}), and that issuer is no trusted root."
        return ChainFault(Trust.INCOMPLETE_CHAIN, detail, leaf.subject)
    return ChainFault(Trust.UNKNOWN_ISSUER, f"The chain leads to {issuer}, which is no trusted root.", leaf.subject)


def _webpki_objection(path: tuple[bytes, ...], name: str, at: datetime) -> str:
    """What the library's WebPKI profile says against a path that is sound by RFC 5280; empty for nothing."""
    certificates = [one for one in map(load, path) if isinstance(one, x509.Certificate)]
    try:
        verifier = PolicyBuilder().store(Store(certificates[-1:])).time(at).build_server_verifier(x509.DNSName(name))
        verifier.verify(certificates[0], certificates[1:-1])
    except Exception as error:  # VerificationError, and whatever a hostile field brings
        return visible(str(error))[:300]
    return ""


def _day(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"
