"""Which selectors to try: those a provider seen in MX or SPF uses, then the common ones (`selectors.toml`)."""

import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import msgspec

from hauberk.model.dns import DnsAnswer, NoAnswer
from hauberk.protocols.names import ancestors
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
    betrayed = {("mx", above) for host in hosts for above in ancestors(host)}
    betrayed |= {("spf", above) for name in included for above in ancestors(name)}
    found = {number for sign in betrayed for number in _by_sign().get(sign, ())}
    return tuple(curated().provider[number] for number in sorted(found))


@cache
def _by_sign() -> dict[tuple[str, str], tuple[int, ...]]:
    """The providers, by their places in the list, that a suffix of an MX host or of an include betrays."""
    signs: dict[tuple[str, str], tuple[int, ...]] = {}
    for number, provider in enumerate(curated().provider):
        for sign in (*(("mx", suffix) for suffix in provider.mx), *(("spf", suffix) for suffix in provider.spf)):
            signs[sign] = (*signs.get(sign, ()), number)
    return signs
