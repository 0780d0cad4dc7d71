"""Neighbours of a domain name that a reader takes for it, and which of them accept mail."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import zip_longest

from hauberk.model.dns import DnsAnswer, NoAnswer, Question
from hauberk.model.observation import ScanOptions
from hauberk.protocols.malformed import Malformed
from hauberk.protocols.names import parse_domain, registrable, to_unicode
from hauberk.protocols.rdata import mx
from hauberk.protocols.walk import Walk, ask_each

MOST_CANDIDATES = 150

# Letters and pairs that look alike in the usual fonts; the last ones are Cyrillic (UTS 39 calls them confusable).
_ALIKE = {
    "o": ("0", "\u043e"),
    "0": ("o",),
    "l": ("1", "i"),
    "i": ("1", "l", "\u0456"),
    "1": ("l", "i"),
    "m": ("rn", "nn"),
    "n": ("m", "r"),
    "w": ("vv",),
    "d": ("cl",),
    "u": ("v",),
    "v": ("u",),
    "g": ("q", "9"),
    "q": ("g",),
    "e": ("3", "\u0435"),
    "s": ("5", "\u0455"),
    "b": ("6",),
    "a": ("4", "\u0430"),
    "c": ("\u0441",),
    "p": ("\u0440",),
    "x": ("\u0445",),
    "y": ("\u0443",),
    "rn": ("m",),
    "vv": ("w",),
    "cl": ("d",),
    "nn": ("m",),
}
_ENDINGS = (
    *("com", "net", "org", "co", "info", "biz", "eu", "io", "cm", "om", "app", "shop", "online", "site", "store", "xyz"),
    *("co.uk", "de", "fr", "nl", "us", "ca", "com.au", "com.br", "sg", "com.sg", "in", "cn"),
)


class Change(StrEnum):
    """How a neighbour differs from the name."""

    HOMOGLYPH = "letters that look alike"
    OMISSION = "a letter left out"
    TRANSPOSITION = "two letters swapped"
    DOUBLING = "a letter doubled"
    HYPHEN = "a hyphen more or less"
    ENDING = "another ending"


@dataclass(frozen=True, slots=True)
class Candidate:
    """`name` is in A-label form."""

    name: str
    change: Change


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A candidate with the reply to its MX question."""

    candidate: Candidate
    answer: DnsAnswer | NoAnswer

    @property
    def registered(self) -> bool | None:
        """None where it was not answered. A name that exists only as a wildcard's offspring counts as registered."""
        if isinstance(self.answer, NoAnswer) or self.answer.rcode not in ("NOERROR", "NXDOMAIN"):
            return None
        return self.answer.rcode == "NOERROR"

    @property
    def exchanges(self) -> tuple[str, ...]:
        """The mail hosts it names, the null MX left out."""
        records = self.answer.of("MX") if isinstance(self.answer, DnsAnswer) else ()
        return tuple(sorted({exchange for record in records if (exchange := mx(record).exchange) != "."}))


@dataclass(frozen=True, slots=True)
class Neighbourhood:
    """`domain` is the registrable domain whose neighbours were asked for; `asked` is false where the operator did not want it.

    `exchanges` are the domain's own mail hosts: a neighbour that names the same belongs to the same owner, most likely.
    """

    domain: str
    asked: bool = False
    exchanges: tuple[str, ...] = ()
    neighbours: tuple[Neighbour, ...] = ()


def neighbours(domain: str, options: ScanOptions) -> Walk[Neighbourhood]:
    """Ask for the MX records of the domain and of at most 150 neighbours, in one round, if the operator asked for it."""
    own = registrable(domain) or domain
    if not options.lookalikes:
        return Neighbourhood(own)
    asked = candidates(own)
    home, *answers = yield from ask_each(tuple(Question(name, "MX") for name in (own, *(one.name for one in asked))))
    found = tuple(Neighbour(candidate, answer) for candidate, answer in zip(asked, answers, strict=True))
    return Neighbourhood(own, True, Neighbour(Candidate(own, Change.ENDING), home).exchanges, found)


def candidates(domain: str) -> tuple[Candidate, ...]:
    """Names to ask for, of all kinds in turn, so that a bound cuts every kind alike; the same for the same name."""
    label, _, ending = to_unicode(domain).partition(".")
    kinds = (
        (Change.HOMOGLYPH, _with_ending(_homoglyphs(label), ending)),
        (Change.ENDING, (f"{label}.{other}" for other in _ENDINGS)),
        (Change.OMISSION, _with_ending((label[:at] + label[at + 1 :] for at in range(len(label))), ending)),
        (Change.TRANSPOSITION, _with_ending(_transpositions(label), ending)),
        (Change.DOUBLING, _with_ending((label[:at] + label[at] + label[at:] for at in range(len(label))), ending)),
        (Change.HYPHEN, _with_ending(_hyphens(label), ending)),
    )
    found = dict[str, Change]()
    for turn in zip_longest(*(names for _, names in kinds)):
        for (change, _), shown in zip(kinds, turn, strict=True):
            name = parse_domain(shown) if shown else Malformed("", 0, "")
            if not isinstance(name, Malformed) and name != domain and len(found) < MOST_CANDIDATES:
                found.setdefault(name, change)
    return tuple(Candidate(name, change) for name, change in found.items())


def _with_ending(labels: Iterator[str], ending: str) -> Iterator[str]:
    return (f"{label}.{ending}" for label in labels if label and label[0] != "-" and label[-1] != "-")


def _homoglyphs(label: str) -> Iterator[str]:
    for letters, others in _ALIKE.items():
        at = label.find(letters)
        while at >= 0:
            for other in others:
                yield label[:at] + other + label[at + len(letters) :]
            at = label.find(letters, at + 1)


def _transpositions(label: str) -> Iterator[str]:
    for at in range(len(label) - 1):
        yield label[:at] + label[at + 1] + label[at] + label[at + 2 :]


def _hyphens(label: str) -> Iterator[str]:
    for at, letter in enumerate(label):
        if letter == "-":
            yield label[:at] + label[at + 1 :]
        elif at > 0 and label[at - 1] != "-":
            yield f"{label[:at]}-{label[at:]}"
