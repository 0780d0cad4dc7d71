"""Which selectors to try: those a provider seen in MX or SPF uses, then the common ones (`selectors.toml`)."""

import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import msgspec

from hauberk.model.dns import DnsAnswer, NoAnswer
from hauberk.protocols.names import is_at_or_below
from hauberk.protocols.rdata import mx, txt

_REFERRED = re.compile(r"(?:include:|redirect=)([^\s%]+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Provider:
    """`mx` and `spf` are the suffixes that betray it; without `selectors` its names are made up for each customer."""

    name: str
    mx: tuple[str, ...]
    spf: tuple[str, ...]
    selectors: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Curated:
    """The content of `selectors.toml`."""

    common: tuple[str, ...]
    provider: tuple[Provider, ...]


@cache
def curated() -> Curated:
    return msgspec.toml.decode(files("hauberk.protocols.dkim").joinpath("selectors.toml").read_bytes(), type=Curated)


def providers_seen(mx_answer: DnsAnswer | NoAnswer, txt_answer: DnsAnswer | NoAnswer) -> tuple[Provider, ...]:
    """The providers that the domain's own MX and SPF records point at (not what those include in turn)."""
    hosts = tuple(mx(record).exchange for record in mx_answer.of("MX")) if isinstance(mx_answer, DnsAnswer) else ()
    texts = tuple(map(txt, txt_answer.of("TXT"))) if isinstance(txt_answer, DnsAnswer) else ()
    included = tuple(name.lower().removesuffix(".") for text in texts if text[:6].lower() == "v=spf1" for name in _REFERRED.findall(text))
    return tuple(provider for provider in curated().provider if _named(hosts, provider.mx) or _named(included, provider.spf))


def _named(names: tuple[str, ...], suffixes: tuple[str, ...]) -> bool:
    return any(is_at_or_below(name, suffix) for name in names for suffix in suffixes)
