"""The BIMI assertion record and how receivers find what it points at (draft-brand-indicators-for-message-identification, 4)."""

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from hauberk.model.dns import DnsAnswer, NoAnswer
from hauberk.model.observation import ScanOptions
from hauberk.model.transport import HttpsAnswer, Url
from hauberk.protocols.malformed import Malformed
from hauberk.protocols.rdata import txt
from hauberk.protocols.walk import NOT_ASKED, Walk, ask

LARGEST_LOGO = 65_536  # octets fetched; receivers want 32 KiB at most
LARGEST_CERTIFICATE = 262_144  # octets: a mark certificate carries the logo, and its chain follows

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")


@dataclass(frozen=True, slots=True)
class BimiRecord:
    """`location` and `evidence` are https URLs or empty; both empty means: deliberately no logo. `extensions` as (name, value)."""

    location: str
    evidence: str = ""
    extensions: tuple[tuple[str, str], ...] = ()

    @property
    def declines(self) -> bool:
        return not self.location and not self.evidence


@dataclass(frozen=True, slots=True)
class BimiDiscovery:
    """`records` are the TXT records that start like BIMI; `logo` and `certificate` the replies for `l=` and `a=`, None if not fetched."""

    answer: DnsAnswer | NoAnswer
    records: tuple[str, ...] = ()
    logo: HttpsAnswer | NoAnswer | None = None
    certificate: HttpsAnswer | NoAnswer | None = None


def parse(text: str) -> BimiRecord | Malformed:
    """`v=BIMI1` first, `l=` required, `a=` optional; other tags are kept."""
    tags: list[tuple[str, str]] = []
    seen = set[str]()
    at = 0
    pieces = text.split(";")
    for index, piece in enumerate(pieces):
        name, equals, value = (one.strip(" \t") for one in piece.partition("="))
        name = name.lower()
        if equals and _NAME.fullmatch(name):
            if name in seen:
                return Malformed(text, at, f"the tag {name}= stands here twice", len(piece))
            if name in ("l", "a") and value and not _is_https(value):
                return Malformed(text, text.index(value, at), f"{name}= takes an https URL", len(value))
            seen.add(name)
            tags.append((name, value))
        elif piece.strip(" \t") or index < len(pieces) - 1:
            return Malformed(text, at, "this is no tag=value", len(piece) or 1)
        at += len(piece) + 1
    if not tags or tags[0] != ("v", "BIMI1"):
        return Malformed(text, 0, "the record has to start with v=BIMI1", min(7, len(text)) or 1)
    values = dict(tags)
    if "l" not in values:
        return Malformed(text, len(text), "l= is missing; it may be empty but has to be there")
    return BimiRecord(values["l"], values.get("a", ""), tuple((name, value) for name, value in tags if name not in ("v", "l", "a")))


def render(record: BimiRecord) -> str:
    evidence = (f"a={record.evidence}",) if record.evidence else ()
    return "; ".join(("v=BIMI1", f"l={record.location}", *evidence, *(f"{name}={value}" for name, value in record.extensions)))


def _is_https(value: str) -> bool:
    try:
        return value.isascii() and " " not in value and urlsplit(value).scheme == "https" and bool(urlsplit(value).hostname)
    except ValueError:
        return False


def discover(domain: str, options: ScanOptions) -> Walk[BimiDiscovery]:
    """The record of the selector `default`, then the logo and the mark certificate it names."""
    answer = yield from ask(f"default._bimi.{domain}", "TXT")
    if isinstance(answer, NoAnswer) or answer.rcode != "NOERROR":
        return BimiDiscovery(answer)
    records = tuple(text for text in map(txt, answer.of("TXT")) if re.match(r"[ \t]*v[ \t]*=[ \t]*bimi", text, re.IGNORECASE))
    parsed = parse(records[0]) if len(records) == 1 else None
    if not isinstance(parsed, BimiRecord) or parsed.declines:
        return BimiDiscovery(answer, records)
    wanted = [Url(url, limit) for url, limit in ((parsed.location, LARGEST_LOGO), (parsed.evidence, LARGEST_CERTIFICATE)) if url]
    replies = yield tuple(wanted)
    files = [reply if isinstance(reply, (HttpsAnswer, NoAnswer)) else NOT_ASKED for reply in replies]
    logo = files.pop(0) if parsed.location else None
    return BimiDiscovery(answer, records, logo, files.pop(0) if parsed.evidence else None)
