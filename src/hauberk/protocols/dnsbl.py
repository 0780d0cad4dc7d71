"""DNS block lists: how they are asked and what they answer (RFC 5782). The curated lists are in `dnsbl.toml` beside this file."""

import tomllib
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase
from functools import cache, lru_cache
from importlib.resources import files
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import TypedDict, cast

from hauberk.model.dns import DnsAnswer, NoAnswer, Question
from hauberk.model.observation import ScanOptions
from hauberk.protocols import mx
from hauberk.protocols.rdata import txt
from hauberk.protocols.walk import Walk, ask_each

MOST_ADDRESSES = 20  # of one domain, asked of each list


class Kind(StrEnum):
    LISTED = "listed"
    POLICY = "policy"  # should not send mail directly; nothing bad is said about who runs it
    REFUSED = "refused"  # you query too much, or through an open resolver, or without an account


@dataclass(frozen=True, slots=True)
class Code:
    """`pattern` is an address with shell wildcards (`127.0.0.[4-7]`)."""

    pattern: str
    kind: Kind
    meaning: str


@dataclass(frozen=True, slots=True)
class BlockList:
    """`listed` and `unlisted` are the test entries: addresses for a list of addresses, else names."""

    name: str
    zone: str
    of_domains: bool
    codes: tuple[Code, ...]
    removal: str = ""
    ipv6: bool = False
    listed: str = "127.0.0.2"
    unlisted: str = "127.0.0.1"

    def question(self, subject: str) -> Question:
        return Question(f"{subject if self.of_domains else reversed_address(subject)}.{self.zone}", "A")

    def holds(self, subject: str) -> bool:
        """Whether the list could have an entry for this address or name."""
        try:
            address = ip_address(subject)
        except ValueError:
            return self.of_domains
        return not self.of_domains and (self.ipv6 or address.version == 4)


@dataclass(frozen=True, slots=True)
class Lookup:
    """A list asked about a subject: `matched` are the codes it returned, `returned` the bare addresses, `reason` its TXT."""

    block_list: BlockList
    subject: str
    question: Question
    answer: DnsAnswer | NoAnswer
    reason: str = ""

    @property
    def returned(self) -> tuple[str, ...]:
        return tuple(record.data for record in self.answer.of("A")) if isinstance(self.answer, DnsAnswer) else ()

    @property
    def matched(self) -> tuple[Code, ...]:
        return tuple(meaning(self.block_list, address) for address in self.returned)


@dataclass(frozen=True, slots=True)
class Consulted:
    """One list: its test entries and its lookups. `alive` is None when the test entries were not answered."""

    block_list: BlockList
    test_listed: DnsAnswer | NoAnswer
    test_unlisted: DnsAnswer | NoAnswer
    lookups: tuple[Lookup, ...]

    @property
    def refusal(self) -> str:
        """Why the list does not serve us, as its test entry says; empty when it does."""
        answers = (self.test_listed, self.test_unlisted)
        found = (meaning(self.block_list, one.data) for answer in answers if isinstance(answer, DnsAnswer) for one in answer.of("A"))
        return next((code.meaning for code in found if code.kind is Kind.REFUSED), "")

    @property
    def alive(self) -> bool | None:
        """RFC 5782, 5: the one test entry must be listed, the other must not."""
        listed, unlisted = self.test_listed, self.test_unlisted
        if isinstance(listed, NoAnswer) or isinstance(unlisted, NoAnswer) or "SERVFAIL" in (listed.rcode, unlisted.rcode):
            return None
        inside = [record.data.startswith("127.") for record in listed.of("A")]
        return bool(inside) and all(inside) and not unlisted.of("A") and unlisted.rcode in ("NXDOMAIN", "NOERROR")


@lru_cache(maxsize=4096)
def reversed_address(address: str) -> str:
    """The labels of an address in reverse, octets for IPv4 and nibbles for IPv6 (RFC 5782, 2.1 and 2.4)."""
    match ip_address(address):
        case IPv4Address() as ipv4:
            return ".".join(reversed(str(ipv4).split(".")))
        case IPv6Address() as ipv6:
            return ".".join(reversed(ipv6.exploded.replace(":", "")))


def meaning(block_list: BlockList, returned: str) -> Code:
    """What a returned address says."""
    for code in block_list.codes:
        if fnmatchcase(returned, code.pattern):
            return code
    if not returned.startswith("127."):
        return Code(returned, Kind.REFUSED, "an answer outside 127.0.0.0/8: the list is gone or somebody rewrites answers")
    return Code(returned, Kind.LISTED, "a code that the list does not document")


def survey(domain: str, options: ScanOptions) -> Walk[tuple[Consulted, ...]]:
    """The addresses of the MX hosts and the domain's name, asked of each list together with its test entries, then the reasons."""
    if not options.blocklists:
        return ()
    route = yield from mx.route(domain)
    addresses = tuple(dict.fromkeys(endpoint.address for endpoint in route.endpoints if _is_address(endpoint.address)))
    subjects = (*addresses[:MOST_ADDRESSES], domain)
    asked = tuple((one, subject) for one in lists() for subject in subjects if one.holds(subject))
    tests = tuple(one.question(test) for one in lists() for test in (one.listed, one.unlisted))
    answers = yield from ask_each((*tests, *(one.question(subject) for one, subject in asked)))
    lookups = tuple(
        Lookup(one, subject, one.question(subject), answer) for (one, subject), answer in zip(asked, answers[len(tests) :], strict=True)
    )
    explained = yield from _explain(lookups)
    return tuple(
        Consulted(one, answers[2 * at], answers[2 * at + 1], tuple(lookup for lookup in explained if lookup.block_list is one))
        for at, one in enumerate(lists())
    )


def _explain(lookups: tuple[Lookup, ...]) -> Walk[tuple[Lookup, ...]]:
    """The same lookups with the TXT that lists keep beside an entry (RFC 5782, 2.1)."""
    wanted = tuple(one for one in lookups if any(code.kind in (Kind.LISTED, Kind.POLICY) for code in one.matched))
    answers = yield from ask_each(tuple(Question(one.question.name, "TXT") for one in wanted))
    reasons: dict[tuple[str, str], str] = {}
    for one, answer in zip(wanted, answers, strict=True):
        texts = tuple(txt(record) for record in answer.of("TXT")) if isinstance(answer, DnsAnswer) else ()
        reasons[one.block_list.zone, one.subject] = texts[0] if texts else ""
    return tuple(
        Lookup(one.block_list, one.subject, one.question, one.answer, reasons.get((one.block_list.zone, one.subject), ""))
        for one in lookups
    )


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


class _CodeRow(TypedDict):
    code: str
    kind: str
    meaning: str


class _ListRow(TypedDict, total=False):
    name: str
    zone: str
    of: str
    ipv6: bool
    listed: str
    unlisted: str
    removal: str
    codes: list[_CodeRow]


@cache
def lists() -> tuple[BlockList, ...]:
    """The curated lists, which are data of this package."""
    document = tomllib.loads(files("hauberk.protocols").joinpath("dnsbl.toml").read_text("utf-8"))
    return tuple(_block_list(row) for row in cast(list[_ListRow], document["list"]))


def _block_list(row: _ListRow) -> BlockList:
    return BlockList(
        name=row.get("name", ""),
        zone=row.get("zone", ""),
        of_domains=row.get("of") == "domains",
        codes=tuple(Code(code["code"], Kind(code["kind"]), code["meaning"]) for code in row.get("codes", [])),
        removal=row.get("removal", ""),
        ipv6=row.get("ipv6", False),
        listed=row.get("listed", "127.0.0.2"),
        unlisted=row.get("unlisted", "127.0.0.1"),
    )
