"""The TLSA records that a host should publish, made of what its endpoints present today; shared by the remedies of dane."""

from collections.abc import Iterator

from hauberk.checks.authentication import chain_verdict, dane_match
from hauberk.checks.endpoints import seen
from hauberk.checks.reading import Reading
from hauberk.model.assessment import Remedy
from hauberk.protocols import dane, x509
from hauberk.protocols.dane import DaneHost, Match, Tlsa
from hauberk.protocols.malformed import Malformed
from hauberk.protocols.names import is_at_or_below, registrable


def presented_keys(reading: Reading, host: DaneHost) -> tuple[Tlsa, ...]:
    """3 1 1 for every key that an endpoint of the host presents."""
    chains = (one.tls.chain for one in seen(reading) if one.endpoint.host == host.name and one.tls and one.tls.chain)
    keys = (x509.spki(chain[0]) for chain in chains)
    return tuple(dict.fromkeys(dane.tlsa_for(key) for key in keys if not isinstance(key, Malformed)))


def mended(reading: Reading, host: DaneHost, check: str) -> Iterator[Remedy]:
    """The host's TLSA set with a record for every key that is presented; where nothing fitted, what is there is left out as old."""
    keys = presented_keys(reading, host)
    if not keys:
        return
    lines = tuple(f"{host.owner}. TLSA {dane.render(record)}" for record in dict.fromkeys((*_worth_keeping(reading, host), *keys)))
    own = is_at_or_below(host.base, registrable(reading.domain) or reading.domain)
    publish = "Publish" if own else f"Ask the operator of {host.base} to publish"
    what = f"{publish} the record of the key that {host.name} presents; it takes effect once everything up to it is signed."
    if any(not chain_verdict(reading, one).trusted for one in seen(reading) if one.endpoint.host == host.name and one.tls):
        what += " If you are about to replace its certificate, keep the key or publish the new key's record."
    yield Remedy(check, what, lines, (f"{host.owner}. TLSA",) if host.held else ())


def _worth_keeping(reading: Reading, host: DaneHost) -> tuple[Tlsa, ...]:
    usable = tuple(record for record in host.records if not dane.unusable(record))
    results = tuple(result for one in seen(reading) if one.endpoint.host == host.name and (result := dane_match(reading, one)))
    if all(result.match is Match.MATCHED for result in results):
        return usable
    return tuple(record for record in usable if any(record in result.matched for result in results))
