"""The BIMI assertion record and how receivers find what it points at (draft-brand-indicators-for-message-identification, 4)."""

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from msgspec import Struct
from msgspec.structs import replace

from hauberk.model.dns import DnsAnswer, NoAnswer
from hauberk.model.observation import ScanOptions
from hauberk.model.transport import HttpsAnswer, Url
from hauberk.protocols.malformed import Malformed
from hauberk.protocols.names import registrable
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


class BimiDiscovery(Struct, frozen=True):
    """`records` are the TXT records at `name` that start like BIMI.

    `logo` and `certificate` are the replies for `l=` and `a=`, None if not fetched.
    """

    name: str
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
    """The record of the selector `default`, at the domain or else at its organisational domain (4.5 and 7.2), then the logo and the
    mark certificate it names."""
    found = yield from _asserted(domain)
    above = registrable(domain)
    if not found.records and _says_nothing(found.answer) and above and above != domain:
        inherited = yield from _asserted(above)
        found = inherited if inherited.records or not _says_nothing(inherited.answer) else found
    parsed = parse(found.records[0]) if len(found.records) == 1 else None
    if not isinstance(parsed, BimiRecord) or parsed.declines:
        return found
    wanted = [Url(url, limit) for url, limit in ((parsed.location, LARGEST_LOGO), (parsed.evidence, LARGEST_CERTIFICATE)) if url]
    replies = yield tuple(wanted)
    files = [reply if isinstance(reply, (HttpsAnswer, NoAnswer)) else NOT_ASKED for reply in replies]
    logo = files.pop(0) if parsed.location else None
    return replace(found, logo=logo, certificate=files.pop(0) if parsed.evidence else None)


def _asserted(domain: str) -> Walk[BimiDiscovery]:
    """What stands at one name."""
    name = f"default._bimi.{domain}"
    answer = yield from ask(name, "TXT")
    texts = map(txt, answer.of("TXT")) if isinstance(answer, DnsAnswer) and answer.rcode == "NOERROR" else ()
    return BimiDiscovery(name, answer, tuple(text for text in texts if re.match(r"[ \t]*v[ \t]*=[ \t]*bimi", text, re.IGNORECASE)))


def _says_nothing(answer: DnsAnswer | NoAnswer) -> bool:
    """An answer, and no record in it: then, and not in silence, receivers look above."""
    return isinstance(answer, DnsAnswer) and answer.rcode in ("NOERROR", "NXDOMAIN")
