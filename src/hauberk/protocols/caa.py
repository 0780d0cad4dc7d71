"""CAA: which certification authorities may issue for a name (RFC 8659)."""

import re
from dataclasses import dataclass

from hauberk.model.dns import DnsAnswer, NoAnswer
from hauberk.model.observation import ScanOptions
from hauberk.protocols import mx
from hauberk.protocols.malformed import Malformed
from hauberk.protocols.names import ancestors
from hauberk.protocols.rdata import escape, unescape
from hauberk.protocols.walk import Walk, ask, together

MOST_STEPS = 16  # names deeper than this are not climbed to the top
KNOWN_TAGS = ("issue", "issuewild", "iodef", "contactemail", "contactphone", "issuemail", "issuevmc")

_RECORD = re.compile(r'(\d{1,3})[ \t]+([A-Za-z0-9]+)[ \t]+(?:"((?:[^"\\]|\\.)*)"|([^\s"]+))', re.DOTALL)
_LABEL = r"[A-Za-z0-9](?:-*[A-Za-z0-9])*"
_ISSUER = re.compile(rf"{_LABEL}(?:\.{_LABEL})*|")
_TAG = re.compile(_LABEL)
_VALUE = re.compile(r"[\x21-\x3a\x3c-\x7e]*")


@dataclass(frozen=True, slots=True)
class CaaRecord:
    """`tag` in lower case (tags match without regard to case); `value` as text, octets that are not ASCII as `\\xNN`."""

    flags: int
    tag: str
    value: str

    @property
    def critical(self) -> bool:
        """An authority that does not know the tag must not issue."""
        return bool(self.flags & 128)


@dataclass(frozen=True, slots=True)
class Issuer:
    """The value of `issue` or `issuewild`; an empty `domain` means that nobody may issue. Parameters are (name, value)."""

    domain: str
    parameters: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class RelevantSet:
    """The CAA set that holds for `name`: that of `found_at`, itself or the closest ancestor that has one.

    `found_at` is empty when nothing above has one; `unanswered` is the reply that ended the climb early, and nothing is known then.
    """

    name: str
    found_at: str = ""
    records: tuple[CaaRecord | Malformed, ...] = ()
    unanswered: DnsAnswer | NoAnswer | None = None
    asked_last: str = ""


def parse(data: str) -> CaaRecord | Malformed:
    """The presentation format of RFC 8659, 4.1.1: flags, tag, quoted value."""
    match = _RECORD.fullmatch(data)
    if not match:
        return Malformed(data, 0, 'a CAA record is flags, a tag and a quoted value, like 0 issue "ca.example"', len(data) or 1)
    if int(match[1]) > 255:
        return Malformed(data, 0, "the flags are an octet, at most 255", len(match[1]))
    value = unescape(match[3] if match[3] is not None else match[4]).decode("ascii", "backslashreplace")
    return CaaRecord(int(match[1]), match[2].lower(), value)


def render(record: CaaRecord) -> str:
    return f"{record.flags} {record.tag} {escape(record.value.encode('ascii', 'backslashreplace'))}"


def parse_issuer(value: str) -> Issuer | Malformed:
    """RFC 8659, 4.2: `[domain] [; name=value; ...]`. A malformed value allows nobody."""
    head, *rest = value.split(";")
    domain = head.strip(" \t")
    if not _ISSUER.fullmatch(domain):
        return Malformed(value, 0, "this is no domain name of an authority; nobody may issue by this record", len(head) or 1)
    parameters: list[tuple[str, str]] = []
    at = len(head) + 1
    for index, part in enumerate(rest):
        name, equals, setting = (one.strip(" \t") for one in part.partition("="))
        if equals and _TAG.fullmatch(name) and _VALUE.fullmatch(setting):
            parameters.append((name.lower(), setting))
        elif part.strip(" \t") or index < len(rest) - 1:
            return Malformed(value, min(at, len(value) - 1), "this is no name=value parameter", len(part) or 1)
        at += len(part) + 1
    return Issuer(domain.lower(), tuple(parameters))


def relevant(name: str) -> Walk[RelevantSet]:
    """Climb from `name` towards the root, which is left out, until there is a CAA set (RFC 8659, 3)."""
    for ancestor in ancestors(name)[:MOST_STEPS]:
        answer = yield from ask(ancestor, "CAA")
        if isinstance(answer, NoAnswer) or answer.rcode not in ("NOERROR", "NXDOMAIN"):
            return RelevantSet(name, unanswered=answer, asked_last=ancestor)
        if answer.of("CAA"):
            return RelevantSet(name, ancestor, tuple(parse(record.data) for record in answer.of("CAA")), asked_last=ancestor)
    return RelevantSet(name)


def survey(domain: str, options: ScanOptions) -> Walk[tuple[RelevantSet, ...]]:
    """The relevant set of the domain and of each of its MX hosts; mail certificates are issued to the hosts' names."""
    route = yield from mx.route(domain)
    names = dict.fromkeys((domain, *(host.name for host in route.hosts)))
    found = yield from together(*(relevant(name) for name in names))
    return tuple(one for one in found if isinstance(one, RelevantSet))
