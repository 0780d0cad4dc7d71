"""The records to publish: a zone snippet for each domain, in the order in which a zone is read."""

import base64
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from hauberk.system.declaration import Declaration, MtaStsMode
from hauberk.system.material import Material
from hauberk.system.render import mta_sts
from hauberk.system.render.guard import plain

_STRING_OCTETS = 255  # RFC 1035, 3.3


@dataclass(frozen=True, slots=True)
class Record:
    """`name` is absolute, without the dot at its end; `data` in presentation format (RFC 1035, 5.1)."""

    name: str
    ttl: int
    kind: str
    data: str

    def __str__(self) -> str:
        return f"{self.name}. {self.ttl} IN {self.kind} {self.data}"


def records(declaration: Declaration, material: Material, domain: str) -> tuple[Record, ...]:
    """All records of a domain; the host's own (A, AAAA, TLSA, SPF of its HELO name) with the domain that the host is in."""
    ttl = declaration.dns.ttl
    made = [*_domain(declaration, material, domain)]
    if home(declaration) == domain:
        made += _host(declaration, material)
    return tuple(Record(name, ttl, kind, data) for name, kind, data in made)


def home(declaration: Declaration) -> str:
    """The declared domain that the MTA's host name lies in; the main one if in none (the host's records then belong to a foreign zone)."""
    inside = [one for one in declaration.domains if declaration.mta.name == one or declaration.mta.name.endswith(f".{one}")]
    return max(inside, key=len, default=declaration.domains[0])


def zone(declaration: Declaration, material: Material) -> str:
    """All of it as text, with a line of comment a domain."""
    blocks: list[str] = []
    for domain in declaration.domains:
        lines = "\n".join(str(one) for one in records(declaration, material, domain))
        blocks.append(f"; {domain}\n{lines}\n")
    return "\n".join(blocks)


Row = tuple[str, str, str]


def _domain(declaration: Declaration, material: Material, domain: str) -> Iterator[Row]:
    dns = declaration.dns
    reports = dns.reports_to or declaration.postmaster
    yield domain, "MX", f"10 {declaration.mta.name}."
    yield domain, "TXT", _text(" ".join(("v=spf1", "mx", *dns.also_send, "-all")))
    for key in material.dkim:
        if key.domain == domain:
            yield f"{key.selector}._domainkey.{domain}", "TXT", _text(f"v=DKIM1; k=rsa; p={base64.b64encode(key.public).decode()}")
    yield f"_dmarc.{domain}", "TXT", _text(f"v=DMARC1; p={dns.dmarc.value}; sp={dns.dmarc.value}; adkim=s; aspf=r; rua=mailto:{reports}")
    yield f"_smtp._tls.{domain}", "TXT", _text(f"v=TLSRPTv1; rua=mailto:{reports}")
    if dns.mta_sts is not MtaStsMode.NONE:
        yield f"_mta-sts.{domain}", "TXT", _text(f"v=STSv1; id={mta_sts.identifier(declaration)}")
        for address in declaration.mta.seen:
            yield f"mta-sts.{domain}", _address_kind(address.version), str(address)
    for issuer in dns.issuers:
        yield domain, "CAA", f'0 issue "{plain(issuer)}"'
    if dns.issuers:
        yield domain, "CAA", '0 issuewild ";"'
    if dns.caa_contact:
        yield domain, "CAA", f'0 iodef "mailto:{plain(dns.caa_contact)}"'


def _host(declaration: Declaration, material: Material) -> Iterator[Row]:
    name = declaration.mta.name
    for address in declaration.mta.seen:
        yield name, _address_kind(address.version), str(address)
    # Bounces have no sender: SPF then asks for the HELO name (RFC 7208, 2.4).
    yield name, "TXT", _text("v=spf1 a -all")
    for key in material.tls_keys:
        yield f"_{25}._tcp.{name}", "TLSA", f"3 1 1 {hashlib.sha256(key).hexdigest()}"


def _address_kind(version: int) -> str:
    return "AAAA" if version == 6 else "A"


def _text(value: str) -> str:
    """Character strings of at most 255 octets; the reader joins them without a space."""
    octets = plain(value)
    pieces = (octets[start : start + _STRING_OCTETS] for start in range(0, len(octets), _STRING_OCTETS))
    return " ".join('"' + piece.replace("\\", "\\\\").replace('"', '\\"') + '"' for piece in pieces)
