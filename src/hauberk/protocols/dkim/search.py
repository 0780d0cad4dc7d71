"""Finding the DKIM keys of a domain, as far as its name servers and the operator tell (CATALOGUE, dkim.key-published).

Selectors cannot be listed, so they are tried in order of trust: those the operator gave or a signed message named, those of
the providers that MX and SPF betray, common ones, and those that NSEC records of a signed zone name. One question comes
first: when `_domainkey` does not exist, nothing does below it (RFC 8020), and only given selectors are still asked for.
"""

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
    """Two rounds of questions; more only where NSEC records lead on (20 names at most)."""
    apex = f"_domainkey.{domain}"
    above, mail, texts = yield from ask_each((Question(apex, "TXT"), Question(domain, "MX"), Question(domain, "TXT")))
    presence = _presence(above)
    seen = providers_seen(mail, texts)
    candidates = _given(options.selectors)
    if presence is Presence.PRESENT:
        for provider in seen:
            for name in provider.selectors:
                candidates.setdefault(name, Origin.PROVIDER)
        for name in curated().common:
            candidates.setdefault(name, Origin.COMMON)
        probes = tuple(Question(name, "NSEC") for name in (apex, f"_dmarc.{domain}", domain))
        probes = (Question(f"{_PROBE}.{apex}", "TXT"), *probes)
    else:
        probes = ()
    tried = tuple(candidates)
    replies = yield from ask_each((*probes, *_questions(domain, tried)))
    answers = dict(zip(tried, replies[len(probes) :], strict=True))
    # `_dmarc` sorts just before `_domainkey`, so its NSEC record is the shortest way in
    start = next((reply for reply in replies[1 : len(probes)] if isinstance(reply, DnsAnswer) and reply.of("NSEC")), None)
    named = (yield from follow(start, domain)) if start else ()
    new = tuple(name for name in dict.fromkeys(named) if name not in candidates and is_selector(name))
    candidates.update(dict.fromkeys(new, Origin.NSEC))
    answers.update(zip(new, (yield from ask_each(_questions(domain, new))), strict=True))
    sorting = _Sorting(domain, replies[0] if probes else None)
    for selector, origin in candidates.items():
        sorting.put(selector, origin, answers[selector])
    return sorting.result(presence, seen)


def _questions(domain: str, selectors: tuple[str, ...]) -> tuple[Question, ...]:
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

    def put(self, selector: str, origin: Origin, answer: DnsAnswer | NoAnswer) -> None:
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
