"""Finding the DKIM keys of a domain, as far as its name servers and the operator tell (CATALOGUE, dkim.key-published).

Selectors cannot be listed, so they are tried in order of trust: those the operator gave or a signed message named, those of
the providers that MX and SPF betray, common ones, and those that NSEC records of a signed zone name; the rarer of the common
ones only when nothing else led to a key. One question comes first: when `_domainkey` does not exist, nothing does below it
(RFC 8020), and only given selectors are still asked for.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from hauberk.model.dns import DnsAnswer, NoAnswer, Question
from hauberk.model.observation import ScanOptions, Selector
from hauberk.protocols.dkim.candidates import Provider, curated, providers_seen
from hauberk.protocols.dkim.denial import follow
from hauberk.protocols.dkim.key import DkimKey, looks_like_key, parse_key
from hauberk.protocols.dkim.message import is_selector
from hauberk.protocols.malformed import Malformed
from hauberk.protocols.rdata import target, txt
from hauberk.protocols.walk import Walk, ask_each

MOST_GIVEN = 50

# Common selectors that are always tried; the others where these and the provider's lead to no key.
_USUAL = 9

# A selector that nobody has; what is found at it comes from a wildcard.
_PROBE = "no-such-selector-hauberk"


class Origin(StrEnum):
    """Where a selector was learnt; the first three confirm that the domain uses it."""

    GIVEN = "given"
    MESSAGE = "message"
    REPORT = "report"
    PROVIDER = "provider"
    COMMON = "common"
    NSEC = "nsec"

    @property
    def confirms(self) -> bool:
        return self in (Origin.GIVEN, Origin.MESSAGE, Origin.REPORT)


_CONFIRMING = frozenset(origin.value for origin in Origin if origin.confirms)


class Presence(StrEnum):
    """Whether anything exists under `_domainkey`."""

    ABSENT = "absent"
    PRESENT = "present"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class FoundKey:
    """A selector with a key record. `texts` has more than one where several records stand at the name, `key` is the first;
    `aliases` are the CNAME targets it was found behind."""

    selector: str
    origin: Origin
    name: str
    key: DkimKey | Malformed
    texts: tuple[str, ...]
    aliases: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        return self.texts[0]


@dataclass(frozen=True, slots=True)
class Dangling:
    """A selector whose CNAME leads to no key."""

    selector: str
    origin: Origin
    name: str
    target: str


@dataclass(frozen=True, slots=True)
class DkimKeys:
    """`missing` are confirmed selectors at which there is no key, `silent` the confirmed ones that were not answered, `left_open`
    how many guesses were not. `wildcard` is the text that every selector has. `unguessable` are providers with names of their own."""

    domain: str
    presence: Presence
    keys: tuple[FoundKey, ...] = ()
    dangling: tuple[Dangling, ...] = ()
    missing: tuple[tuple[str, Origin], ...] = ()
    silent: tuple[tuple[str, Origin], ...] = ()
    left_open: int = 0
    tried: int = 0
    wildcard: str = ""
    providers: tuple[str, ...] = ()
    unguessable: tuple[str, ...] = ()

    @property
    def usable(self) -> tuple[FoundKey, ...]:
        """The keys that are records and not revoked."""
        return tuple(found for found in self.keys if isinstance(found.key, DkimKey) and not found.key.revoked)


def find_keys(domain: str, options: ScanOptions) -> Walk[DkimKeys]:
    """Two or three rounds of questions; more only where NSEC records lead on (20 names at most)."""
    apex = f"_domainkey.{domain}"
    first = (Question(apex, "TXT"), Question(domain, "MX"), Question(domain, "TXT"), Question(domain, "DNSKEY"))
    above, mail, texts, zone_key = yield from ask_each(first)
    presence = _presence(above)
    seen = providers_seen(mail, texts)
    candidates = _given(options.selectors)
    probes: tuple[Question, ...] = ()
    if presence is Presence.PRESENT:
        candidates |= _new((name for provider in seen for name in provider.selectors), candidates, Origin.PROVIDER)
        candidates |= _new(curated().common[:_USUAL], candidates, Origin.COMMON)
        probes = (Question(f"{_PROBE}.{apex}", "TXT"), *(_denials(domain) if _may_be_signed(above, zone_key) else ()))
    replies = yield from ask_each((*probes, *_questions(domain, candidates)))
    sorting = _Sorting(domain, replies[0] if probes else None)
    sorting.put_each(candidates, replies[len(probes) :])
    start = next((reply for reply in replies[1 : len(probes)] if isinstance(reply, DnsAnswer) and reply.of("NSEC")), None)
    further = _new((yield from follow(start, domain)) if start else (), candidates, Origin.NSEC)
    if presence is Presence.PRESENT and not sorting.has_usable:
        further |= _new(curated().common, candidates | further, Origin.COMMON)
    sorting.put_each(further, (yield from ask_each(_questions(domain, further))))
    return sorting.result(presence, seen)


def _new(names: Iterable[str], known: dict[str, Origin], origin: Origin) -> dict[str, Origin]:
    return {name: origin for name in names if name not in known and is_selector(name)}


def _may_be_signed(above: DnsAnswer | NoAnswer, zone_key: DnsAnswer | NoAnswer) -> bool:
    """Whether there can be NSEC records: not in a zone without a key, when the resolver sees no signatures either."""
    return (
        not isinstance(above, DnsAnswer)
        or above.authenticated is not False
        or not isinstance(zone_key, DnsAnswer)
        or bool(zone_key.of("DNSKEY"))
    )


def _denials(domain: str) -> tuple[Question, ...]:
    """`_dmarc` sorts just before `_domainkey`, so its NSEC record is the shortest way in."""
    return tuple(Question(name, "NSEC") for name in (f"_domainkey.{domain}", f"_dmarc.{domain}", domain))


def _questions(domain: str, selectors: Iterable[str]) -> tuple[Question, ...]:
    return tuple(Question(f"{selector}._domainkey.{domain}", "TXT") for selector in selectors)


def _presence(answer: DnsAnswer | NoAnswer) -> Presence:
    if isinstance(answer, NoAnswer) or answer.rcode not in ("NOERROR", "NXDOMAIN"):
        return Presence.UNKNOWN
    return Presence.PRESENT if answer.rcode == "NOERROR" else Presence.ABSENT


def _given(selectors: tuple[Selector, ...]) -> dict[str, Origin]:
    """The operator's selectors by name; of one named twice, where it was learnt first counts."""
    given = dict[str, Origin]()
    for selector in selectors[:MOST_GIVEN]:
        name = selector.name.lower().removesuffix(".")
        if is_selector(name):
            given.setdefault(name, Origin(selector.origin) if selector.origin in _CONFIRMING else Origin.COMMON)
    return given


class _Sorting:
    """Sorts the answers at selectors into keys, dangling aliases, missing and silent ones."""

    def __init__(self, domain: str, wildcard: DnsAnswer | NoAnswer | None) -> None:
        self.domain = domain
        everywhere = wildcard if isinstance(wildcard, DnsAnswer) else DnsAnswer("NXDOMAIN")
        self.wildcard = _texts(everywhere)
        self.wildcard_aliases = _aliases(everywhere)
        self.keys: list[FoundKey] = []
        self.dangling: list[Dangling] = []
        self.missing: list[tuple[str, Origin]] = []
        self.silent: list[tuple[str, Origin]] = []
        self.left_open = 0
        self.tried = 0

    @property
    def has_usable(self) -> bool:
        return any(isinstance(found.key, DkimKey) and not found.key.revoked for found in self.keys)

    def put_each(self, candidates: dict[str, Origin], answers: tuple[DnsAnswer | NoAnswer, ...]) -> None:
        for (selector, origin), answer in zip(candidates.items(), answers, strict=True):
            self._put(selector, origin, answer)

    def _put(self, selector: str, origin: Origin, answer: DnsAnswer | NoAnswer) -> None:
        self.tried += 1
        if isinstance(answer, NoAnswer) or answer.rcode not in ("NOERROR", "NXDOMAIN"):
            if origin.confirms:
                self.silent.append((selector, origin))
            else:
                self.left_open += 1
            return
        name = f"{selector}._domainkey.{self.domain}"
        texts, aliases = _texts(answer), _aliases(answer)
        if not origin.confirms and ((texts and texts == self.wildcard) or (aliases and aliases == self.wildcard_aliases)):
            return
        if texts:
            self.keys.append(FoundKey(selector, origin, name, parse_key(texts[0]), texts, aliases))
        elif aliases:
            self.dangling.append(Dangling(selector, origin, name, aliases[-1]))
        elif origin.confirms:
            self.missing.append((selector, origin))

    def result(self, presence: Presence, seen: tuple[Provider, ...]) -> DkimKeys:
        return DkimKeys(
            self.domain,
            Presence.PRESENT if self.keys or self.dangling else presence,
            tuple(self.keys),
            tuple(self.dangling),
            tuple(self.missing),
            tuple(self.silent),
            self.left_open,
            self.tried,
            self.wildcard[0] if self.wildcard else "",
            tuple(provider.name for provider in seen),
            tuple(provider.name for provider in seen if not provider.selectors),
        )


def _texts(answer: DnsAnswer) -> tuple[str, ...]:
    return tuple(sorted(text for text in map(txt, answer.of("TXT")) if looks_like_key(text)))


def _aliases(answer: DnsAnswer) -> tuple[str, ...]:
    return tuple(target(record) for record in answer.of("CNAME"))
