"""The DMARC policy record (RFC 9989, 4.7 and 4.8): parse, render, mend."""

from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from enum import StrEnum
from functools import lru_cache
from typing import TypeVar

from hauberk.protocols.dmarc.report_uri import ReportUri, mended_uri, read_uris
from hauberk.protocols.malformed import Malformed
from hauberk.protocols.tags import Tag, TagList, parse_tags, render_tags

E = TypeVar("E", bound=StrEnum)

REMOVED = ("pct", "rf", "ri")
_FAILURE_OPTIONS = ("0", "1", "d", "s")
_KNOWN = ("v", "p", "sp", "np", "adkim", "aspf", "fo", "rua", "ruf", "psd", "t", *REMOVED)


class Policy(StrEnum):
    NONE = "none"
    QUARANTINE = "quarantine"
    REJECT = "reject"

    @property
    def strength(self) -> int:
        return _STRENGTH[self]

    @property
    def lowered(self) -> "Policy":
        """One level below: what `t=y` asks for (RFC 9989, 4.7)."""
        return Policy.QUARANTINE if self is Policy.REJECT else Policy.NONE


_STRENGTH = {policy: strength for strength, policy in enumerate(Policy)}


class Alignment(StrEnum):
    RELAXED = "r"
    STRICT = "s"


class Psd(StrEnum):
    """Whether the domain is a public suffix domain: yes, no (it is an organisational domain), or undetermined."""

    YES = "y"
    NO = "n"
    UNDETERMINED = "u"


class YesNo(StrEnum):
    YES = "y"
    NO = "n"


@dataclass(frozen=True, slots=True)
class Dmarc:
    """A record that receivers act on. `p`, `sp`, `np` are None where the tag is absent; the other fields hold the default then.

    `tags` is the record as published; `faults` are pieces that receivers ignore or replace by the default (RFC 9989, 4.7).
    `policy_fault` is a policy that cannot be read, so that the whole record counts as `p=none` (4.10.1).
    """

    tags: TagList
    p: Policy | None = None
    sp: Policy | None = None
    np: Policy | None = None
    adkim: Alignment = Alignment.RELAXED
    aspf: Alignment = Alignment.RELAXED
    fo: tuple[str, ...] = ("0",)
    rua: tuple[ReportUri, ...] = ()
    ruf: tuple[ReportUri, ...] = ()
    psd: Psd = Psd.UNDETERMINED
    testing: bool = False
    faults: tuple[Malformed, ...] = field(default=(), compare=False)
    policy_fault: Malformed | None = field(default=None, compare=False)

    @property
    def unknown_tags(self) -> tuple[str, ...]:
        """Tags that RFC 9989 does not know; receivers ignore them. Those it removed (`pct`, `rf`, `ri`) are not among them."""
        return tuple(tag.name for tag in self.tags.tags if tag.name.lower() not in _KNOWN)

    @property
    def for_domain(self) -> Policy:
        """What `p` asks for, before test mode."""
        return self.p or Policy.NONE

    @property
    def for_subdomains(self) -> Policy:
        return self.sp or self.for_domain

    @property
    def for_nonexistent(self) -> Policy:
        return self.np or self.for_subdomains

    def applied(self, policy: Policy) -> Policy:
        """The policy after test mode."""
        return policy.lowered if self.testing else policy


@lru_cache(maxsize=1024)
def parse(text: str) -> Dmarc | Malformed:
    """The record, or why receivers discard it: no version in front, or a wrong policy without an address for reports (4.10.1)."""
    listed = parse_tags(text)
    version = _version_fault(text, listed)
    if version:
        return version
    reader = _Reader(text, listed)
    p, sp, np = (reader.value(name, Policy) for name in ("p", "sp", "np"))
    rua, ruf = reader.uris("rua"), reader.uris("ruf")
    if reader.policy_fault and not rua:
        return replace(reader.policy_fault, reason=f"{reader.policy_fault.reason}; receivers apply no DMARC at all (RFC 9989, 4.10.1)")
    if reader.policy_fault:
        p, sp, np = Policy.NONE, None, None
    return Dmarc(
        listed,
        p,
        sp,
        np,
        reader.value("adkim", Alignment) or Alignment.RELAXED,
        reader.value("aspf", Alignment) or Alignment.RELAXED,
        reader.failure_options(),
        rua,
        ruf,
        reader.value("psd", Psd) or Psd.UNDETERMINED,
        reader.value("t", YesNo) is YesNo.YES,
        reader.all_faults(),
        reader.policy_fault,
    )


def render(record: Dmarc) -> str:
    return render_tags(record.tags)


def _version_fault(text: str, listed: TagList) -> Malformed | None:
    """The version comes first, its value is compared by the letter (RFC 9989, 4.7: it must match precisely)."""
    first = listed.tags[0] if listed.tags else None
    version = listed.first("v")
    if version is None:
        return Malformed(text, 0, "the version tag v=DMARC1 is missing", max(len(text.partition(";")[0]), 1))
    if version.value != "DMARC1":
        reason = "the version must read DMARC1 in capitals" if version.value.lower() == "dmarc1" else "the version is not DMARC1"
        return Malformed(text, version.position, reason, max(len(version.value), 1))
    if version is not first or text[:1] not in ("v", "V"):
        return Malformed(text, 0, "something stands before v=DMARC1, which must come first", max(text.lower().find("v"), 1))
    return None


class _Reader:
    """Reads tag values of one record and collects what is wrong with them."""

    def __init__(self, text: str, listed: TagList) -> None:
        self.text = text
        self.listed = listed
        self.faults: list[Malformed] = []
        self.policy_fault: Malformed | None = None

    def value(self, name: str, values: type[E]) -> E | None:
        tag = self.listed.first(name)
        if tag is None:
            return None
        try:
            return values(tag.value.lower())
        except ValueError:
            wanted = ", ".join(values)
            fault = self._fault(tag, f"the tag {name} must be one of {wanted}")
            if values is Policy and self.policy_fault is None:
                self.policy_fault = fault
            return None

    def uris(self, name: str) -> tuple[ReportUri, ...]:
        uris, faults = read_uris(self.listed.first(name), self.text)
        self.faults.extend(faults)
        return uris

    def failure_options(self) -> tuple[str, ...]:
        tag = self.listed.first("fo")
        if tag is None:
            return ("0",)
        options = tuple(option.strip().lower() for option in tag.value.split(":"))
        if any(option not in _FAILURE_OPTIONS for option in options) or len(set(options)) < len(options):
            self._fault(tag, "the tag fo must hold 0, 1, d, s, set apart by colons")
            return ("0",)
        return options

    def all_faults(self) -> tuple[Malformed, ...]:
        repeated = self.listed.repeated()
        if repeated:
            self._fault(repeated, f"the tag {repeated.name} occurs twice; receivers differ in which one they take")
        return (*self.listed.faults, *self.faults)

    def _fault(self, tag: Tag, reason: str) -> Malformed:
        fault = Malformed(self.text, tag.position, reason, max(len(tag.value), 1))
        self.faults.append(fault)
        return fault


def amended(record: Dmarc | Malformed | None, *changes: tuple[str, str]) -> str:
    """The text of a record with tags set; removed and unknown tags are left out, and what receivers would ignore is put right.

    An empty value takes the tag away. `v` stands first and `p` second, so that readers of RFC 7489 find them.
    """
    published = record.tags if isinstance(record, Dmarc) else parse_tags(record.text) if record else TagList(())
    kept = dict[str, str]()
    for tag in published.tags:
        name = tag.name.lower()
        if name in _KNOWN and name not in (*REMOVED, "v"):
            kept.setdefault(name, _meant(name, tag.value))
    kept.update(changes)
    ordered = {"v": "DMARC1", "p": kept.pop("p", "") or "none", **kept}
    return "; ".join(f"{name}={value}" for name, value in ordered.items() if value)


def _meant(name: str, value: str) -> str:
    """The value that a misspelt one was meant to be; empty, for no tag at all, when that cannot be told."""
    word = next(iter(value.lower().split()), "")
    match name:
        case "p" | "sp" | "np":
            return next(iter(get_close_matches(word, tuple(Policy), 1)), "")
        case "rua" | "ruf":
            return ",".join(filter(None, map(mended_uri, value.split(","))))
        case "adkim" | "aspf":  # strict, relaxed
            return word[:1] if word[:1] in tuple(Alignment) else ""
        case "fo":
            options = (option.strip().lower() for option in value.split(":"))
            return ":".join(dict.fromkeys(option for option in options if option in _FAILURE_OPTIONS))
        case _:
            return word if word in (tuple(Psd) if name == "psd" else tuple(YesNo)) else ""
