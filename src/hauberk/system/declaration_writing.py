"""A `Declaration` as `mail.toml`, with every setting and what it means; `declaration_reading.read` makes the same value of it."""

import dataclasses
import json
from collections.abc import Iterator
from enum import StrEnum
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import Final, cast

from hauberk.system.declaration import Declaration

_HEAD: Final = """# The mail system of this organisation: everything that is configured follows from this file.
# `hauberk system plan` says what would be where, `hauberk system apply` does it, `hauberk system prove` tries every measure.
"""

# What stands above a setting (`table.key`) or a table.
_COMMENTS: Final = {
    "domains": "What stands after the @; the first is the main one.",
    "confirm": "Risks that are taken on purpose, by the name that the refusal gives.",
    "mta": "The mail transfer agent in the DMZ: takes mail from the internet, keeps none.",
    "mta.public": "The addresses that the internet sees, where a router translates them.",
    "mta.reach": "How ssh gets there (\"root@mx1.example.com\"); empty: it is this machine.",
    "mda": "The mail delivery agent inside: mailboxes, people's logins, what they send.",
    "networks": "Which addresses are in which zone; everything else is the internet. Zones share no address.",
    "networks.administration": "From where the hosts take SSH; from nowhere if it is empty.",
    "certificates": "PEM files on the host. acme: who renews them (certbot, lego, acme.sh); empty: somebody else.",
    "firewall": "The machine between the zones, by its interface to each. Without [firewall.host] its rules are only shown.",
    "accounts": "The directory on the MDA: \"sqlite\", or \"postgresql\" with a URL in `where`. Empty: the usual place.",
    "engines": "Virus scanners. Signatures: URLs for freshclam; empty: the ClamAV project. Rules: a folder of YARA files.",
    "engines.updates_days": "Signatures older than that are a finding.",
    "workstation_products": "The virus scanners on people's machines. One engine of the server has to be of another family.",
    "policy": "message_octets: the greatest message.",
    "policy.spam_reject": "Rspamd's score at which mail is refused, and from which it goes to the folder Junk.",
    "policy.forwarding": "May aliases lead outside? Then the sender is rewritten (SRS) and the message sealed (ARC).",
    "policy.client_connections_a_minute": "Of one address. 0 is no limit.",
    "policy.help_address": "Named in refusals; empty: the postmaster.",
    "policy.attachments": "Holds inside archives too. `refused = [\"exe\", ...]` takes the place of the list that comes with the program.",
    "policy.attachments.on_refused": "\"reject\" tells the sender; \"quarantine\" keeps the message on hold.",
    "confidentiality": "What is marked so leaves encrypted, or not at all.",
    "confidentiality.wkd": "Ask a recipient's domain for an OpenPGP key not known here: opens the MDA a way out to port 443 of any host.",
    "confidentiality.keeper": "To whom a copy of every key that is generated here is encrypted (escrow).",
    "retention": "Days. queue: how long undelivered mail is tried. trash: 0 is for ever.",
    "dkim": "A key signs for rotate_days; the next is published ahead_days before.",
    "dns": "What is published, and how the resolver asks.",
    "dns.mta_sts_max_age": "Seconds.",
    "dns.reports_to": "Where DMARC and TLS reports go; empty: the postmaster.",
    "dns.issuers": "The authorities that may issue certificates (CAA); empty: no record.",
    "dns.also_send": "Who else sends in our name, as SPF terms: \"include:_spf.example.net\".",
    "dns.next_tls_key": "The MTA's next key (PEM), so that its TLSA record is there before the key is used.",
    "dns.forwarders": "Resolvers to ask; empty: the root, as it should be.",
    "dns.trust_anchor": "Files for a DNS tree of one's own; empty: IANA's.",
}  # fmt: skip


def write(declaration: Declaration) -> str:
    """The text. Raises nothing: whatever a declaration can hold can be written."""
    return _HEAD + "\n".join(_table(declaration, ""))


def _table(record: object, path: str) -> Iterator[str]:
    """Values first, then the tables inside (TOML has it so)."""
    fields = [(field.name, cast(object, getattr(record, field.name))) for field in dataclasses.fields(record)]  # pyright: ignore[reportArgumentType]
    inner = [(name, value) for name, value in fields if _is_table(value) or _is_tables(name, value)]
    for name, value in fields:
        if value is not None and (name, value) not in inner:
            yield from _comment(_joined(path, name))
            yield f"{name} = {_value(value)}"
    for name, value in inner:
        where = _joined(path, name)
        rows = cast(tuple[object, ...], value) if isinstance(value, tuple) else (value,)
        for number, row in enumerate(rows):
            yield ""
            if not number:
                yield from _comment(where)
            yield f"[[{where}]]" if isinstance(value, tuple) else f"[{where}]"
            yield from _table(row, where)
    if not path:
        yield ""


def _joined(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _comment(path: str) -> Iterator[str]:
    if path in _COMMENTS:
        yield f"# {_COMMENTS[path]}"


def _is_table(value: object) -> bool:
    return dataclasses.is_dataclass(value) and not isinstance(value, type)


def _is_tables(name: str, value: object) -> bool:
    return isinstance(value, tuple) and bool(cast(tuple[object, ...], value)) and _is_table(cast(tuple[object, ...], value)[0])


def _value(value: object) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case StrEnum():
            return _text(value.value)
        case str():
            return _text(value)
        case int() | float():
            return repr(value)
        case IPv4Address() | IPv6Address() | IPv4Network() | IPv6Network():
            return _text(str(value))
        case tuple():
            return "[" + ", ".join(_value(one) for one in cast(tuple[object, ...], value)) + "]"
        case _:
            raise TypeError(f"not written in TOML: {value!r}")


def _text(value: str) -> str:
    """A basic string (TOML 1.0): JSON's escapes are TOML's, but for DEL."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
