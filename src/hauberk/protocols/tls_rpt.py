"""TLS-RPT: where senders report failed TLS (RFC 8460)."""

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from msgspec import Struct

from hauberk.model.dns import DnsAnswer, NoAnswer
from hauberk.model.observation import ScanOptions
from hauberk.protocols import fields
from hauberk.protocols.malformed import Malformed
from hauberk.protocols.rdata import txt
from hauberk.protocols.walk import Walk, ask

VERSION = "v=TLSRPTv1"

# RFC 3986 characters without `,` and `;`, which RFC 8460, 3 wants percent-encoded, as `!`.
_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:(?:[A-Za-z0-9\-._~:/?#\[\]@$&'()*+=]|%[0-9A-Fa-f]{2})+")
_MAILBOX = re.compile(r"[^@\s]+@[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?\.[A-Za-z0-9-]*[A-Za-z0-9]")


@dataclass(frozen=True, slots=True)
class TlsRptRecord:
    """`rua` are the report addresses, `mailto:` or `https:` URIs; `extensions` the fields not in the RFC, as (name, value)."""

    rua: tuple[str, ...]
    extensions: tuple[tuple[str, str], ...] = ()


class TlsRptDiscovery(Struct, frozen=True):
    """`records` are the TXT records that count, `discarded` those that were meant but do not."""

    answer: DnsAnswer | NoAnswer
    records: tuple[str, ...] = ()
    discarded: tuple[str, ...] = ()


def parse(text: str) -> TlsRptRecord | Malformed:
    """RFC 8460, 3. Fields that are not known are kept, the second of a name is ignored."""
    found = fields.parse(text, VERSION)
    if isinstance(found, Malformed):
        return found
    extensions = tuple(field for field in found if field.name != "rua")
    for field in extensions:
        wrong = fields.wrong_extension(text, field)
        if wrong:
            return wrong
    addresses = [field for field in found if field.name == "rua"]
    if not addresses:
        return Malformed(text, len(text), "rua= is missing: there is no address to report to")
    rua = _parse_rua(text, addresses[0])
    return rua if isinstance(rua, Malformed) else TlsRptRecord(rua, tuple((field.name, field.value) for field in extensions))


def _parse_rua(text: str, field: fields.Field) -> tuple[str, ...] | Malformed:
    found: list[str] = []
    at = field.position
    for piece in field.value.split(","):
        uri = piece.strip(" \t")
        start = text.index(uri, at)
        at = start + len(uri)
        reason = _wrong_uri(uri)
        if reason:
            return Malformed(text, start, reason, len(uri) or 1)
        found.append(uri)
    return tuple(found)


def _wrong_uri(uri: str) -> str:
    """What is wrong with one report address, or nothing."""
    if not uri:
        return "there is an empty address in rua="
    scheme = uri.partition(":")[0].lower()
    if not _URI.fullmatch(uri):
        return "an address without mailto: or https: in front" if "@" in uri and ":" not in uri else "this is no URI"
    if scheme == "mailto":
        return "" if _MAILBOX.fullmatch(uri[7:].partition("?")[0]) else "there is no mail address after mailto:"
    if scheme == "https":
        return "" if _host(uri) else "there is no host in this https: address"
    return "reports go to mailto: or https: addresses only"


def _host(uri: str) -> str:
    try:
        return urlsplit(uri).hostname or ""
    except ValueError:
        return ""


def render(record: TlsRptRecord) -> str:
    return "; ".join((VERSION, "rua=" + ",".join(record.rua), *(f"{name}={value}" for name, value in record.extensions)))


def discover(domain: str, options: ScanOptions) -> Walk[TlsRptDiscovery]:
    """The TXT records at `_smtp._tls`."""
    answer = yield from ask(f"_smtp._tls.{domain}", "TXT")
    if isinstance(answer, NoAnswer) or answer.rcode != "NOERROR":
        return TlsRptDiscovery(answer)
    texts = tuple(txt(record) for record in answer.of("TXT"))
    return TlsRptDiscovery(answer, fields.candidates(texts, VERSION), fields.near_misses(texts, VERSION))
