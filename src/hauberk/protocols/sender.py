"""What three kinds of sending server do with one endpoint: opportunistic, MTA-STS and DANE (RFC 7435, 8461, 7672).

The senders meant are up to date: they do not negotiate TLS below 1.2 (RFC 8996), so a server that has nothing newer is to them a server
without TLS. What well-known senders do, old ones among them, follows from the versions and suites that a server accepts (`passage`).
"""

from dataclasses import dataclass, replace
from enum import StrEnum

from hauberk.protocols.dane import Match, Published
from hauberk.protocols.tls.facts import TlsFacts


class Encryption(StrEnum):
    """What an endpoint has to offer a sender."""

    MODERN = "modern"  # STARTTLS works, with TLS 1.2 or newer
    OLD = "old"  # STARTTLS works, but only with TLS below 1.2
    BROKEN = "broken"  # STARTTLS is offered, no handshake comes about
    NONE = "none"
    UNKNOWN = "unknown"


class Delivery(StrEnum):
    """What becomes of the message. `authenticated` is encrypted with the server's identity proven."""

    AUTHENTICATED = "authenticated"
    ENCRYPTED = "encrypted"
    CLEAR = "in-clear"
    DEFER = "defer"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class DaneView:
    """What the DNS says of TLSA, and what records and chain come to; `match` is None where it could not be tried."""

    published: Published
    match: Match | None = None


@dataclass(frozen=True, slots=True)
class StsView:
    """The domain's policy as a sender sees it: `enforced`, and whether this host is in it. `known` is false when it could not be had."""

    enforced: bool = False
    listed: bool = False
    known: bool = True


@dataclass(frozen=True, slots=True)
class EndpointView:
    """One endpoint through a sender's eyes; `trusted` says that its certificate passes for the MX host's name."""

    encryption: Encryption
    trusted: bool = False
    dane: DaneView = DaneView(Published.ABSENT)
    sts: StsView = StsView()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What each kind of sender does; `reason` words a deferral."""

    opportunistic: Delivery
    mta_sts: Delivery
    dane: Delivery
    mta_sts_reason: str = ""
    dane_reason: str = ""

    @property
    def deferring(self) -> tuple[str, ...]:
        """The kinds of sender that defer."""
        pairs = (("MTA-STS", self.mta_sts), ("DANE", self.dane))
        return tuple(kind for kind, delivery in pairs if delivery is Delivery.DEFER)


def outcome(view: EndpointView) -> Outcome:
    """What becomes of a message at this endpoint, for each kind of sender."""
    plain = opportunistic(view.encryption)
    by_sts, why_sts = _mta_sts(view, plain)
    by_dane, why_dane = _dane(view, plain)
    return Outcome(plain, by_sts, by_dane, why_sts, why_dane)


def opportunistic(encryption: Encryption) -> Delivery:
    """Encrypt if it can be had, else deliver all the same (RFC 7435, 3); no certificate is looked at."""
    match encryption:
        case Encryption.MODERN:
            return Delivery.ENCRYPTED
        case Encryption.UNKNOWN:
            return Delivery.UNKNOWN
        case _:
            return Delivery.CLEAR


def _mta_sts(view: EndpointView, plain: Delivery) -> tuple[Delivery, str]:
    """RFC 8461, 5: under `enforce` only to a listed host with a valid certificate."""
    if not view.sts.known:
        return Delivery.UNKNOWN, ""
    if not view.sts.enforced:
        return plain, ""
    if not view.sts.listed:
        return Delivery.DEFER, "the policy does not list this host"
    if view.encryption is Encryption.UNKNOWN:
        return Delivery.UNKNOWN, ""
    if view.encryption is not Encryption.MODERN:
        return Delivery.DEFER, _lack(view.encryption)
    return (Delivery.AUTHENTICATED, "") if view.trusted else (Delivery.DEFER, "the certificate is not trusted")


def _dane(view: EndpointView, plain: Delivery) -> tuple[Delivery, str]:
    """RFC 7672, 2.2: secure TLSA records make encryption a must; a failing answer means to wait."""
    published, found = view.dane.published, view.dane.match
    if published is Published.BOGUS:
        return Delivery.DEFER, "the TLSA answer is bogus"
    if published is Published.FAILING:
        return Delivery.DEFER, "the question for TLSA records fails"
    if published in (Published.UNANSWERED, Published.UNTRUSTED):
        return Delivery.UNKNOWN, ""
    if published is not Published.SECURE:
        return plain, ""
    if view.encryption is Encryption.UNKNOWN:
        return Delivery.UNKNOWN, ""
    if view.encryption is not Encryption.MODERN:
        return Delivery.DEFER, _lack(view.encryption)
    match found:
        case Match.MATCHED:
            return Delivery.AUTHENTICATED, ""
        case Match.UNUSABLE:
            return Delivery.ENCRYPTED, ""
        case None:
            return Delivery.UNKNOWN, ""
        case _:
            return Delivery.DEFER, "no TLSA record fits the certificate"


def _lack(encryption: Encryption) -> str:
    match encryption:
        case Encryption.OLD:
            return "there is no TLS 1.2 or newer"
        case Encryption.BROKEN:
            return "the TLS handshake fails"
        case _:
            return "there is no STARTTLS"


class Follows(StrEnum):
    """What a sender heeds beyond encrypting when it can."""

    NOTHING = "nothing"
    MTA_STS = "mta-sts"
    DANE = "dane"


@dataclass(frozen=True, slots=True)
class Sender:
    """A kind of sending server; `versions` are what it offers, `suites` all that it has for TLS 1.0 (empty: enough for any server)."""

    name: str
    versions: tuple[str, ...]
    follows: Follows = Follows.NOTHING
    suites: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Passage:
    """What becomes of one sender's message: with which version, or for what reason not (encrypted)."""

    sender: str
    delivery: Delivery
    version: str = ""
    reason: str = ""


# Windows Server 2008 R2 as it was shipped.
_SCHANNEL_2008 = (
    "TLS_RSA_WITH_AES_128_CBC_SHA",
    "TLS_RSA_WITH_AES_256_CBC_SHA",
    "TLS_RSA_WITH_RC4_128_SHA",
    "TLS_RSA_WITH_RC4_128_MD5",
    "TLS_RSA_WITH_3DES_EDE_CBC_SHA",
    "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA",
    "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA",
    "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA",
    "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA",
)
_MODERN = ("TLSv1.2", "TLSv1.3")  # RFC 8461, 4 and RFC 8996: who promises encryption does not promise an old one
_NAMES = {"TLSv1": "TLS 1.0", "TLSv1.3": "TLS 1.3"}
SENDERS = (
    Sender("Gmail", _MODERN, Follows.MTA_STS),
    Sender("Postfix", ("TLSv1", "TLSv1.1", *_MODERN)),
    Sender("Postfix with DANE", _MODERN, Follows.DANE),
    Sender("a client with TLS 1.3 only", ("TLSv1.3",)),
    Sender("Exchange 2010", ("TLSv1",), suites=_SCHANNEL_2008),
)


def passage(sender: Sender, view: EndpointView, facts: TlsFacts) -> Passage:
    """What this sender does at an endpoint of which `facts` are known; `view.encryption` is what up-to-date senders find."""
    version, encryption = _agreed(sender, view.encryption, facts)
    found = outcome(replace(view, encryption=encryption))
    match sender.follows:
        case Follows.NOTHING:
            delivery, reason = found.opportunistic, ""
        case Follows.MTA_STS:
            delivery, reason = found.mta_sts, found.mta_sts_reason
        case Follows.DANE:
            delivery, reason = found.dane, found.dane_reason
    if delivery is Delivery.CLEAR:
        reason = _lack(Encryption.NONE) if encryption is Encryption.NONE else _nothing_in_common(sender)
    encrypted = delivery in (Delivery.ENCRYPTED, Delivery.AUTHENTICATED)
    return Passage(sender.name, delivery, version if encrypted else "", reason)


def _nothing_in_common(sender: Sender) -> str:
    only = len(sender.versions) == 1
    return f"{_NAMES.get(sender.versions[0], 'TLS 1.3')} is not accepted" if only else "no version or suite in common"


def _agreed(sender: Sender, encryption: Encryption, facts: TlsFacts) -> tuple[str, Encryption]:
    """The best version in common, and what that makes of the endpoint for this sender."""
    if encryption in (Encryption.NONE, Encryption.UNKNOWN):
        return "", encryption
    for version in reversed(sender.versions):
        accepted = facts.accepted(version)
        if accepted is None:
            return "", Encryption.UNKNOWN
        if accepted and _has_suite(sender, version, facts):
            return version, Encryption.MODERN
    return "", Encryption.BROKEN


def _has_suite(sender: Sender, version: str, facts: TlsFacts) -> bool:
    """A suite in common; taken for granted where not every suite is listed."""
    there = {fact.suite for fact in facts.suites if fact.version == version}
    return not sender.suites or not facts.listed or not there or bool(there & set(sender.suites))
