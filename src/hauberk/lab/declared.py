"""The lab's domains as they are written in `worlds/*.toml`."""

import tomllib
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

from hauberk.lab.mailspec import MailServerSpec
from hauberk.lab.webserver import PageSpec
from hauberk.lab.zones import Status, parse_records
from hauberk.model.dns import Record

WORLDS = Path(__file__).with_name("worlds")
SERVERS = ("192.0.2.53", "198.51.100.53")


@dataclass(frozen=True, slots=True)
class Variant:
    """An authoritative server (by address) that holds `records` in place of the sets of the same name and type."""

    server: str
    records: str


@dataclass(frozen=True, slots=True)
class Declared:
    """One zone and what stands behind it.

    `says` is its sentence in the list of domains; zones without one are infrastructure. `records` may hold placeholders
    (`placeholders.py`).
    With `base` the file's base records come first, and a set (name and type) given in `records` takes the place of theirs; `without`
    lists sets (`name TYPE`) to leave out. `variant` are servers that do not agree with the others.
    `silent`, `servfail` and `bogus` are questions (`name TYPE`, `*` for every type) with their fault; names there are absolute.
    """

    name: str
    says: str = ""
    status: Status = Status.INSECURE
    base: bool = False
    records: str = ""
    without: tuple[str, ...] = ()
    servers: tuple[str, ...] = SERVERS
    variant: tuple[Variant, ...] = ()
    silent: tuple[str, ...] = ()
    servfail: tuple[str, ...] = ()
    bogus: tuple[str, ...] = ()
    smtp: tuple[MailServerSpec, ...] = ()
    https: tuple[PageSpec, ...] = ()


@dataclass(frozen=True, slots=True)
class WorldFile:
    """A file of worlds.

    `{address}` and `{address6}` of its domains are `network` and `network6` followed by a number that counts from `first`.
    """

    domain: tuple[Declared, ...]
    base: str = ""
    network: str = "198.51.100."
    network6: str = "2001:db8:51::"
    first: int = 10


def parse_world(text: str) -> tuple[Declared, ...]:
    """The domains of a file with base records and addresses filled in. Raises `msgspec.ValidationError`, `tomllib.TOMLDecodeError`."""
    file = msgspec.convert(tomllib.loads(text), WorldFile)
    return tuple(_completed(domain, file, number) for number, domain in enumerate(file.domain, file.first))


def shipped() -> tuple[Declared, ...]:
    """Every domain of the shipped files."""
    return tuple(domain for path in sorted(WORLDS.glob("*.toml")) for domain in parse_world(path.read_text("utf-8")))


def _completed(domain: Declared, file: WorldFile, number: int) -> Declared:
    def filled(text: str) -> str:
        for placeholder, value in (("name", domain.name), ("address6", f"{file.network6}{number}"), ("address", f"{file.network}{number}")):
            text = text.replace("{" + placeholder + "}", value)
        return text

    records = filled(domain.records)
    if domain.base:
        records = f"{_left_of_base(filled(file.base), records, domain)}\n{records}"
    return replace(
        domain,
        records=records,
        variant=tuple(replace(one, records=filled(one.records)) for one in domain.variant),
        smtp=tuple(replace(server, host=filled(server.host)) for server in domain.smtp),
        https=tuple(replace(page, url=filled(page.url), location=filled(page.location), body=filled(page.body)) for page in domain.https),
    )


def _left_of_base(base: str, records: str, domain: Declared) -> str:
    given = {_set_of(record) for record in parse_records(records, domain.name)}
    given |= {_set_of(record) for written in domain.without for record in parse_records(f"{written} -", domain.name)}
    kept = [line for line in base.splitlines() if not {_set_of(record) for record in parse_records(line, domain.name)} & given]
    return "\n".join(kept)


def _set_of(record: Record) -> tuple[str, str]:
    return record.name, record.type
