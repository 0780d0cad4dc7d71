"""Where reports are to be sent: the URIs of `rua` and `ruf` (RFC 9989, 4.6 and 4.8; RFC 3986)."""

import re
from urllib.parse import unquote

from msgspec import Struct

from hauberk.protocols.malformed import Malformed
from hauberk.protocols.names import parse_domain
from hauberk.protocols.tags import Tag

_URI = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):(\S+)")
_SIZE = re.compile(r"!\d+[kmgt]?$", re.IGNORECASE)


class ReportUri(Struct, frozen=True, gc=False):
    """One URI as published. `host` is the destination's domain in A-label form; `size` is the limit of RFC 7489 (`!10m`) or empty."""

    text: str
    scheme: str
    host: str
    size: str = ""

    @property
    def deliverable(self) -> bool:
        """Only mailto is supported by every sender of reports; others are ignored by those that do not know them."""
        return self.scheme == "mailto"


def read_uris(tag: Tag | None, text: str) -> tuple[tuple[ReportUri, ...], tuple[Malformed, ...]]:
    """The URIs of a tag of the record `text`, and those that are none with their place."""
    uris: list[ReportUri] = []
    faults: list[Malformed] = []
    position = tag.position if tag else 0
    for piece in tag.value.split(",") if tag else ():
        shown = piece.strip()
        read = _read_uri(shown)
        if isinstance(read, ReportUri):
            uris.append(read)
        else:
            faults.append(Malformed(text, position, read, max(len(piece), 1)))
        position += len(piece) + 1
    return tuple(uris), tuple(faults)


def mended_uri(piece: str) -> str:
    """The URI of a piece between commas, with the `mailto:` that an address lacks; empty where there is none to be made out."""
    shown = piece.strip()
    return next((one for one in (shown, f"mailto:{shown}") if isinstance(_read_uri(one), ReportUri)), "")


def _read_uri(shown: str) -> ReportUri | str:
    if not shown:
        return "there is no address between the commas"
    match = _URI.fullmatch(shown)
    if not match:
        return "this is no URI: an e-mail address needs `mailto:` before it" if "@" in shown else "this is no URI"
    scheme = match.group(1).lower()
    size = _SIZE.search(match.group(2))
    rest = match.group(2)[: size.start()] if size else match.group(2)
    if scheme == "mailto":
        local, at, domain = unquote(rest.partition("?")[0]).rpartition("@")
        if not at or not local:
            return "this mailto URI has no complete e-mail address"
    else:
        domain = rest.removeprefix("//").partition("/")[0].rpartition("@")[2].partition(":")[0]
    host = parse_domain(domain)
    if isinstance(host, Malformed):
        return f"the domain of this address is none: {host.reason}"
    return ReportUri(shown, scheme, host, size.group() if size else "")
